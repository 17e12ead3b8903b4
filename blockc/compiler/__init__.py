"""From a policy and a world to proved artifacts and a manifest, all in memory.

Start reading at `driver.compile_policy`. `plan` says which artifacts the outputs ask for,
`artifact` makes one and proves it, `provenance` is what headers and the manifest say about the
inputs, `manifest` writes it all down. Nothing here reads a clock or a disk: the date and the
contents of files are arguments, so equal inputs give equal bytes.
"""
