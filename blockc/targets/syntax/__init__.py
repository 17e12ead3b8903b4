"""Grammars that platforms share, with positions and strictness."""
