"""What a server sent, made plain: unpacked up to a cap, refused where it is a page or nothing."""

import re
from collections.abc import Mapping

from blockc.fetch.definition import Source, unpacks
from blockc.fetch.http.messages import FetchFailed, TooBig
from blockc.storage.archives import NoMember, member_of
from blockc.storage.decompress import Damaged, TooLong, decompressed, kind_by_content

_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|title|script|\?xml)\b", re.IGNORECASE)
_LABELS: Mapping[str, str] = {"gzip": "gzip", "x-gzip": "gzip"}


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
    kind = kind_by_content(data)
    if kind:
        data = _unpacked(data, kind, max_bytes)
    if not data.strip():
        raise FetchFailed("answered with an empty file")
    if _PAGE.match(data, 0, 4096):
        raise FetchFailed("answered with a web page in place of the file")
    return data


def plain_member(data: bytes, source: Source) -> bytes:
    """Return the one file of an archive that `source` means; what is not an archive as it is.

    Raises:
        FetchFailed: The archive cannot be unpacked, or there is not one such file.
    """
    if not unpacks(source.format):
        return data
    limit = source.expect.max_bytes
    try:
        return plain_body(member_of(data, source.member, limit), "", limit)
    except TooLong:
        raise TooBig(limit) from None
    except NoMember as reason:
        said = f"{reason}; name the one that is meant with `member`"
        raise FetchFailed(said, broken=True) from None
    except Damaged as damage:
        raise FetchFailed(str(damage), retryable=True) from None


def _unpacked(data: bytes, kind: str, max_bytes: int) -> bytes:
    try:
        return decompressed(data, kind, max_bytes)
    except TooLong:
        raise TooBig(max_bytes) from None
    except Damaged as damage:
        raise FetchFailed(str(damage), retryable=True) from None
