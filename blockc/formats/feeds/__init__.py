"""One module a format of feeds."""
