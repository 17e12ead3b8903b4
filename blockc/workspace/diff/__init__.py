"""What `blockc diff` compares, and what it finds."""
