"""The update of sources, from their urls to the lock."""
