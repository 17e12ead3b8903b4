"""Plain data for programs of your own."""
