"""Proxies and load balancers."""
