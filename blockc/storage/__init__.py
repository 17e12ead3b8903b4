"""The one place that reads the files of others, and that changes files: aside, then renamed."""
