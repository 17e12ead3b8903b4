"""The same audit in plain Python, a character and a line at a time, sharing no code with blockc."""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pytricia

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Row(NamedTuple):
    """What tells requests apart."""

    list: str
    client: str
    day: str | None
    path: str | None
    status: int | None
    key: str | None
    account: str | None


def words_of(text: str) -> list[tuple[bool, str]] | None:
    """Return the words of a line, each with whether it was in quotes; None if it is broken."""
    text = text.rstrip("\r\n")
    text = text[:-1] if text.endswith(" ") and not text.endswith("  ") else text
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            if end >= len(text):
                return None
            found.append((True, text[at + 1 : end]))
            at = end + 1
        else:
            end = at
            while end < len(text) and text[end] not in ' "\r\n':
                end += 1
            if end == at:
                return None
            found.append((False, text[at:end]))
            at = end
        if at < len(text):
            if text[at] != " " or at + 1 == len(text):
                return None
            at += 1
    return found


def address(text: str) -> Address | None:
    """Return the address in a text, without a port, brackets and a zone."""
    text = text.strip(" \t")
    port = None
    if text.startswith("[") and "]" in text:
        text, _, port = text[1:].partition("]")
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        port = ":" + port
    if port and not (
        port[0] == ":" and port[1:].isascii() and port[1:].isdigit() and len(port) < 7
    ):
        return None
    if ":" in text:
        text = text.partition("%")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def client_of(peer: str, said: str | None, trusted: Sequence[str]) -> Address | None:
    """Return the client: from the right, the first that is not a trusted proxy's."""
    hop = address(peer)
    nets = [ipaddress.ip_network(one) for one in trusted]
    chain = said.split(",") if said is not None and said.strip() else []
    while hop is not None and chain and any(hop in net for net in nets):
        hop = address(chain.pop())
    return hop


def path_of(request: str) -> str | None:
    """Return the first step of the path that was asked for."""
    if request == "-":
        return None
    parts = request.split(" ")
    url = parts[1] if len(parts) > 1 else ""
    scheme, colon, rest = url.partition("://")
    if colon and scheme[:1].isalpha() and all(c.isalnum() or c in "+.-" for c in scheme):
        for end, char in enumerate(rest):
            if char in "/?#":
                rest = rest[end:]
                break
        else:
            rest = ""
        url = rest
    for mark in "?#;":
        url = url.partition(mark)[0]
    steps = url.split("/")
    return "/" + (steps[1] if len(steps) > 1 else "")


def key_of(request: str) -> str | None:
    """Return the parameter api_key of the URL."""
    parts = request.split(" ")
    url = parts[1] if len(parts) > 1 and request != "-" else ""
    for mark in ("?", "&", ";"):
        url = url.replace(mark, "\n")
    for n, part in enumerate(url.split("\n")):
        if (n or url.startswith("api_key=")) and part.startswith("api_key="):
            return part.removeprefix("api_key=").partition("#")[0] or None
    return None


def day_of(first: str, second: str) -> str | None:
    """Return the UTC day of a time."""
    try:
        found = datetime.strptime(f"{first} {second}", "[%d/%b/%Y:%H:%M:%S %z]")
    except ValueError:
        return None
    return found.astimezone(UTC).date().isoformat()


def number(text: str, most: int) -> int | None:
    """Return a whole number, None where there is none or it is too large."""
    return int(text) if text.isascii() and text.isdigit() and int(text) <= most else None


def tries(lists: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[pytricia.PyTricia, ...]]:
    """Return a trie for each family of each list."""
    found = {}
    for name, prefixes in lists.items():
        four, six = pytricia.PyTricia(32), pytricia.PyTricia(128)
        for prefix in prefixes:
            (six if ":" in prefix else four)[prefix] = name
        found[name] = four, six
    return found


def audit(
    data: bytes, lists: Mapping[str, Sequence[str]], trusted: Sequence[str]
) -> tuple[Counter[Row], Counter[str], int]:
    """Return requests by row, unreadable lines by reason, and how many requests there are."""
    rows, wrong, requests = Counter[Row](), Counter[str](), 0
    held = tries(lists)
    for raw in data.split(b"\n")[:-1]:
        text = raw.decode("utf-8", "backslashreplace")
        words = words_of(text)
        shapes = [True] * 0 + [w[0] for w in words] if words else []
        base = [False] * 5 + [True] + [False] * 2
        if shapes not in (base, [*base, True, True], [*base, True, True, True]):
            wrong["not of the format" if text.strip(" \r") else "empty line"] += 1
            continue
        assert words is not None
        said = words[10][1] if len(words) > 10 else None
        who = client_of(words[0][1], None if said == "-" else said, trusted)
        if who is None:
            wrong["no address of a client"] += 1
            continue
        requests += 1
        rows.update(row(words, name, who) for name in holding(held, who))
    return rows, wrong, requests


def holding(held: Mapping[str, tuple[pytricia.PyTricia, ...]], who: Address) -> Iterator[str]:
    """Yield the lists that hold an address."""
    for name, (four, six) in held.items():
        if str(who) in (four if who.version == 4 else six):
            yield name


def row(words: list[tuple[bool, str]], name: str, who: Address) -> Row:
    """Return what tells a request apart from others."""
    request, user = words[5][1], words[2][1]
    return Row(
        name,
        str(who),
        day_of(words[3][1], words[4][1]),
        path_of(request),
        number(words[6][1], 32767),
        key_of(request),
        None if user == "-" else user,
    )
