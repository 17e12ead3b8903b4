"""Rules to text and back, one module per platform.

Everything particular to a target stands in its module: the descriptor (`core/target`), the reader,
how its real program is asked, how it is put into service. Beside it there is only a template, in
`templates/`. `core/verdicts` is what artifacts can say, `core/layout` what files they consist of,
`core/document` what is to be written, `core/render` writes it; `syntax/` is what readers share, and
`registry` is the table of all targets. Start reading at `core/target`, then `data/plain`.

To add one: a module with a reader and a descriptor, a template, a row in `registry`; then `make
targets golden`. Tests, documentation and CI find it in the registry.
"""
