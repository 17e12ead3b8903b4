"""What a server sent, made plain: unpacked up to a cap, refused where it is a page or nothing."""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from blockc.fetch.http.failure import FetchFailed, TooBig

_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|title|script|\?xml)\b", re.IGNORECASE)
_LABELS: Mapping[str, str] = {"gzip": "gzip", "x-gzip": "gzip"}
_MAGIC: Mapping[bytes, str] = {b"\x1f\x8b\x08": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}
_OPENERS: Mapping[str, Callable[[io.BytesIO], Any]] = {
    "gzip": lambda packed: gzip.GzipFile(fileobj=packed),
    "xz": lzma.LZMAFile,
    "bzip2": bz2.BZ2File,
}


def plain_body(data: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return what the body of an answer says.

    Args:
        data: The bytes as they came over the wire.
        encoding: The Content-Encoding the server gave it, or nothing. A packed file that carries
            no label is known by its first bytes.
        max_bytes: How long the result may be; unpacking stops there.

    Raises:
        FetchFailed: It cannot be unpacked, is too long, is empty or is a web page.
    """
    for label in reversed([word.strip().lower() for word in encoding.split(",") if word.strip()]):
        if label == "identity":
            continue
        if label not in _LABELS:
            raise FetchFailed(f"answered with the encoding {label!r}, asked for gzip or none")
        data = _unpacked(data, _LABELS[label], max_bytes)
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            data = _unpacked(data, kind, max_bytes)
            break
    if not data.strip():
        raise FetchFailed("answered with an empty file")
    if _PAGE.match(data, 0, 4096):
        raise FetchFailed("answered with a web page in place of the file")
    return data


def _unpacked(data: bytes, kind: str, max_bytes: int) -> bytes:
    try:
        with closing(_OPENERS[kind](io.BytesIO(data))) as file:
            plain: bytes = file.read(max_bytes + 1)
    except EOFError:
        raise FetchFailed(f"the {kind} data ends too early", heals=True) from None
    except (OSError, lzma.LZMAError, zlib.error):
        raise FetchFailed(f"the {kind} data is damaged", heals=True) from None
    if len(plain) > max_bytes:
        raise TooBig(max_bytes)
    return plain
