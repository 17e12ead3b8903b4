"""What stands for a secret key wherever something is written."""

import hashlib
import hmac

SHORTEST_SECRET = 16  # characters
HMAC_CHARACTERS = 32  # 128 bits: nobody finds two keys that are written alike


def pseudonym(raw: bytes, secret: bytes) -> str:
    """Return what stands for a key: its HMAC-SHA-256, the first 128 bits; or itself."""
    if not secret:
        return raw.decode("utf-8", "replace")
    return hmac.new(secret, raw, hashlib.sha256).hexdigest()[:HMAC_CHARACTERS]
