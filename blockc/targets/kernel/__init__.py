"""Packet filters of the kernel."""
