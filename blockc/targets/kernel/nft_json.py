"""A table as `nft -j list` shows it, put into the words of `nft list`.

Source: libnftables-json(5), and nft 1.0.6 itself. What has no word here is an error.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from blockc.targets.syntax.tokens import Text
from blockc.values import loads_json, replace

Shown = Mapping[str, Any]
_OF_SET = {"family", "table", "name", "handle", "type", "flags", "elem"}
_OF_CHAIN = {"family", "table", "name", "handle", "type", "hook", "prio", "policy"}
_BURST = 5  # packets, the default: `nft list` leaves it out


def is_json(text: Text) -> bool:
    """Return whether nft was asked for JSON."""
    return text.text.lstrip()[:1] == "{"


def in_words(text: Text, table: str) -> Text:
    """Return a table of the family inet, and nothing else, as `nft list table` shows it.

    Raises:
        SourceSyntaxError: It is not there, or something in it has no word here.
    """
    try:
        shown = loads_json(text.text)["nftables"]
        lines = [*_lines(text, [one for one in shown if isinstance(one, dict)], table)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise text.error("not what nft -j shows", 0) from None
    return replace(text, text="".join(f"{line}\n" for line in lines))


def _lines(text: Text, shown: list[Shown], table: str) -> Iterator[str]:
    ours = {"family": "inet", "name": table}
    if not any(ours.items() <= one.get("table", {}).items() for one in shown):
        raise text.error(f"there is no table inet {table}", 0)
    inside = [
        (kind, value)
        for one in shown
        for kind, value in one.items()
        if isinstance(value, dict) and (value.get("family"), value.get("table")) == ("inet", table)
    ]
    for kind, value in inside:
        if kind not in {"set", "chain", "rule"}:
            raise text.error(f"the table has a {kind}, which is not understood", 0)
        _require_keys(text, kind, value)
    yield f"table inet {table} {{"
    for kind, value in inside:
        if kind == "set":
            yield f"set {value['name']} {{"
            yield f"type {value['type']}"
            yield f"flags {','.join(value['flags'])}"
            if value.get("elem"):
                yield f"elements = {{ {', '.join(map(_element, value['elem']))} }}"
            yield "}"
        elif kind == "chain":
            rules: list[Shown] = [
                v for k, v in inside if k == "rule" and v["chain"] == value["name"]
            ]
            yield from _chain(text, value, rules)
    yield "}"


def _require_keys(text: Text, kind: str, value: Shown) -> None:
    known = {"set": _OF_SET, "chain": _OF_CHAIN}.get(kind)
    for key in value:
        if known and key not in known:
            raise text.error(f"{kind} {value['name']} has {key!r}, which is not understood", 0)


def _element(one: Any) -> str:
    if isinstance(one, str):
        return one
    if "range" in one:
        first, last = one["range"]
        return f"{first}-{last}"
    return f"{one['prefix']['addr']}/{one['prefix']['len']}"


def _chain(text: Text, chain: Shown, rules: list[Shown]) -> Iterator[str]:
    yield f"chain {chain['name']} {{"
    if "hook" in chain:
        base = f"type {chain['type']} hook {chain['hook']} priority {chain['prio']}"
        yield f"{base}; policy {chain['policy']};"
    for rule in rules:
        yield " ".join(_words(text, one) for one in rule["expr"])
    yield "}"


def _words(text: Text, expression: Shown) -> str:
    """Return one expression of a rule in words."""
    found = ""
    ((kind, value),) = expression.items()
    match kind, value:
        case (("accept" | "drop"), None):
            found = str(kind)
        case "counter", (None | {"packets": int(), "bytes": int()}):
            found = "counter"
        case "limit", {"rate": int(rate), "per": str(per), **more}:
            found = f"limit rate {rate}/{per}" if more in ({}, {"burst": _BURST}) else ""
        case "log", {"prefix": str(prefix), **more}:
            found = "" if more else f'log prefix "{prefix}"'
        case "match", {"op": str(op), "left": dict(left), "right": right}:
            found = _compared(op, left, right)
    if not found:
        raise text.error(f"a rule has {json.dumps(expression)}, which is not understood", 0)
    return found


def _compared(op: str, left: Shown, right: Any) -> str:
    """Return what a packet is compared with in words, nothing if there are none."""
    match op, left:
        case "==", {"meta": {"key": ("iif" | "iifname") as key}}:
            return f'{key} "{right}"'
        case (("in" | "=="), {"ct": {"key": "state"}}) if isinstance(right, list):
            return f"ct state {','.join(right)}"
        case "==", {"payload": {"protocol": of, "field": field}}:
            return f"{of} {field} {right}"
    return ""
