"""The registries' delegation files."""
