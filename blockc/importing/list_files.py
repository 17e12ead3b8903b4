"""Files that are lists: plain ones, maps, AWS sets, and those of file sharing programs."""

import re
from collections.abc import Iterable, Sequence

from blockc.addresses.human_forms import without_zeros
from blockc.addresses.rules import Match
from blockc.importing.entries import (
    Contents,
    Entry,
    EntryColumns,
    LineCounter,
    Scope,
    Unread,
    Unreads,
    Worded,
    numbered,
    require_few_scopes,
)

_LONG = 200  # characters
_RANGE = re.compile(r"(?<!\s)\s+-\s+")
_WORD = re.compile(r"[^,\s]+")
_BEGINS = re.compile(r"[0-9A-Fa-f:.]+[.:]")
_MAY_COMMENT = re.compile("[#;/]")
_COMMENT = re.compile(r"(?:^|[ \t])(?:#|;|//).*")
_POINTER = re.compile(
    r"^0x[0-9a-f]+ "
)  # where HAProxy keeps an entry, in `show acl` and `show map`
_COUNTRY = re.compile(r"[A-Z]{2}")
_P2P = re.compile(r"(.*):([0-9.]+)\s*-\s*([0-9.]+)\s*")
_DAT = re.compile(r"\s*([0-9.]+)\s*-\s*([0-9.]+)\s*,\s*([0-9]{1,9})\s*,.*")
_BLOCKED_UP_TO = 127  # the access level of a DAT file from which on an address passes


def read_lines(text: str, _: Sequence[str]) -> Contents:
    """Return the addresses of a list: one or more per line, with comments."""
    entries, unread = EntryColumns(), Unreads()
    for line, content in numbered(text):
        said = _POINTER.sub("", content) if content[0] == "0" else content
        said = (_COMMENT.sub("", said) if _MAY_COMMENT.search(said) else said).strip().strip(",")
        if not said:
            continue
        said = _RANGE.sub("-", said) if "-" in said else said
        if all(map(_BEGINS.match, _words(said))):
            for word in _words(said):
                entries.add(line, word)
        else:
            unread.append(Unread(line, said, "not a line of addresses"))
    return Contents((Scope("the list", Match.MEMBER, entries),), unread)


def _words(said: str) -> Iterable[str]:
    """Return what blanks and commas part; of very many no list, which would be several times it."""
    if len(said) < _LONG:
        return said.replace(",", " ").split()
    return (found[0] for found in _WORD.finditer(said))


def read_map(text: str, values: Sequence[str]) -> Contents:
    """Return what a map of HAProxy says: an address and a word per line.

    Whose word means that a client is blocked is guessed, unless `values` says so.
    """
    rows, unread = Worded(), Unreads()
    for line, content in numbered(text):
        words = _POINTER.sub("", content).split(None, 1)
        if len(words) == 2 and words[0][0] != "#":
            rows.add(line, words[0], words[1].strip())
        elif words and words[0][0] != "#":
            unread.append(Unread(line, content.strip(), "an entry without a word"))
    said = rows.words()
    if said and not values and all(_COUNTRY.fullmatch(value) for value in said):
        for line, net, value in rows:
            unread.append(Unread(line, f"{net} {value}", "a country"))
        return Contents((), unread)
    return Contents((Scope("the map", Match.LONGEST, rows.decided("", values)),), unread)


def read_aws(text: str, _: Sequence[str]) -> Contents:
    """Return the addresses of an IP set, as it is made or as `get-ip-set` prints it."""
    scopes, lines = list[Scope](), LineCounter(text)
    for found in re.finditer(r'"Addresses"\s*:\s*\[([^\[\]]*)\]', text):
        line, begin = lines.at(found.start(1)), found.start(1)
        items = re.finditer(r'"([^"]*)"', found[1])
        entries = EntryColumns(Entry(lines.at(begin + item.start()), item[1]) for item in items)
        line = entries[-1].line if entries else line
        require_few_scopes(len(scopes) + 1)
        scopes.append(Scope(f"the set of line {line}", Match.MEMBER, entries))
    return Contents(tuple(scopes))


def read_p2p(text: str, _: Sequence[str]) -> Contents:
    """Return the ranges of a P2P list: `name:first-last`."""
    entries, unread = EntryColumns(), Unreads()
    for line, content in numbered(text):
        found = _P2P.fullmatch(content.strip())
        if found:
            entries.add(line, f"{without_zeros(found[2])}-{without_zeros(found[3])}")
        elif content.strip() and not content.lstrip().startswith("#"):
            unread.append(Unread(line, content.strip(), "expected name:first-last"))
    return Contents((Scope("the list", Match.MEMBER, entries),), unread)


def read_dat(text: str, _: Sequence[str]) -> Contents:
    """Return the ranges of a DAT file: `first - last , level , name`; up to level 127 it blocks."""
    entries, unread, passing = EntryColumns(), Unreads(), 0
    for line, content in numbered(text):
        found = _DAT.fullmatch(content)
        if found and int(found[3]) <= _BLOCKED_UP_TO:
            entries.add(line, f"{without_zeros(found[1])}-{without_zeros(found[2])}")
        elif found:
            passing += 1
        elif content.strip() and not content.lstrip().startswith(("#", "//")):
            unread.append(Unread(line, content.strip(), "expected first - last , level , name"))
    return Contents((Scope("the list", Match.MEMBER, entries),), unread, passing)
