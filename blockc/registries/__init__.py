"""What the registries say, as values: records, the map of all space, special space, countries."""
