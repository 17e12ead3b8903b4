"""Bytes of a source to records or address sets, one module a format, never a site.

A reader takes the name of the input (for messages only) and its bytes, and returns a frozen value
or raises a positioned error; nothing here opens a file. Start reading at `registry`, the table of
formats, then `delegated`, which the other `delegated_*` modules serve.
"""
