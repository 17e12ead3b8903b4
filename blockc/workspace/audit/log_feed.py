"""Access logs: which files are meant, which format each has, and their blocks of lines."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, groupby
from pathlib import Path

import numpy as np

from blockc.audit.line_sql import TOO_LONG, LineLayout
from blockc.audit.log_format import LogFormat, detect, read_log_format
from blockc.errors import Location, UsageError, os_reason, suggestion
from blockc.resources import log_formats_dir
from blockc.storage.decompress import Damaged
from blockc.storage.local import read_local
from blockc.storage.log_files import STDIN, blocks, is_parquet
from blockc.values import Value, replace

HEAD = 1 << 16  # bytes of a log that its format is found by
_SMALL, _HELD = 1 << 18, 1 << 25  # bytes: of a block that is held, and of all that are
_GENERIC = ("csv", "tsv", "json-lines")  # tried when nothing that is particular fits


#: The number of a file, that of the first line, and whole lines; none stand for a line too long.
Block = tuple[int, int, bytes]
#: A block with its layout.
Part = tuple[LineLayout, Block]


class ReadLog(Value):
    """A log that was read: how many lines, by which format, and whether it was damaged.

    `columns`: those that it named last.
    """

    path: str
    format: str
    lines: int
    damage: str = ""
    columns: tuple[str, ...] = ()


class LogBegin(Value, eq=False):
    """Where to read a log from.

    Attributes:
        lines: How many lines are before that.
        format: The name of the format that those had, if any; `columns`: those that they named.
        data: Gives its bytes as `blocks` does; without it the whole file is read.
    """

    path: str
    lines: int = 0
    format: str = ""
    columns: tuple[str, ...] = ()
    data: Callable[[], Iterator[bytes]] | None = None


def log_paths(named: Sequence[str]) -> list[str]:
    """Return the paths of logs, each file once; a pattern must name at least one."""
    found = dict[str, str]()
    for text in named:
        paths = [text] if text == STDIN or os.path.exists(text) else sorted(glob.glob(text))  # noqa: PTH110, PTH207  texts
        if not paths:
            raise UsageError(f"there is no log {text!r}")
        for path in paths:
            found.setdefault(path if path == STDIN else os.path.realpath(path), path)
    return list(found.values())


@cache
def shipped_formats() -> dict[str, LogFormat]:
    """Return the formats that blockc knows by name, the particular ones first."""
    paths = sorted(log_formats_dir().glob("*.toml"))
    paths.sort(key=lambda path: path.stem in _GENERIC)
    return {p.stem: read_log_format(str(p), p.read_text(encoding="utf-8")) for p in paths}


def log_formats(name: str, file: Path | None) -> list[LogFormat]:
    """Return the formats that a log may have."""
    if file:
        return [_own_format(file)]
    known = shipped_formats()
    if not name:
        return list(known.values())
    if name not in known:
        near = suggestion(name, known)
        hint = f"known are {', '.join(known)}; --format-file names one of your own"
        raise UsageError(f"no log format {name!r}{near}", hint=hint)
    return [known[name]]


def table_format(own: Sequence[LogFormat]) -> LogFormat:
    """Return the format by which Parquet is read: one's own of columns, or that of CSV."""
    return next((one for one in own if one.kind == "columns"), None) or log_formats("csv", None)[0]


def _own_format(path: Path) -> LogFormat:
    try:
        text = read_local(path).decode()
    except (OSError, UnicodeDecodeError) as reason:
        at = Location(str(path))
        raise UsageError(f"cannot read the format: {os_reason(reason)}", at=at) from None
    return read_log_format(str(path), text)


class LogFeed:
    """The blocks of all logs with their layouts, and what was seen of each log so far."""

    def __init__(
        self, logs: Sequence[str | LogBegin], formats: Sequence[LogFormat], *, only: bool
    ) -> None:
        self._begins = [LogBegin(one) if isinstance(one, str) else one for one in logs]
        self._paths = [one.path for one in self._begins]
        self._formats, self._only = formats, only
        self.logs = [ReadLog(path, "", 0) for path in self._paths]
        self._tables = {number for number, path in enumerate(self._paths) if is_parquet(path)}

    def tables(self) -> Iterator[tuple[int, str]]:
        """Yield the number and the path of each file that is a table and not text."""
        for number in sorted(self._tables):
            yield number, self._paths[number]

    def parts(self) -> Iterator[Part]:
        """Yield the blocks of all logs that are text."""
        for number, path in enumerate(self._paths):
            if number in self._tables:
                continue
            try:
                yield from self._parts(number, path)
            except OSError as reason:
                at = Location(path)
                raise UsageError(f"cannot read it: {os_reason(reason)}", at=at) from None

    def _parts(self, number: int, path: str) -> Iterator[Part]:
        begin = self._begins[number]
        layout = self._known_layout(begin)
        log = OpenLog(number, begin, self._formats, only=self._only, layout=layout)
        yield from log.parts(begin.data() if begin.data else blocks(path))
        self.logs[number] = log.seen

    def _known_layout(self, begin: LogBegin) -> LineLayout | None:
        named = self._formats[:1] if self._only else self._formats
        found = (one for one in named if one.name == begin.format)
        return next((LineLayout(one, begin.columns) for one in found), None)


class OpenLog:
    """One log, or some lines of it, that is being read, and what was seen of it so far.

    Args:
        number: The number of the file.
        begin: What messages and tables call it, and how many lines are before these.
        formats: Those that it may have; `only`: it is of the first one.
        layout: How it is cut, if that is known already.
    """

    def __init__(
        self,
        number: int,
        begin: LogBegin,
        formats: Sequence[LogFormat],
        *,
        only: bool,
        layout: LineLayout | None = None,
    ) -> None:
        self._number, self._formats, self._only = number, formats, only
        self._before, self._layout = begin.lines, layout
        self.seen = ReadLog(begin.path, "", 0)

    def parts(self, data: Iterable[bytes], *, begins: bool = True) -> Iterator[Part]:
        """Yield blocks of whole lines, cut where names of columns change.

        Args:
            data: The bytes, as `whole_lines` gives them.
            begins: They begin with the first line of the file.

        Raises:
            UsageError: It is of no format that is known, or names columns in a line too long.
        """
        layout, line, is_long = self._layout, self._before + 1, False
        try:
            for block in data:
                layout = layout or layout_of(self.seen.path, block, self._formats, only=self._only)
                is_first, is_whole = begins and line == 1, block.endswith(b"\n")
                if not is_long and not is_whole:
                    self._require_no_names(layout, block, line, is_first=is_first)
                if is_long or not is_whole:
                    parts = iter([(layout, b"")] if is_whole else [])
                else:
                    parts = _by_header(layout, block, is_first=is_first)
                is_long = not is_whole
                for layout, part in parts:
                    count = int(np.count_nonzero(np.frombuffer(part, dtype=np.uint8) == 10)) or 1
                    if not part or not _is_header(layout, part):
                        yield layout, (self._number, line, part)
                    line += count
                    self.seen = replace(
                        self.seen,
                        format=layout.format.name,
                        lines=line - 1 - self._before,
                        columns=layout.columns,
                    )
        except Damaged as reason:
            self.seen = replace(self.seen, damage=str(reason))

    def _require_no_names(
        self, layout: LineLayout, piece: bytes, line: int, *, is_first: bool
    ) -> None:
        """Raise UsageError if a line too long that begins so says how those behind it are cut."""
        form = layout.format
        begin = piece[:HEAD].decode("utf-8", "replace")
        if (form.header or is_first) and form.columns_in(begin):
            said = f"the line that names its columns is {TOO_LONG}"
            raise UsageError(said, at=Location(self.seen.path, line))


def layout_of(
    path: str, begin: bytes, formats: Sequence[LogFormat], *, only: bool = False
) -> LineLayout:
    """Return how the lines of a log are cut that begins so; a line that is cut off does not count.

    Raises:
        UsageError: It is of no format that is known.
    """
    begin = begin[:HEAD]
    lines = (begin[: begin.rfind(b"\n") + 1] or begin).decode("utf-8", "replace").splitlines()
    found = formats[0] if only else detect(formats, lines[:50])
    if found is None:
        hint = "name it with --format, or describe it with --format-file"
        said = "its first lines are of no format that blockc knows"
        raise UsageError(said, at=Location(path), hint=hint)
    return LineLayout(found)


def _is_header(layout: LineLayout, part: bytes) -> bool:
    form = layout.format
    return form.kind == "columns" and (part.startswith(b"#") if form.header else not layout.columns)


def _by_header(
    layout: LineLayout, data: bytes, *, is_first: bool
) -> Iterator[tuple[LineLayout, bytes]]:
    """Yield a block cut at the lines that name columns, each piece with its layout."""
    form = layout.format
    if form.kind != "columns":
        yield layout, data
        return
    if not form.header:
        end = data.find(b"\n") + 1 if is_first else 0
        if is_first:
            yield LineLayout(form), data[:end]
            layout = LineLayout(form, form.columns_in(data[:end].decode("utf-8", "replace")))
        if data[end:]:
            yield layout, data[end:]
        return
    begin = 0
    while begin < len(data):
        if data.startswith(b"#", begin):
            end = _end_of_comments(data, begin)
            for line in data[begin:end].decode("utf-8", "replace").splitlines():
                names = form.columns_in(line)
                layout = LineLayout(form, names) if names else layout
        else:
            end = data.find(b"\n#", begin) + 1 or len(data)
        yield layout, data[begin:end]
        begin = end


def _end_of_comments(data: bytes, begin: int) -> int:
    while data.startswith(b"#", begin):
        begin = data.find(b"\n", begin) + 1 or len(data)
    return begin


def by_layout(parts: Iterable[Part]) -> Iterator[tuple[LineLayout, Iterator[Block]]]:
    """Yield blocks that are cut alike together; a log may name other columns after a few lines.

    Neighbours are given on as they come once they are large. Small ones are held until there are
    many, since whoever reads them asks a question for all of a layout.
    """
    held: dict[tuple[str, tuple[str, ...]], tuple[LineLayout, list[Block]]] = {}
    size = 0
    for layout, run in groupby(parts, key=lambda part: part[0]):
        blocks = (block for _, block in run)
        _, mine = held.setdefault((layout.format.name, layout.columns), (layout, []))
        for block in blocks:
            mine.append(block)
            size += len(block[2])
            if len(block[2]) > _SMALL or size > _HELD:
                size -= sum(len(data) for *_, data in mine)
                yield layout, chain(mine, blocks)
                mine.clear()
        if size > _HELD:
            yield from _flushed(held)
            size = 0
    yield from _flushed(held)


def _flushed(
    held: dict[tuple[str, tuple[str, ...]], tuple[LineLayout, list[Block]]],
) -> Iterator[tuple[LineLayout, Iterator[Block]]]:
    yield from ((layout, iter(mine)) for layout, mine in held.values() if mine)
    held.clear()
