"""What readers of formats share."""
