"""One request to one server: deadlines, retries, bodies."""
