"""Bytes of a source to records or feeds, one module a format, never a site.

A reader takes the name of the input (for messages only) and its bytes, and returns a frozen value
or raises a positioned error; nothing here opens a file. There are two kinds. A registry's file
becomes records: start at `delegated`, which the other `delegated_*` modules serve. Everything else
becomes a `feed`: start at `registry`, the table of formats. What a definition says about its file
is a `form` (`rows_table` reads it); a reader makes a draft of rows from it, `assembly` a feed of
the draft, and `gate` decides for all formats what is believed.
"""
