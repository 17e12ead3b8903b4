"""Kubernetes: gateways, meshes and network policies."""
