"""Firewalls and appliances: feeds that they poll, and lists in their own configuration."""
