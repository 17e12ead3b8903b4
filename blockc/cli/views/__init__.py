"""One module per verb: its result as tables for people and JSON for programs."""
