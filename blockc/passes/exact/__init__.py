"""The passes that give up nothing."""
