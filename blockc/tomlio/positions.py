"""Where in a TOML text each key stands: line, column and width of its value and of its name.

The only door to tree-sitter. It is imported when an error needs a place, and never before: a
policy without mistakes does not pay for it.
"""

import re
import tomllib
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

_BARE = re.compile(r"[A-Za-z0-9_.-]+")
Key = tuple[str | int, ...]
Spot = tuple[int, int, int]


class Spots:
    """The spot of each key. Those of the items of a list are numbers in a row, not objects each."""

    def __init__(self) -> None:
        self._keyed: dict[Key, Spot] = {}
        self._items: dict[Key, array[int]] = {}

    def get(self, key: Key) -> Spot | None:
        """Return the spot of a key."""
        last = key[-1] if key else ""
        items = self._items.get(key[:-1])
        if not isinstance(last, int) or items is None or not 0 <= last < len(items) // 3:
            return self._keyed.get(key)
        line, column, width = items[3 * last : 3 * last + 3]
        return line, column, width

    def put(self, key: Key, spot: Spot) -> None:
        """Note the spot of a key, which has none or another one so far."""
        self._keyed[key] = spot

    def put_first(self, key: Key, spot: Spot) -> None:
        """Note the spot of a key unless it has one."""
        self._keyed.setdefault(key, spot)

    def items(self, key: Key) -> "array[int]":
        """Return the numbers of the items of a list, to be extended by the spot of each."""
        return self._items.setdefault(key, array("i"))


@lru_cache(maxsize=8)
def nodes(text: str) -> int:
    """Return about how many nodes of 100 to 430 bytes a syntax tree of the text has."""
    return sum(map(text.count, ",=[{#\n"))


@lru_cache(maxsize=8)
def of(text: str) -> tuple[Spots, Spots]:
    """Return line, column and width of every value and of every name in valid TOML."""
    from tree_sitter import Language, Parser
    from tree_sitter_toml import language

    tree = Parser(Language(language())).parse(text.encode())
    finder = _Finder(text.encode().split(b"\n"))
    finder.document(tree.root_node)
    return finder.values, finder.names


def by_its_words(text: str, key: Key, *, name: bool) -> re.Match[str] | None:
    """Return where valid TOML has the text at a key, or the name of the key if only one has it.

    For files whose syntax tree would be too large. A text that stands there twice is wrong twice,
    so the first of them will do.
    """
    value: Any = _parsed(text)
    try:
        for step in key:
            value = value[step]
    except (KeyError, IndexError, TypeError):  # what is not there has no words
        value = None
    word = re.escape(str(key[-1])) if key else r"(?!)"
    if isinstance(value, str) and not name:
        quoted = "|".join(re.escape(mark + value + mark) for mark in "\"'")
        after = "" if isinstance(key[-1], int) else rf"""\b{word}["']?[ \t]*=[ \t]*"""
        return re.search(f"{after}({quoted})", text)
    named = rf"""^[ \t]*(?:\[+[^\]\n]*?)?\b({word})(?=["']?[ \t]*[=\]])"""
    found = [*islice(re.finditer(named, text, re.MULTILINE), 2)]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1)
def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


class _Finder:
    """Walks a syntax tree once and writes down where each key path stands."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = lines
        self.values, self.names = Spots(), Spots()
        self.counted_row, self.counted = -1, (0, 0)  # a byte of a line, and characters before it
        self.lengths: dict[Key, int] = {}  # how many tables each array of tables has so far

    def document(self, root: "Node") -> None:
        # Whatever the grammar cannot read has no place, and its mistakes fall back to the file.
        for node in _named(root):
            if node.has_error:
                continue
            if node.type == "pair":
                self.pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self.table(node)

    def table(self, node: "Node") -> None:
        pairs = _named(node)
        header = next(pairs)
        base = self.header(header, repeated=node.type == "table_array_element")
        self.names.put(base, self.spot(header))
        for pair in pairs:
            self.pair(pair, base)

    def header(self, node: "Node", *, repeated: bool) -> Key:
        """Return the full key of a table header, with the index of each array of tables."""
        *parents, last = _steps(node)
        key: Key = ()
        for step in parents:
            self.names.put_first((*key, step), self.spot(node))
            key = self.current((*key, step))
        key = (*key, last)
        if not repeated:
            return self.current(key)
        self.lengths[key] = self.lengths.get(key, 0) + 1
        self.names.put_first(key, self.spot(node))
        return self.current(key)

    def current(self, key: Key) -> Key:
        return (*key, self.lengths[key] - 1) if key in self.lengths else key

    def pair(self, node: "Node", base: Key) -> None:
        name, value = _named(node)
        key = base
        for step in _steps(name):
            key = (*key, step)
            self.names.put_first(key, self.spot(name))
        self.value(value, key)

    def value(self, node: "Node", key: Key) -> None:
        self.values.put(key, self.spot(node))
        self.inside(node, key)

    def inside(self, node: "Node", key: Key) -> None:
        if node.type == "array":
            items = self.values.items(key)
            for index, item in enumerate(_named(node)):
                items.extend(self.spot(item))
                self.inside(item, (*key, index))
        elif node.type == "inline_table":
            for pair in _named(node):
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


def _named(node: "Node") -> "Iterator[Node]":
    """Yield the children of a node that mean something, without a list of all of them."""
    cursor = node.walk()
    more = cursor.goto_first_child()
    while more:
        child = cursor.node
        if child is not None and child.is_named and child.type != "comment":
            yield child
        more = cursor.goto_next_sibling()


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
