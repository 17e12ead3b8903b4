"""One module a verb: parses the call and hands it to the workspace."""
