"""The door to TOML: typed tables with every mistake placed, positions of keys, and a writer."""
