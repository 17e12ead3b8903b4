"""blockc compiles network blocklists from public address data and proves what it writes.

The packages are the stages of the pipeline: `fetch` brings bytes, `formats` turns them into
records, `policy` says who is blocked until when, `passes` find the fewest rules that mean it,
`targets` write them in a platform's language and read them back, `verify` compares, `compiler`
drives, `publish` shows the files. Start reading at `workspace.project`, or at
`docs/architecture.md`.
"""

__version__ = "0.1.0"
