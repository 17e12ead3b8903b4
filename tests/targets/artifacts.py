"""Artifacts for tests: rules as the build makes them, drafts, and the texts of every target."""

from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrSet, Family, Prefix, Prefixes
from blockc.addresses.parse import parse_prefix
from blockc.addresses.rules import Match, Rules
from blockc.passes.exact.lengths import legal, ordered
from blockc.resources import templates_dir
from blockc.targets.core.document import Document
from blockc.targets.core.provenance import Origin, Provenance
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import EntryForm, Target
from blockc.targets.core.target_options import OptionContext, OptionValue
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.vocabulary import HeaderForm

PATH = "out/list.conf"
LINK = "https://example.com/legal?a=1&b=%20;c,(d)"
#: Every way a target writes addresses, for tests of all of them.
OF_ADDRESSES = [target for target in TARGETS.values() if not target.codes]
DIALECTS = [pytest.param(target, id=target.name) for target in OF_ADDRESSES] + [
    pytest.param(target.in_two_sets(), id=f"{target.name}-two-sets")
    for target in OF_ADDRESSES
    if target.two_sets
]
DIALECTS += [
    pytest.param(target.responding(), id=f"{target.name}-responding")
    for target in OF_ADDRESSES
    if target.responses.reader
]
TEMPLATES: Mapping[str, Text] = {
    path.name: Text(path.name, path.read_text(encoding="utf-8"), file=str(path))
    for path in sorted(templates_dir().glob("*.j2"))
}
PROVENANCE = Provenance(
    header=HeaderForm.FULL,
    list="export-control",
    policy="sha256:" + "1f" * 32,
    title="Export control: O'Brien & <Söhne>",
    sources=(
        Origin("apnic", "2018-10-12", "sha256:" + "2e" * 32),
        Origin("ripencc", "2018-10-13", "sha256:" + "3d" * 32),
    ),
)


def prefixes(*texts: str) -> AddrSet:
    """Return the union of prefixes written as text."""
    return AddrSet.of(parse_prefix(text) for text in texts)


EDGES: Mapping[str, AddrSet] = {
    "nothing": AddrSet.empty(),
    "everything": AddrSet.everything(),
    "all of ipv4": AddrSet.everything().only(V4),
    "all of ipv6": AddrSet.everything().only(V6),
    "ipv4 only": prefixes("192.0.2.0/24", "198.51.100.7/32"),
    "ipv6 only": prefixes("2001:db8::/32", "2001:db9::1/128"),
    "first addresses": prefixes("0.0.0.0/32", "::/128"),
    "last addresses": prefixes("255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
    "all but the ends": AddrSet.everything()
    - prefixes("0.0.0.0/32", "255.255.255.255/32", "::/128")
    - prefixes("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
    "halves": prefixes("0.0.0.0/1", "8000::/1"),
    "neighbours": prefixes("10.0.0.0/9", "10.128.0.0/10", "2001:db8::/64", "2001:db8:0:1::/65"),
    "mapped and embedded": AddrSet.of([Prefix(V6, 0xFFFF << 32, 96), Prefix(V6, 1 << 24, 120)]),
}


def scattered(random: Random, count: int) -> AddrSet:
    """Return prefixes of every length anywhere in both families."""
    return AddrSet.of(_scattered(random, family) for family in FAMILIES for _ in range(count))


def _scattered(random: Random, family: Family) -> Prefix:
    length = random.randint(family.width // 4, family.width)
    host = family.width - length
    return Prefix(family, random.getrandbits(family.width) >> host << host, length)


def rules_of(target: Target, addresses: AddrSet) -> Mapping[Family, Rules]:
    """Return the fewest rules of one verdict that `target` takes: runs, or prefixes."""
    if target.form is EntryForm.RANGE:
        return {f: Rules.of_spans(f, *addresses.spans(f)) for f in FAMILIES}
    found = {}
    for family in FAMILIES:
        lengths = target.lengths.of(family) if target.lengths else range(family.width + 1)
        found[family] = legal(Match.MEMBER, Rules.of_prefixes(addresses.prefixes(family)), lengths)
    return found


def draft(
    target: Target,
    rules: Mapping[Family, Rules],
    options: Mapping[str, object] | None = None,
    provenance: Provenance = PROVENANCE,
    kind: ContentKind = ContentKind.LIST,
    names: tuple[str, ...] = NAMES,
) -> Document:
    """Return what is to be written; the header counts what any rule touches."""
    touched = AddrSet.of_spans({family: (one.start, one.last) for family, one in rules.items()})
    counts = {family: touched.count_of(family) for family in FAMILIES}
    settled = target.settle(options or {}, OptionContext(provenance.list, kind=kind))
    return Document(
        rules, names, provenance, settled, counts, kind, response=answer_of(target, settled)
    )


def of_countries(
    target: Target,
    *codes: str,
    action: str = "block",
    options: Mapping[str, object] | None = None,
    response: Response | None = None,
) -> Document:
    """Return what is to be written of a list of countries for a target that says their codes."""
    settled = target.settle(options or {}, OptionContext(PROVENANCE.list, kind=ContentKind.CODES))
    rules = {family: Rules.empty(family) for family in FAMILIES}
    document = Document(rules, NAMES, PROVENANCE, settled, {}, ContentKind.CODES, action, response)
    return replace(document, codes=codes)


def answer_of(target: Target, options: Mapping[str, OptionValue]) -> Response | None:
    """Return what the artifact of a target that writes an answer answers."""
    able = target.responses
    status = 451 if 451 in able.statuses else 403
    said = (
        Response(status, LINK if able.links else "")
        if able.reader and target.reader is able.reader
        else None
    )
    return target.response(options, said)


def settled(target: Target) -> Mapping[str, OptionValue]:
    """Return the options of an artifact of ours where a policy says nothing of them."""
    return target.settle({}, OptionContext(PROVENANCE.list))


def written(
    target: Target, addresses: AddrSet, options: Mapping[str, object] | None = None
) -> tuple[ArtifactFile, ...]:
    """Return the artifact of `target` that blocks `addresses`."""
    return render(target, draft(target, rules_of(target, addresses), options), PATH, TEMPLATES)


def written_rules(target: Target, rules: Mapping[Family, Rules]) -> tuple[ArtifactFile, ...]:
    """Return the artifact of `target` that holds exactly `rules`."""
    return render(target, draft(target, rules), PATH, TEMPLATES)


def with_text(file: ArtifactFile, text: str) -> ArtifactFile:
    """Return a file like `file` with another text; half of a character is not UTF-8 then."""
    return replace(file, data=text.encode("utf-8", "surrogatepass"))


def changed(file: ArtifactFile, old: str, new: str) -> ArtifactFile:
    """Return a file like `file` with `new` wherever it said `old`."""
    return replace(file, data=file.data.replace(old.encode(), new.encode()))


def nested(*entries: tuple[str, int]) -> dict[Family, Rules]:
    """Return rules from pairs of prefix text and verdict, in this order."""
    found: dict[Family, Rules] = {}
    for family in FAMILIES:
        pairs = [(parse_prefix(text), verdict) for text, verdict in entries]
        mine = [(prefix, verdict) for prefix, verdict in pairs if prefix.family == family]
        found[family] = _rules(family, mine)
    return found


def in_order(target: Target, rules: Mapping[Family, Rules]) -> dict[Family, Rules]:
    """Return nested rules as the build orders them for a target, where the order decides."""
    first = target.match is Match.FIRST
    return {f: ordered(Match.FIRST, one) if first else one for f, one in rules.items()}


def _rules(family: Family, entries: Sequence[tuple[Prefix, int]]) -> Rules:
    start = np.array([prefix.first.to_bytes(16, "big") for prefix, _ in entries], dtype="S16")
    narrow = np.array([prefix.first & 0xFFFFFFFF for prefix, _ in entries], dtype=np.uint64)
    length = np.array([prefix.length for prefix, _ in entries], dtype=np.int16)
    verdict = np.array([label for _, label in entries], dtype=np.int32)
    column = start if family.grain else narrow
    return Rules.of_prefixes(Prefixes(family, column, length), verdict)
