"""From tables to checked values, with every mistake placed."""
