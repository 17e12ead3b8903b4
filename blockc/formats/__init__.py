"""Bytes of a source to records or feeds, one module for each format, never for a site.

A reader takes the name of the input (for messages only) and its bytes, and returns a frozen value
or raises a positioned error; nothing here opens a file. There are two kinds. A registry's file
becomes records: start at `delegated.reader`. Everything else becomes a feed: start at
`format_table`. What a definition says about its file is a `FormatOptions`; a reader makes
`ParsedRows` of the file, `parsing.assembly` a feed of them, and `parsing.acceptance` decides for
all formats what is believed.
"""
