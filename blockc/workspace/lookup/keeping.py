"""Keeps what a look-up would say of every single address, for `kept` to say it again."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import V4, Family
from blockc.addresses.rules import deciding_rules
from blockc.explain.lookup import Chain, every_chain
from blockc.explain.published_lines import PublishedLines, PublishedPart
from blockc.policy.meaning.resolve import Resolved
from blockc.policy.meaning.schedule import days_left
from blockc.policy.meaning.summary import same_until
from blockc.policy.syntax.selectors import (
    AddressRange,
    AsnListSelector,
    AsnSelector,
    FeedSelector,
    FileSelector,
)
from blockc.registries.records import REGISTRIES, STATUSES, Records
from blockc.registries.registry_map import holders
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.syntax.reading import Reading
from blockc.values import replace
from blockc.workspace.inputs import InputOptions
from blockc.workspace.locked_data import LockedData
from blockc.workspace.lookup.explaining import Explainer, asked_day
from blockc.workspace.lookup.kept import (
    KIND,
    LINES_KIND,
    digest_of,
    family_key,
    line_with,
    lines_key,
    made_digest,
    packed,
    record_form,
    rule_form,
)
from blockc.workspace.lookup.report import LookupReports
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.unchanged import BuildCheck

_NAMING_ROWS = FileSelector | FeedSelector | AsnSelector | AsnListSelector
Columns = dict[str, tuple[int, bytes]]


def keep(check: BuildCheck, day: ProjectDay, explainer: Explainer) -> bool:
    """Keep what a look-up on a day would say; return False if that is not certain or possible.

    Args:
        check: Was made before the day was read.
        explainer: Has answered: what it read of the artifacts is kept, too.
    """
    found = check.made_from(day, same_until(day.resolved))
    ended = _ended(day.resolved)
    if found is None or ended is None:
        return False
    made_from = {**found, "day": day.resolved.as_of.isoformat()}
    if explainer.lines:
        _keep_lines(check, made_digest(made_from), explainer.lines)
    chains, parts = every_chain(day.resolved)
    head = {
        **made_from,
        "beside": _beside(day),
        "report": LookupReports(day).head(),
        "chains": [_chain(one, LookupReports(day)) for one in chains],
        "ended": ended,
        "files": [(one.path, one.digest) for one in explainer.files],
        "registries": REGISTRIES,
        "statuses": STATUSES,
        "specs": [*_specs(explainer.lines)] if explainer.lines else None,  # nothing looked at
    }
    text = json.dumps(head).encode()
    digest = hashlib.sha256(text).hexdigest()
    for part in parts:
        held = {
            "chains": _packed(part.family, part.starts),
            "chain of run": (4, part.labels.astype(">u4").tobytes()),
            **_records(part.family, explainer),
        }
        key = family_key(check.key, part.family)
        if not check.store.put(KIND, key, packed({"of": digest}, held)):
            return False
    return check.store.put(KIND, check.key, text)


def keep_all(project: Project, folder: Path, options: InputOptions) -> bool:
    """Keep what look-ups of this day would say, before anybody asks; see `keep`.

    Args:
        folder: What is published, of which every artifact is read.

    Raises:
        BlockcError: The policy or its data cannot be read.
    """
    asked = replace(options, allow_expired=False)
    check = BuildCheck.before(project.store_root, project.file, folder, asked)
    day = asked_day(project, asked)
    explainer = Explainer(day, folder)
    if explainer.lines:
        explainer.lines.read_all()
    return keep(check, day, explainer)


def _packed(family: Family, column: Column) -> tuple[int, bytes]:
    """Return a column as bytes that sort as its numbers do, and the width of each."""
    if columns.is_wide(column):
        return 16, np.ascontiguousarray(column).tobytes()
    size = min(8, family.width // 8)
    return size, column.astype(f">u{size}").tobytes()


def _records(family: Family, explainer: Explainer) -> Columns:
    """Return which record decides where, and the records."""
    parts = [(n, p) for n, f in enumerate(explainer.files) for p in f.records if p.family == family]
    records = Records.concat([part for _, part in parts], family)
    files = np.repeat([n for n, _ in parts], [len(part) for _, part in parts]).astype(np.uint8)
    deciding = holders(records)
    (start, last), *_ = columns.spans_alike([(records.start, records.last)])
    width, first = _packed(family, start)
    names = ["first", "last", "country", "registry", "status", "file", "date", "line"]
    kinds = [f"S{width}", f"S{width}", ">u2", "u1", "u1", "u1", ">u4", ">u4"]
    rows = np.zeros(len(records), np.dtype(list(zip(names, kinds, strict=True))))
    if rows.dtype.itemsize != record_form(width).size:
        raise ValueError("records are packed in two ways")
    rows["first"] = np.frombuffer(first, f"S{width}")
    rows["last"] = np.frombuffer(_packed(family, last)[1], f"S{width}")
    for name in ("country", "registry", "status", "date"):
        rows[name] = getattr(records, name)
    rows["file"], rows["line"] = files, records.row
    return {
        "records": _packed(family, deciding.starts),
        "record of run": (4, deciding.labels.astype(">u4").tobytes()),
        "rows": (rows.dtype.itemsize, rows.tobytes()),
    }


def _chain(chain: Chain, reports: LookupReports) -> dict[str, Any]:
    """Return a chain as reports have it; `rows`: that rows of sources are shown with it."""
    entries = [*chain.protected, *(entry for one in chain.lists for entry in one.entries)]
    rows = any(isinstance(one.located.selector, _NAMING_ROWS) for one in entries)
    return {**reports.chain(chain), "rows": rows}


def _ended(resolved: Resolved) -> list[tuple[str, int, int]] | None:
    """Return the spans of exceptions that have ended; None if one of them is no span."""
    found = []
    for one in resolved.lists:
        for exemption in one.definition.exemptions:
            if (days_left(exemption, resolved.moment) or 0) >= 0:
                continue
            selector = exemption.located.selector
            if not isinstance(selector, AddressRange):
                return None
            found.append((selector.family.name, selector.first, selector.last))
    return found


def _beside(day: ProjectDay) -> dict[str, str]:
    """Return the files that urls of registries name, which decide how a record's file is called."""
    feeds = day.resolved.matrix.selectors.data.feeds
    if day.options.data or not isinstance(feeds, LockedData):
        return {}
    paths = [feeds.own_path(one.origin.name) for one in day.found]
    return {str(path): digest_of(str(path)) for path in paths if path}


def _specs(lines: PublishedLines) -> Iterator[dict[str, Any]]:
    """Yield what says which files an artifact has; of one in parts, also those of one part more."""
    for spec in lines.specs:
        yield {
            "target": spec.target.name,
            "holds": spec.name,
            "piece": spec.name.partition("/")[2] if spec.output.split_by_country else None,
            "in_parts": spec.in_parts,
            "parts": [
                [[file.path, [one.name for one in file.families]] for file in files]
                for files in lines.files_of(spec)
            ],
        }


def _keep_lines(check: BuildCheck, made: str, lines: PublishedLines) -> None:
    """Keep which rule decides where in each part of an artifact that has been read."""
    for spec, part in lines.read():
        if isinstance(part.reading, str):
            continue
        held: Columns = {}
        said = part.said(spec, V4, 0).wrong if spec.kind is ContentKind.CODES else ""
        for family, rules in part.reading.rules.items():
            deciding = deciding_rules(spec.dialect.match, rules)
            rows = deciding.labels - 1
            held[f"{family.name} runs"] = _packed(family, deciding.starts)
            held[f"{family.name} rules"] = _rules(family, part.reading, rows)
        head = {
            "said": said,
            "names": part.reading.names,
            "whole": _whole(part.reading),
            "found": _are_found(part, part.reading),
        }
        key = lines_key(made, part.held[0].path, [file.data for file in part.held])
        check.store.put(LINES_KIND, key, packed(head, held))


def _rules(family: Family, reading: Reading, rows: "np.ndarray[Any, Any]") -> tuple[int, bytes]:
    """Return the rule of each run: its ends and its verdict."""
    rules = reading.rules[family]
    width, first = _packed(family, rules.start)
    kinds = [("first", f"S{width}"), ("last", f"S{width}"), ("verdict", ">i2")]
    found = np.zeros(len(rows), np.dtype(kinds))
    if found.dtype.itemsize != rule_form(width).size:
        raise ValueError("rules are packed in two ways")
    there = rows >= 0
    found["verdict"] = -1
    found["first"][there] = np.frombuffer(first, f"S{width}")[rows[there]]
    found["last"][there] = np.frombuffer(_packed(family, rules.last)[1], f"S{width}")[rows[there]]
    found["verdict"][there] = rules.verdict[rows[there]]
    return found.dtype.itemsize, found.tobytes()


def _whole(reading: Reading) -> dict[str, str]:
    """Return family -> the file, where the entries of a family stand in no line."""
    places = {f: reading.place(f, 0) for f, rules in reading.rules.items() if len(rules)}
    return {f.name: at.path for f, at in places.items() if at and not (at.line or at.text)}


def _are_found(part: PublishedPart, reading: Reading) -> bool:
    """Return whether rules are found by how their addresses are spelled: the first is tried.

    A file spells all entries of a family alike, and a place far down takes long to be told.
    """
    for family, rules in reading.rules.items():
        files = [(file.path, file.data) for file in part.held if family in file.families]
        if not len(rules):
            continue
        (first,) = columns.ints(family, rules.start[:1])
        (last,) = columns.last_ints(family, rules.last[:1])
        at, line = reading.place(family, 0), line_with(family, first, last, files)
        if at is None or line is None:
            return False
        told = at.path, at.line, at.text.strip()
        if told != (line.path, line.number, line.text.strip()):
            return False
    return True
