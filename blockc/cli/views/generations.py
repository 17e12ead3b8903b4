"""Generations, as a table for people and as JSON for programs."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from blockc.cli.console import show_table
from blockc.cli.options import Settings
from blockc.errors import printable
from blockc.publish.history import Pin
from blockc.publish.past import KeptGeneration
from blockc.vocabulary import UNDATED

SHORT = 12  # digits of a digest that people see


def instant(at: datetime) -> str:
    """Return an instant in UTC as people read it."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def pinned_text(pin: Pin) -> str:
    """Return that a folder is pinned, by whom, since when, and what ends it."""
    why = f" ({pin.reason})" if pin.reason else ""
    said = f"pinned to {pin.generation} by {pin.by} since {instant(pin.at)} UTC{why}"
    return f"{said}; `blockc rollback --release` ends it"


def pin_report(pin: Pin | None) -> dict[str, str] | None:
    """Return a pin as `docs/json.md` describes it."""
    if pin is None:
        return None
    at = pin.at.isoformat()
    return {"generation": pin.generation, "by": pin.by, "at": at, "reason": pin.reason}


def generation_report(one: KeptGeneration) -> dict[str, Any]:
    """Return a generation as `docs/json.md` describes it."""
    approved = one.facts.get("approved")
    return {
        "name": one.name,
        "at": one.at.isoformat(),
        "live": one.live,
        "pinned": one.pinned,
        "policy": one.facts.get("policy"),
        "lock": one.facts.get("lock") or None,
        "blockc": one.facts.get("blockc"),
        "sample": one.facts.get("sample"),
        "as_of": one.facts.get("as_of"),
        "sources": one.facts.get("sources", []),
        "files": len(one.facts.get("artifacts", {})),
        "bytes": one.size,
        "approved": approved if isinstance(approved, dict) else None,
    }


def show_generations(settings: Settings, place: Path, found: Sequence[KeptGeneration]) -> None:
    """Print the generations that are kept."""
    heads = ["generation", "published (UTC)", "", "policy", "sources", "files", "bytes", "approved"]
    title = f"Generations in {printable(str(place))}"
    show_table(settings, title, heads, [_row(generation_report(one)) for one in found])


def _row(one: dict[str, Any]) -> list[str | int]:
    marks = [word for word in ("live", "pinned") if one[word]]
    days = sorted({source["date"] for source in one["sources"]} - {UNDATED})
    span = f", {' to '.join(dict.fromkeys((days[0], days[-1])))}" if days else ""
    sources = f"{len(one['sources'])}{span}" if one["sources"] else "-"
    who = (one["approved"] or {}).get("by") or "-"
    return [
        one["name"],
        instant(datetime.fromisoformat(one["at"])),
        ", ".join(marks),
        (one["policy"] or "-")[:SHORT],
        sources,
        one["files"],
        one["bytes"],
        who,
    ]
