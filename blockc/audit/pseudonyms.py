"""What stands for a secret key wherever something is written."""

import hashlib
import hmac
import re

_HASH = re.compile(rb"(?:[0-9A-Fa-f]{32}){1,2}")
SHORTEST_SECRET = 16  # characters
HMAC_CHARACTERS = 32  # 128 bits: nobody finds two keys that are written alike


def pseudonym(raw: bytes, secret: bytes) -> str:
    """Return what stands for a key: its HMAC-SHA-256, the first 128 bits; or itself."""
    if not secret:
        return raw.decode("utf-8", "replace")
    return hmac.new(secret, raw, hashlib.sha256).hexdigest()[:HMAC_CHARACTERS]


def hash_name(raw: bytes) -> str:
    """Return what a hash is called, by its first 128 bits in lower case; nothing if it is none."""
    return raw[:HMAC_CHARACTERS].decode().lower() if _HASH.fullmatch(raw) else ""
