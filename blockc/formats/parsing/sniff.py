"""Refusals that need no format: bodies that are no plain text at all."""

from blockc.errors import Location, SourceSyntaxError, SourceUnfit

# Magic numbers of what servers, proxies and archives put in place of the text asked for.
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "UTF-8",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def require_text(name: str, data: bytes) -> None:
    """Raise unless `data` can be a plain text file.

    Raises:
        SourceUnfit: If it is compressed, a web page, or marked as another encoding.
        SourceSyntaxError: At the first NUL byte.
    """
    for magic, kind in _COMPRESSED.items():
        if data.startswith(magic):
            raise SourceUnfit(
                f"the file is {kind} data, expected plain text",
                at=Location(name),
                hint="decompress it first",
            )
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise SourceUnfit(
                f"the file starts with a {encoding} byte order mark, expected plain ASCII text",
                at=Location(name),
                hint="convert it, or fetch it again",
            )
    if data[:1024].lstrip().startswith(b"<"):
        raise SourceUnfit(
            "the file is a web page (HTML or XML), expected plain text",
            at=Location(name),
            hint="fetch it again, following redirects",
        )
    _require_no_nul(name, data)


def require_content(name: str, data: bytes) -> None:
    """Raise SourceUnfit if `data` is empty or blank."""
    if not data or data.isspace():
        raise SourceUnfit("the file is empty", at=Location(name), hint="fetch it again")


def _require_no_nul(name: str, data: bytes) -> None:
    position = data.find(b"\0")
    if position < 0:
        return
    before = data.rfind(b"\n", 0, position) + 1
    shown = data[before : position + 60].split(b"\n")[0].decode("utf-8", "backslashreplace")
    line = data.count(b"\n", 0, position) + 1
    raise SourceSyntaxError(
        "a NUL byte, the file is damaged",
        at=Location(name, line, shown.index("\0") + 1, shown),
        hint="fetch it again",
    )
