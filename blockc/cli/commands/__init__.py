"""One module per verb: parses the call and hands it to the workspace."""
