"""Configurations for Terraform and OpenTofu, in their JSON syntax."""
