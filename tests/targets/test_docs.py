"""`docs/targets.md` says of every target what its descriptor says; `make golden` writes it anew."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.core.options import Option
from blockc.targets.core.target import EntryForm, Layout, Reference, Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import ALL

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "targets.md"
GOLDEN = CHECKOUT / "tests" / "golden"

PREFACE = """\
# Targets

Made from the targets themselves; `make golden` writes it anew.

A target is one output dialect: what it can say, the limits of its platform with where they are
written and when somebody looked, a template, and a reader by which every artifact is read back
and proved before anything is published. What a target cannot express is refused before anything
is compiled, and what exceeds a limit before anything is written.

The country of an address is where it is registered, not where it is used.
"""
HEADS = (
    "target", "decided by", "`list`", "`lists`", "country map", "nested exceptions", "two sets",
    "most entries", "tried with",
)  # fmt: skip
NOTES = """
*nested exceptions*: an entry inside another one takes back what that says, which saves entries.
*two sets*: `when_over = "two-sets"` writes what to block and what to spare of it apart.
*tried with*: the real programs that load every kind of artifact in blockc's tests.
"""
DECIDES = {
    Match.LONGEST: "the longest prefix that holds it; order does not matter",
    Match.MEMBER: "whether any prefix holds it",
    Match.INTERVALS: "whether any range holds it; ranges do not overlap",
    Match.FIRST: "the first entry in order that holds it",
    Match.TWO_SETS: "whether it is in one set and not in another",
}
LAYOUTS = {
    Layout.TOGETHER: "both in one file",
    Layout.EITHER: "both in one file, or one a file where the path has `{family}`",
    Layout.APART: "one a file",
}
FORMS = {
    EntryForm.PREFIX: "prefixes (`192.0.2.0/24`, `192.0.2.7/32`)",
    EntryForm.HOST: "prefixes, single addresses bare (`192.0.2.0/24`, `192.0.2.7`)",
    EntryForm.RANGE: "ranges (`192.0.2.0-192.0.2.6`, `192.0.2.7`)",
}
KINDS = {
    ContentKind.LIST: '`list = "NAME"`',
    ContentKind.VERDICTS: "`lists = [NAMES]`",
    ContentKind.COUNTRIES: '`map = "country"`',
}


def page() -> str:
    """Return the whole page."""
    parts = [PREFACE, *matrix(), *(line for target in ALL for line in section(target))]
    return "\n".join(parts) + "\n"


def matrix() -> Iterator[str]:
    """Yield the table of what each target can do."""
    yield "## What each can do\n"
    yield from table(HEADS, map(row, ALL))
    yield NOTES


def row(target: Target) -> tuple[str, ...]:
    """Return what one target can do."""
    limit = f"{target.max_entries.count:,}" if target.max_entries else "none stated"
    return (
        f"[`{target.name}`](#{target.name})",
        f"{target.match} match" if target.match is Match.LONGEST else str(target.match),
        *(mark(kind in target.words) for kind in ContentKind),
        mark(target.has_exceptions),
        mark(target.two_sets is not None),
        limit,
        ", ".join(target.programs) or "-",
    )


def section(target: Target) -> Iterator[str]:
    """Yield everything about one target."""
    yield f"## {target.name}\n"
    yield f"{target.title}. An address is decided by {DECIDES[target.match]}.\n"
    yield f"- families: {LAYOUTS[target.layout]}"
    yield f"- entries: {FORMS[target.form]}"
    yield f"- files for `list.{ending(target)}`: {files(target)}"
    if target.two_sets:
        yield f'- with `when_over = "two-sets"`: {files(target.two_sets)}'
    if target.unasked:
        space = ", ".join(f"`{prefix}`" for prefix in target.unasked)
        yield f"- never looked up, so without entries: {space}"
    yield from limits(target)
    yield from words(target)
    if target.notes:
        yield f"\n{target.notes}"
    if target.options:
        yield ""
        yield from table(("option", "default", "expected"), map(option_row, target.options))
    yield f"\n```\n{sample(target)}```\n"
    yield "Written at: " + ", ".join(dict.fromkeys(map(link, target.references))) + ".\n"


def limits(target: Target) -> Iterator[str]:
    """Yield the limits of a platform, each with its source."""
    if target.max_entries:
        limit = target.max_entries
        knob = f", set by the option `{limit.option}`" if limit.option else ""
        yield f"- at most {limit.count:,} entries a family and file{knob} ({link(limit.reference)})"
    if target.lengths:
        lengths = " and ".join(
            f"/{allowed.start} to /{allowed.stop - 1} in {family.name}"
            for family in FAMILIES
            if (allowed := target.lengths.of(family))
        )
        yield f"- prefix lengths {lengths} ({link(target.lengths.reference)})"


def words(target: Target) -> Iterator[str]:
    """Yield how each kind of artifact says its verdicts."""
    for kind, vocabulary in target.words.items():
        said = [
            f"{verdict or 'an exception'} {f'as `{word}`' if word else 'without a word'}"
            for verdict, word in vocabulary.said.items()
        ]
        if vocabulary.countries:
            said = ["a country as its code", "no country as `ZZ`"]
        yield f"- {KINDS[kind]} says {', '.join(said)}"


def option_row(option: Option) -> tuple[str, ...]:
    default = str(option.default).lower() if option.default in (True, False) else option.default
    return f"`{option.name}`", f"`{default}`", option.expects


def ending(target: Target) -> str:
    return target.template.split(".")[1]


def files(target: Target) -> str:
    return ", ".join(f"`{file.path}`" for file in target.files(f"list.{ending(target)}"))


def sample(target: Target) -> str:
    """Return a small artifact from the golden files, without what its header says of sources."""
    folder = GOLDEN / ("nested" if target.has_exceptions else "mixed") / target.name
    first = target.files(f"list.{ending(target)}")[0].path
    lines = (folder / first).read_text(encoding="utf-8").splitlines(keepends=True)
    if not target.comment:
        return "".join(lines)
    return "".join(line for line in lines if "sha256:" not in line)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def mark(able: bool) -> str:  # noqa: FBT001
    return "yes" if able else "-"


def link(reference: Reference) -> str:
    return f"<{reference.url}>, read {reference.checked}"


def test_the_page_of_the_targets_is_what_they_say(request: pytest.FixtureRequest) -> None:
    text = page()
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text


def test_every_target_and_option_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for target in ALL:
        assert f"## {target.name}\n" in text
        for option in target.options:
            assert f"| `{option.name}` |" in text
