"""What every target is made of."""
