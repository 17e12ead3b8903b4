"""Where in a TOML text each key stands: line, column and width of its value and of its name.

The only door to tree-sitter. It is imported when an error needs a place, and never before: a
policy without mistakes does not pay for it.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

_BARE = re.compile(r"[A-Za-z0-9_.-]+")
Key = tuple[str | int, ...]
Spot = tuple[int, int, int]
Spots = dict[Key, Spot]


@lru_cache(maxsize=8)
def of(text: str) -> tuple[Spots, Spots]:
    """Return line, column and width of every value and of every name in valid TOML."""
    from tree_sitter import Language, Parser
    from tree_sitter_toml import language

    tree = Parser(Language(language())).parse(text.encode())
    finder = _Finder(text.encode().split(b"\n"))
    finder.document(tree.root_node)
    return finder.values, finder.names


class _Finder:
    """Walks a syntax tree once and writes down where each key path stands."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = lines
        self.values: Spots = {}
        self.names: Spots = {}
        self.counted_row, self.counted = -1, (0, 0)  # a byte of a line, and characters before it
        self.lengths: dict[Key, int] = {}  # how many tables each array of tables has so far

    def document(self, root: "Node") -> None:
        # Whatever the grammar cannot read has no place, and its mistakes fall back to the file.
        sound = [node for node in root.named_children if not node.has_error]
        for node in sound:
            if node.type == "pair":
                self.pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self.table(node)

    def table(self, node: "Node") -> None:
        header, *pairs = (n for n in node.named_children if n.type != "comment")
        base = self.header(header, repeated=node.type == "table_array_element")
        self.names[base] = self.spot(header)
        for pair in pairs:
            self.pair(pair, base)

    def header(self, node: "Node", *, repeated: bool) -> Key:
        """Return the full key of a table header, with the index of each array of tables."""
        *parents, last = _steps(node)
        key: Key = ()
        for step in parents:
            self.names.setdefault((*key, step), self.spot(node))
            key = self.current((*key, step))
        key = (*key, last)
        if not repeated:
            return self.current(key)
        self.lengths[key] = self.lengths.get(key, 0) + 1
        self.names.setdefault(key, self.spot(node))
        return self.current(key)

    def current(self, key: Key) -> Key:
        return (*key, self.lengths[key] - 1) if key in self.lengths else key

    def pair(self, node: "Node", base: Key) -> None:
        name, value = (n for n in node.named_children if n.type != "comment")
        key = base
        for step in _steps(name):
            key = (*key, step)
            self.names.setdefault(key, self.spot(name))
        self.value(value, key)

    def value(self, node: "Node", key: Key) -> None:
        self.values[key] = self.spot(node)
        inner = [n for n in node.named_children if n.type != "comment"]
        if node.type == "array":
            for index, item in enumerate(inner):
                self.value(item, (*key, index))
        elif node.type == "inline_table":
            for pair in inner:
                self.pair(pair, key)

    def spot(self, node: "Node") -> Spot:
        """Return where `node` begins, in characters, and how much of its first line it fills."""
        (row, start), (end_row, end) = node.start_point, node.end_point
        line = self.lines[row]
        before = self.characters(row, start)
        width = len(line[start : end if end_row == row else len(line)].decode())
        return row + 1, before + 1, max(1, width)

    def characters(self, row: int, start: int) -> int:
        """Return how many characters stand before a byte of a line.

        A line is counted once, whatever its length: nodes come in the order of the text.
        """
        at, count = self.counted if self.counted_row == row else (0, 0)
        if start < at:
            at, count = 0, 0
        count += len(self.lines[row][at:start].decode())
        self.counted_row, self.counted = row, (start, count)
        return count


def _steps(node: "Node") -> list[str]:
    """Return the names of a bare, quoted or dotted key."""
    text = (node.text or b"").decode()
    if _BARE.fullmatch(text):
        return text.split(".")
    table: Any = tomllib.loads(f"{text} = 0")
    steps: list[str] = []
    while isinstance(table, dict):
        ((name, table),) = table.items()
        steps.append(name)
    return steps
