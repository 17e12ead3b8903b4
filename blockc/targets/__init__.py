"""Rules to text and back, one module a platform.

A target is a descriptor (`target`), a template (beside the package, in `templates/`) and a
reader. `vocabulary` is what artifacts can say, `files` what they consist of. `draft` holds what is
to be written, `render` writes it, `reading` and `decoding` have what readers share, and
`registry.ALL` is the table of all targets. Start reading at `target`, then `plain`.

To add one: a module with a reader and a descriptor, a template, a line in `registry`. The
conformance tests and the documentation find it there.
"""
