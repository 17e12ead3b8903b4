"""Thrift's compact protocol, as far as the footers and page headers of Parquet files need it.

A structure is a mapping from the number of a field to its value. Written are whole numbers of a
width, texts and bytes, lists and structures; read is that and nothing else.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Mapping
from typing import Any

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_SHORT = 15  # a list of fewer items has its length in the byte of its type
_DEEPEST = 8
_LONGEST_NUMBER = 10  # bytes of a 64-bit number

Struct = Mapping[int, Any]


class I32(Value):
    """A number of 32 bits; a bare one is of 64."""

    number: int


def encoded(struct: Struct) -> bytes:
    """Return the bytes of a structure."""
    found, before = bytearray(), 0
    for field, value in sorted(struct.items()):
        kind = _kind(value)
        step = field - before
        found += bytes([step << 4 | kind])  # every step in Parquet's structures fits four bits
        found += _value(value)
        before = field
    return bytes(found) + b"\x00"


def _kind(value: Any) -> int:
    kinds = {I32: _I32, int: _I64, bytes: _BINARY, str: _BINARY, list: _LIST, dict: _STRUCT}
    return kinds[type(value)]


def _value(value: Any) -> bytes:
    if isinstance(value, dict):
        return encoded(value)
    if isinstance(value, list):
        kind, count = _kind(value[0]) if value else _STRUCT, len(value)
        head = (
            bytes([count << 4 | kind]) if count < _SHORT else bytes([0xF0 | kind]) + _varint(count)
        )
        return head + b"".join(map(_value, value))
    if isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        return _varint(len(data)) + data
    number = value.number if isinstance(value, I32) else value
    return _varint(number << 1 ^ number >> 63)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


class CompactReader:
    """Reads structures from a position of a file on."""

    def __init__(self, file: ArtifactFile, at: int, end: int) -> None:
        self.file, self.at, self._end = file, at, end

    def error(self, why: str) -> SourceSyntaxError:
        """Return the error to raise about what is next."""
        return self.file.error(why, self.at)

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Step over a structure and return its fields.

        Raises:
            SourceSyntaxError: If it is cut off, nested too deep or of types that are not read.
        """
        if depth > _DEEPEST:
            raise self.error("nested too deep")
        found, field = dict[int, Any](), 0
        while (head := self._bytes(1)[0]) != 0:
            if not head >> 4:
                raise self.error("a field without a step from the one before")
            field += head >> 4
            found[field] = self._one(head & 15, depth)
        return found

    def _one(self, kind: int, depth: int) -> Any:
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind == _LIST:
            head = self._bytes(1)[0]
            count = head >> 4 if head >> 4 < _SHORT else self._number()
            if count > self._end - self.at:
                raise self.error("a list that is longer than the file")
            return [self._one(head & 15, depth + 1) for _ in range(count)]
        if kind == _BINARY:
            return self._bytes(self._number())
        if kind in (_I32, _I64):
            number = self._number()
            number = number >> 1 ^ -(number & 1)
            return I32(number) if kind == _I32 else number
        raise self.error(f"a value of type {kind}, which is not read")

    def _number(self) -> int:
        number = 0
        for shift in range(_LONGEST_NUMBER):
            byte = self._bytes(1)[0]
            number |= (byte & 0x7F) << 7 * shift
            if byte < 0x80:
                return number
        raise self.error("a number that is too long")

    def _bytes(self, count: int) -> bytes:
        if count > self._end - self.at:
            raise self.error("cut off")
        self.at += count
        return self.file.data[self.at - count : self.at]
