"""Suricata IP reputation: a score for each prefix, the category it is of, and the rule about it.

Suricata looks an address up among single hosts and then among networks, by the longest prefix.
Entries are disjoint, so one score holds.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.delimited import DelimitedGrammar
from blockc.targets.syntax.reading import BLOCK, Found, Ordered, Reading, acting, decoded
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_SCORES = range(1, 128)  # 0 means no data
_IDS = range(1, 60)  # a table of 60 in Suricata, the first of them unused
_REPUTATIONS = DelimitedGrammar("Suricata", 3, comment="#")
_ACTIONS = {BLOCK: "drop", "monitor": "alert"}
_CATEGORY = re.compile(
    r"(?:#[^\n]*\n)*+(?P<id>[0-9]{1,2}),(?P<name>[A-Za-z0-9_-]{1,31}),[A-Za-z0-9 :_+-]+\n"
)
_RULE = re.compile(
    r"""(?:\#[^\n]*\n)*+(?P<action>drop|alert)\ ip\ any\ any\ ->\ any\ any\ \(
    msg:"(?P<msg>[A-Za-z0-9 :_+-]+)";\ iprep:src,(?P<category>[A-Za-z0-9_-]{1,31}),=,
    (?P<score>[0-9]{1,3});\ sid:(?P<sid>[0-9]{1,10});\ rev:1;\)\n""",
    re.VERBOSE | re.ASCII,
)


def read_reputation(texts: Sequence[Text]) -> Reading:
    """Return the rules of a reputation file, as the rule in the last file uses their scores.

    Source: https://docs.suricata.io/en/suricata-7.0.11/reputation/ipreputation/ and Suricata's
    src/reputation.c and src/detect-iprep.c. A line that it cannot read it leaves out, with a line
    in its log, so everything must be as it is expected.
    """
    scores, categories, rules = texts
    table = _REPUTATIONS.read(scores)
    networks, ids, values = table.columns()
    parts = decode_rules(scores, networks, 1, table.error)
    require_distinct(parts)
    category = _whole(_CATEGORY, categories, "one category: ID,NAME,DESCRIPTION")
    rule = _whole(_RULE, rules, "one rule about iprep:src")
    found = [*table.one_value("category id", ids), *table.one_value("score", values)]
    for text, what, match, group in (
        (categories, "category id", category, "id"),
        (categories, "Suricata category", category, "name"),
        (rules, "Suricata category", rule, "category"),
        (rules, "score", rule, "score"),
        (rules, "Suricata sid", rule, "sid"),
        (rules, "message", rule, "msg"),
    ):
        error = partial(text.error, at=match.start(group), width=len(match[group]))
        found.append(Found(what, match[group], text.path, error))
    numbers = {"category id", "score", "Suricata sid"}
    about = [replace(f, value=int(str(f.value))) if f.what in numbers else f for f in found]
    action = next(action for action, word in _ACTIONS.items() if word == rule["action"])
    return acting(Reading(parts, found=tuple(about)), action)


def _whole(pattern: re.Pattern[str], text: Text, expected: str) -> re.Match[str]:
    match = pattern.fullmatch(text.text)
    if match is None:
        raise text.error(f"expected {expected}", 0)
    return match


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    filled = any(part.count for part in parts)
    if file.writer == _RULES.template:
        sample = "SAMPLE DATA: " if document.provenance.sample else ""
        yield Ordered("Suricata category", option["category"])
        yield Ordered("score", option["score"])
        yield Ordered("Suricata sid", option["sid"], claimed=True)
        yield Ordered("message", f"{sample}list {document.provenance.list}")
    elif file.writer == _CATEGORIES.template:
        yield Ordered("category id", option["category_id"], claimed=True)
        yield Ordered("Suricata category", option["category"], claimed=True)
    else:
        yield Ordered("category id", option["category_id"], required=filled)
        yield Ordered("score", option["score"], required=filled)


_NOTES = """\
Suricata has one file of categories for all lists: put the lines of each `.categories.txt` into the
one that `reputation-categories-file` names, with a `category_id` for each list. Name the list under
`reputation-files` and the rule under `rule-files`.

The rule drops packets where Suricata is inline, and else alerts as in the stage `monitor`. SIGUSR2
reads rules and reputation again, but not the categories: a new one needs a restart. Every entry is
a network, a single address too, so none of them takes room in Suricata's table of hosts."""

_CATEGORIES = ExtraFile("suricata-iprep.categories.txt.j2", ".categories.txt", FAMILIES)
_RULES = ExtraFile("suricata-iprep.rules.j2", ".rules", FAMILIES)

SURICATA_IPREP = Target(
    name="suricata-iprep",
    title="Suricata IP reputation",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="suricata-iprep.list.j2",
    ending="list",
    reader=decoded(read_reputation),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    packets=True,
    comment="#",
    extra_files=(_CATEGORIES, _RULES),
    options=(
        Option(
            "category",
            "{list}",
            "1 to 31 letters, digits, - or _, a letter first",
            pattern=r"[A-Za-z][A-Za-z0-9_-]{0,30}",
            part="-{part}",
            about="the short name of the category",
        ),
        Option(
            "category_id",
            1,
            "a number from 1 to 59",
            within=_IDS,
            about="the number of the category, another for each list",
        ),
        Option(
            "score",
            127,
            "a number from 1 to 127",
            within=_SCORES,
            about="the score of each entry, which the rule asks for",
        ),
        Option(
            "sid",
            1_000_001,
            "a number from 1000000 to 1999999",
            within=range(1_000_000, 2_000_000),
            about="the number of the rule, another for each list",
        ),
    ),
    responses=Responses(actions=frozenset({"monitor"})),
    maturity=Maturity.SCHEMA,
    pypi=("suricata-update",),
    notes=_NOTES,
    references=(
        Reference(
            "https://docs.suricata.io/en/suricata-6.0.20/reputation/ipreputation/"
            "ip-reputation-format.html",
            checked="2026-11-27",
        ),
        Reference(
            "https://docs.suricata.io/en/suricata-6.0.20/rules/ip-reputation-rules.html",
            checked="2026-11-27",
        ),
    ),
    deployment=Deployment(
        load="suricata -T && kill -USR2 $(pidof suricata)  # reads rules and reputation again",
        rollback="blockc rollback && kill -USR2 $(pidof suricata)",
    ),
)
