"""The passes that keep to a limit at the least cost."""
