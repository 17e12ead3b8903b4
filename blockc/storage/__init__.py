"""The one place that changes files: written aside, then renamed."""
