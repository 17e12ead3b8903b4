"""Questions about addresses, of today and of what was published."""
