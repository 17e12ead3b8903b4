"""A plain text file: its lines, where in them something stands, and bodies that are not a text."""

from collections.abc import Callable, Iterator
from itertools import chain

from blockc.errors import (
    CONFLICT,
    Location,
    SourceSyntaxError,
    SourceUnfit,
    line_begin,
    printable,
)
from blockc.values import Value

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
_MARKS = b"<<<<<<< ", b">>>>>>> "


def require_text(name: str, data: bytes) -> None:
    """Raise unless `data` can be a plain text file.

    Raises:
        SourceUnfit: If it is compressed, a web page, or marked as another encoding.
        SourceSyntaxError: At the first NUL byte, or mark of a merge conflict.
    """
    _require_no_conflict(name, data)
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
                f"the file starts with a {encoding} byte order mark, expected UTF-8 without one",
                at=Location(name),
                hint="save it as UTF-8, or fetch it again",
            )
    if data[:1024].lstrip().startswith(b"<"):
        raise SourceUnfit(
            "the file is a web page (HTML or XML), expected plain text",
            at=Location(name),
            hint="fetch it again, following redirects",
        )
    _require_no_nul(name, data)


def _require_no_conflict(name: str, data: bytes) -> None:
    """Raise SourceSyntaxError where git left both versions of some lines.

    Between marks that are comments of a format, both versions would be read as one list. One
    character is sought in a long list much faster than several.
    """
    if b"<" not in data and b">" not in data:
        return
    begins = [0 if data.startswith(mark) else data.find(b"\n" + mark) + 1 or -1 for mark in _MARKS]
    if (begin := min((at for at in begins if at >= 0), default=-1)) >= 0:
        line = data.count(b"\n", 0, begin) + 1
        shown = data[begin : begin + 60].split(b"\n")[0].decode("utf-8", "backslashreplace")
        said, hint = CONFLICT
        raise SourceSyntaxError(said, at=Location(name, line, 1, shown, 7), hint=hint)


def require_content(name: str, data: bytes) -> None:
    """Raise SourceUnfit if `data` is empty or blank."""
    if not data or data.isspace():
        raise SourceUnfit("the file is empty", at=Location(name), hint="fetch it again")


def _require_no_nul(name: str, data: bytes) -> None:
    position = data.find(b"\0")
    if position < 0:
        return
    if position < 2 and data[:200].count(0) >= len(data[:200]) // 2:
        message = "the file is UTF-16 text, expected UTF-8"
        raise SourceUnfit(message, at=Location(name), hint="save it as UTF-8")
    before = data.rfind(b"\n", 0, position) + 1
    shown = data[before : position + 60].split(b"\n")[0].decode("utf-8", "backslashreplace")
    line = data.count(b"\n", 0, position) + 1
    raise SourceSyntaxError(
        "a NUL byte, the file is damaged",
        at=Location(name, line, shown.index("\0") + 1, shown),
        hint="fetch it again",
    )


_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # UTF-8's own says nothing and is common in files from Windows
_BATCH = 1 << 17  # characters that are cut into lines at a time
_SHORT = 8  # characters; a text takes 56 bytes, however few it has
_MOST_KNOWN = 1 << 16  # different short texts, with 5 MB
_SHOWN = 500  # characters of a line that an error carries


class TextLines(Value):
    """A plain text, every line ended by a newline alone.

    Attributes:
        name: What the file is called in messages.
        complete: Whether the last line was ended by a newline, too.
    """

    name: str
    data: bytes
    complete: bool = True

    @classmethod
    def of(cls, name: str, data: bytes, *, may_be_empty: bool = False) -> "TextLines":
        """Return the lines of `data`.

        Raises:
            SourceUnfit: If it is empty, compressed, a web page or in another encoding than UTF-8.
            SourceSyntaxError: At the first NUL byte.
        """
        if not may_be_empty:
            require_content(name, data)
        data = data.removeprefix(_BYTE_ORDER_MARK)
        require_text(name, data)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        complete = not data or data.endswith(b"\n")
        return cls(name, data if complete else data + b"\n", complete)

    def require_complete(self, *, optional: bool = False) -> "TextLines":
        """Return these lines; nothing but the last newline tells that such a file is whole.

        Args:
            optional: The publisher never writes it, so it tells nothing.

        Raises:
            SourceUnfit: It has none: `45.1.3.128` cut short is `45.1.3.1`, which is a stranger.
        """
        if self.complete or optional:
            return self
        raise SourceUnfit(
            "the last line has no newline, the file may have been cut",
            at=self.at(self.data.count(b"\n")),
            hint='fetch it again, or set final_newline = "optional" in [rows]',
        )

    @property
    def text(self) -> str:
        """Return the whole text; what is not UTF-8 becomes escapes."""
        return self.data.decode("utf-8", "backslashreplace")

    def raw(self, number: int) -> str:
        """Return the line of this number, counted from 1; an empty text behind the last one."""
        begin = line_begin(self.data, number, b"\n")
        end = self.data.find(b"\n", begin)
        return self.data[begin : max(begin, end)].decode("utf-8", "backslashreplace")

    def at(self, number: int, part: str = "") -> Location:
        """Return the place of a line, or of `part` in it."""
        line = self.raw(number)
        column = line.find(part) + 1 if part else 0
        width = min(len(part), _SHOWN) or 1
        shown = line if column > _SHOWN else line[:_SHOWN]
        return Location(self.name, number, column, shown, width)


def line_batches(text: str, begin: int = 0) -> Iterator[list[str]]:
    """Yield the lines of a text from a position on, many at a time.

    A list of all of them may be many times the text.
    """
    return (some.split("\n") for some in text_batches(text, begin))


def lines_one_by_one(text: str) -> Iterator[str]:
    """Yield the lines of a text."""
    return chain.from_iterable(line_batches(text))


def keeping_once() -> Callable[[str], str]:
    """Return a function that gives back a text, of those that are short and alike the same one.

    Of very many different ones it knows the first: no more than they may take together.
    """
    known: dict[str, str] = {}

    def once(text: str) -> str:
        if len(text) >= _SHORT:
            return text
        return known.setdefault(text, text) if len(known) < _MOST_KNOWN else known.get(text, text)

    return once


def text_batches(text: str, begin: int = 0) -> Iterator[str]:
    """Yield the same lines as parts of the text, without the newline that ends the last of each."""
    while begin >= 0:
        end = text.find("\n", begin + _BATCH)
        yield text[begin : end if end >= 0 else None]
        begin = end + 1 or -1


def warning(at: Location, sentence: str, count: int = 1) -> str:
    """Return one line about something odd: the first place, and how often it happens."""
    more = f"; {count:,} such rows" if count > 1 else ""
    return f"{at}: {printable(sentence)}{more}"
