"""A text file of a feed: its lines, and where in them something stands."""

from blockc.errors import Location
from blockc.formats.parsing.sniff import require_content, require_text
from blockc.values import Value

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # UTF-8's own says nothing and is common in files from Windows
_SHOWN = 500  # characters of a line that an error carries


class TextLines(Value):
    """A plain text, every line ended by a newline alone.

    Attributes:
        name: What the file is called in messages.
    """

    name: str
    data: bytes

    @classmethod
    def of(cls, name: str, data: bytes) -> "TextLines":
        """Return the lines of `data`.

        Raises:
            SourceUnfit: If it is empty, compressed, a web page or in another encoding than UTF-8.
            SourceSyntaxError: At the first NUL byte.
        """
        require_content(name, data)
        data = data.removeprefix(_BYTE_ORDER_MARK)
        require_text(name, data)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        return cls(name, data if data.endswith(b"\n") else data + b"\n")

    @property
    def text(self) -> str:
        """Return the whole text; what is not UTF-8 becomes escapes."""
        return self.data.decode("utf-8", "backslashreplace")

    def raw(self, number: int) -> str:
        """Return the line of this number, counted from 1; an empty text behind the last one."""
        begin = 0
        for _ in range(number - 1):
            begin = self.data.find(b"\n", begin) + 1 or len(self.data)
        end = self.data.find(b"\n", begin)
        return self.data[begin : max(begin, end)].decode("utf-8", "backslashreplace")

    def at(self, number: int, part: str = "") -> Location:
        """Return the place of a line, or of `part` in it."""
        line = self.raw(number)
        column = line.find(part) + 1 if part else 0
        width = min(len(part), _SHOWN) or 1
        shown = line if column > _SHOWN else line[:_SHOWN]
        return Location(self.name, number, column, shown, width)
