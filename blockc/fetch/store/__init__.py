"""What was fetched and read before, kept by digest."""
