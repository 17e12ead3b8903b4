"""What a build publishes: generations of a folder, shown by one rename."""
