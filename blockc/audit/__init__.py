"""Whom a policy would hit: access logs, joined with the lists of a policy. Start at `engine`."""
