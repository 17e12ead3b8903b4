"""Brings bytes: which sources there are, where they come from, and where they are kept.

Start reading at `definition`, what a source is; then `folder`, the five registries' files from a
folder or the bundled sample, and `store`, what was read before.
"""
