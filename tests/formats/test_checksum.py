"""The spellings of `.md5` files."""

import pytest

from blockc.errors import SourceSyntaxError
from blockc.formats.checksum import parse_md5

DIGEST = "24c579a5e9a6e16a96d265292690b4a9"


@pytest.mark.parametrize(
    "text",
    [
        f"MD5 (delegated-ripencc-extended-latest) = {DIGEST}",
        f"MD5(x)={DIGEST}\n",
        f"MD5 (a) (b) = {DIGEST.upper()}\r\n",
        f"{DIGEST}  delegated-arin-extended-20260928\n",
        f"{DIGEST} *delegated\n",
        f"{DIGEST}\tdelegated\n",
        f"\n \n{DIGEST}\nanything else\n",
    ],
)
def test_digest_is_read_from_both_spellings(text: str) -> None:
    assert parse_md5("file.md5", text.encode()) == DIGEST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        DIGEST[:-1].encode(),
        DIGEST.encode() + b"0",
        b"SHA256 (x) = " + DIGEST.encode(),
        b"x " + DIGEST.encode(),
        DIGEST.encode()[:-1] + b"g",
        b"\xff\xfe\0",
        b"<html>" + DIGEST.encode(),
        f"anything else\n{DIGEST}\n".encode(),
    ],
)
def test_anything_else_is_refused_with_its_line(data: bytes) -> None:
    with pytest.raises(
        SourceSyntaxError, match=r"^file\.md5:1:1: expected `MD5 \(name\) = digest`"
    ):
        parse_md5("file.md5", data)


def test_long_file_is_no_checksum() -> None:
    with pytest.raises(SourceSyntaxError, match=r"^file\.md5: 4,097 bytes are not a checksum"):
        parse_md5("file.md5", DIGEST.encode() + b" " * (4097 - 32))
    assert parse_md5("file.md5", DIGEST.encode() + b" " * (4096 - 32)) == DIGEST
