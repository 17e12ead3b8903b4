"""The policy as it is written: files, tables, selectors and groups."""
