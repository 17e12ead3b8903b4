"""Outputs, from their tables to checked values."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from blockc.errors import PolicyError, suggestion
from blockc.policy.checking.checks import Checks
from blockc.policy.checking.operation import check_command
from blockc.policy.checking.paths import PathClaims, clash, is_pattern, require_pattern
from blockc.policy.model import Fit, Option, Output, TargetFacts
from blockc.policy.syntax.policy_tables import OutputTable, PolicyTable
from blockc.registries import countries
from blockc.tomlio.tables import Place
from blockc.vocabulary import LOSSY, HeaderForm, LineForm, UntilBlock, WhenOver

_KEYS = frozenset(OutputTable.__struct_fields__)


def check_output(
    table: OutputTable, raw: Mapping[str, Any], place: Place, checks: Checks
) -> Output:
    """Return one output, noting what is wrong with it. `raw` holds the target's own options."""
    facts = checks.known.targets.get(table.target)
    if facts is None:
        near = suggestion(table.target, sorted(checks.known.targets)).removeprefix("; ")
        hint = near or "`blockc list targets` shows them all"
        checks.findings.add(place / "target", f"unknown target {table.target!r}", hint=hint)
    _check_path(table, raw, facts, place, checks)
    if facts and facts.whole:
        _check_whole(table, place, checks)
    if table.template and facts and not facts.template:
        said = f"an artifact of {table.target} is not text, so no template can write it"
        checks.findings.add_name(place / "template", said, hint="leave template out")
    if table.until_block is UntilBlock.MONITOR and not table.list:
        said = 'until_block = "monitor" goes with list'
        hint = "an entry of lists says warn itself"
        checks.findings.add_name(place / "until_block", said, hint=hint)
    return Output(
        target=table.target,
        path=table.path,
        lists=_lists(table, raw, facts, place, checks),
        says_action=bool(table.lists),
        country_map=table.map == "country",
        split_by_country=table.split_by == "country",
        fit=check_fit(table, place, checks),
        header=_header(table, facts, place, checks),
        template=table.template,
        options=target_options(
            {key: raw[key] for key in raw.keys() - _KEYS},
            table.target,
            facts.options if facts else None,
            place,
            checks,
        ),
        place=place,
        answers=table.response != "none",
        until_block=table.until_block,
        on_change=check_command(table, raw, place, checks),
        reader=_reader(table, facts, place, checks),
    )


def _reader(
    table: OutputTable, facts: TargetFacts | None, place: Place, checks: Checks
) -> LineForm | None:
    """Return how what a template writes is read, noting where that cannot be."""
    here = place / "reader"
    if not table.reader:
        return None
    if not table.template:
        said = "reader says how what a template of your own writes is read, and there is none"
        checks.findings.add_name(here, said, hint="give template, or leave reader out")
    if facts and not facts.lines:
        said = f"what is written for {table.target} is read by its own grammar"
        hint = 'leave reader out, or write target = "plain": then it is a text of your own'
        checks.findings.add_name(here, said, hint=hint)
    if isinstance(table.reader, str):
        return LineForm()
    form = table.reader
    lines = (form.line,) if isinstance(form.line, str) else form.line
    for line in lines or ("",):
        if line.count("{address}") != 1 or not line.isprintable():
            message = f"{line!r} does not say where the addresses of a line are"
            checks.findings.add(here / "line", message, hint="write {address} once into it")
    for mark in (*form.comments, *form.around):
        if not mark.strip() or not mark.isprintable():
            checks.findings.add(here, f"{mark!r} is not a text that a line could begin with")
    return LineForm(lines, form.comments, form.around)


def check_paths(outputs: Sequence[Output], checks: Checks) -> None:
    """Note every output that could write a file of another one."""
    claims, places = PathClaims(), dict[str, Place]()
    for one in outputs:
        if is_pattern(one.path):
            other = claims.claim(one.path)
            if other is not None:
                at = (places[other] / "path").location()
                said = f"{clash(one.path, other)} in {at.path}:{at.line}"
                checks.findings.add(one.place / "path", said, hint="give each output its own path")
            places.setdefault(one.path, one.place)


def _lists(
    table: OutputTable,
    raw: Mapping[str, Any],
    facts: TargetFacts | None,
    place: Place,
    checks: Checks,
) -> tuple[str, ...]:
    """Return the lists of an output, which says them in exactly one of three ways."""
    given = [key for key in ("list", "lists", "map") if key in raw]
    if len(given) != 1:
        hint = "give one of list = NAME, lists = [NAMES], map = 'country'"
        words = "says no list" if not given else f"says {' and '.join(given)}"
        checks.findings.add_missing(place / "list", f"this output {words}", hint=hint)
    elif not (table.list or table.lists or table.map):  # its artifact would stop nobody
        checks.findings.add(place / given[0], "this names no list", hint="name at least one")
    if table.lists and facts and not facts.several_lists:
        said = f"{table.target} holds one list per artifact"
        checks.findings.add_name(place / "lists", said, hint="write an output per list")
    if table.map and facts and not facts.country_map:
        checks.findings.add_name(place / "map", f"{table.target} cannot hold the country map")
    named = [(name, place / "lists" / n) for n, name in enumerate(table.lists)]
    named += [(table.list, place / "list")] if table.list else []
    return tuple(name for name, here in named if checks.list_exists(name, here))


def _header(
    table: OutputTable, facts: TargetFacts | None, place: Place, checks: Checks
) -> HeaderForm:
    if table.header is HeaderForm.NONE and facts and not facts.comments:
        said = f"{table.target} has no header to leave out: its syntax has no comments"
        checks.findings.add(place / "header", said, hint='leave header = "none" out')
    return table.header


def _check_path(
    table: OutputTable,
    raw: Mapping[str, Any],
    facts: TargetFacts | None,
    place: Place,
    checks: Checks,
) -> None:
    here = place / "path"
    try:
        placeholders = require_pattern(table.path)
    except PolicyError as mistake:
        checks.findings.add_error(here, mistake)
        return
    split = "split_by" in raw
    if split and table.map:
        checks.findings.add_name(place / "split_by", "the country map is one artifact, not split")
    if split and "country" not in placeholders:
        hint = "such as zones/{country}.{family}.zone"
        checks.findings.add(here, "split_by = 'country' needs {country} in the path", hint=hint)
    if "country" in placeholders and not split:
        hint = "add split_by = 'country'"
        checks.findings.add(here, "{country} has no value here", hint=hint, part="{country}")
    if split and facts and facts.one_family and "family" not in placeholders:
        said = f"{table.target} holds one family a file, so the path needs {{family}}"
        checks.findings.add(here, said)


def _check_whole(table: OutputTable, place: Place, checks: Checks) -> None:
    """Note what would split a list for a platform on which its parts do not add up."""
    split = {"when_over": table.when_over is WhenOver.SPLIT, "split_by": bool(table.split_by)}
    for key in (key for key, asked in split.items() if asked):
        said = f"{table.target} needs the whole list in one artifact: its parts would not add up"
        checks.findings.add_name(place / key, said, hint=f"leave {key} out")


def target_options(
    raw: Mapping[str, Any],
    target: str,
    known: Collection[str] | None,
    place: Place,
    checks: Checks,
    own: Collection[str] = _KEYS,
) -> dict[str, Option]:
    """Return the keys of an output that belong to its target.

    Args:
        raw: The keys that are not those of every output.
        known: The options of the target; None if nobody knows the target.
        own: The keys of every output, for what is suggested.
    """
    options: dict[str, Option] = {}
    for key in sorted(raw):
        if known is not None and key not in known:
            from blockc.tomlio.repair import advice_on_key

            advice = advice_on_key(key, sorted({*own, *known}), PolicyTable)
            said = f"unknown key {key!r}, neither of an output nor of {target}{advice}"
            checks.findings.add_name(place / key, said)
            continue
        value = raw[key]
        if isinstance(value, str | int):
            options[key] = value
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            options[key] = tuple(value)
        else:
            said = "expected text, a whole number, true, false or a list of texts"
            checks.findings.add(place / key, said)
    return options


def check_fit(table: OutputTable, place: Place, checks: Checks) -> Fit:
    """Return how an output may be fitted, noting what is wrong with it."""
    for key in ("max_entries", "lengths", "parts"):
        number = getattr(table, key)
        if number is not None and number < 1:
            checks.findings.add(place / key, "expected at least 1")
    _check_balance(table, place, checks)
    return Fit(
        max_entries=table.max_entries,
        when_over=table.when_over,
        mu=_mu(table, place, checks),
        weigh=table.weigh,
        factors=dict(_factors(table, place, checks)),
        spare=tuple(_countries(table.spare, place / "spare", checks)),
        dont_care=table.dont_care,
        lengths=table.lengths,
        parts=table.parts,
    )


def _check_balance(table: OutputTable, place: Place, checks: Checks) -> None:
    """Note keys that would do nothing: somebody believes that they do."""
    if table.mu is not None and table.when_over != "balance":
        checks.findings.add_name(place / "mu", "only when_over = 'balance' has a mu")
    if table.parts is not None and table.when_over != "split":
        checks.findings.add_name(place / "parts", "only when_over = 'split' makes parts")
    lossy = table.when_over in LOSSY
    for key in ("factors", "spare"):
        if getattr(table, key) and not lossy:
            said = f"{key} weighs harm, and when_over = {table.when_over.value!r} does none"
            checks.findings.add_name(place / key, said, hint=f"expected one of {', '.join(LOSSY)}")


def _mu(table: OutputTable, place: Place, checks: Checks) -> Fraction:
    """Return mu as the decimal that was written, so that no binary rounding decides a tie."""
    if table.mu is None:
        return Fraction(1)
    if not 0 <= table.mu <= 10**9:
        checks.findings.add(place / "mu", "expected a number from 0 to 1,000,000,000")
        return Fraction(1)
    return Fraction(repr(table.mu))


def _factors(table: OutputTable, place: Place, checks: Checks) -> Iterator[tuple[str, int]]:
    for name, factor in sorted(table.factors.items()):
        here = place / "factors" / name
        if not 0 <= factor <= 10**6:
            checks.findings.add(here, "expected a factor from 0 to 1,000,000")
        for code in _countries([name], here, checks):
            yield code, factor


def _countries(names: Iterable[str], place: Place, checks: Checks) -> Iterator[str]:
    for name in names:
        if countries.is_code(name):
            checks.note(place, name)
            yield name
        else:
            hint = countries.advice(name)
            checks.findings.add(place, f"unknown country {name!r}", hint=hint, part=name)
