"""What differs between two states of a policy, and whether it may go live without approval."""
