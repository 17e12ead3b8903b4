"""The command line: one module per verb, and the only place that prints.

`main` finds the verb and turns failures into messages and exit codes, `shared` holds the options
every verb has, `output` writes tables and JSON. A verb reads its inputs, calls the pure layers
and shows what they return; it decides nothing itself.
"""
