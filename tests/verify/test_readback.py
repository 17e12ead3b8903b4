"""The proof finds every fault: in the rules, in the text, in the families, in the names."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

import numpy as np
import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrMap, AddrSet, Family, Prefix, Prefixes
from blockc.addresses.longest_match import PrefixIndex
from blockc.addresses.rules import Match, Rules
from blockc.errors import Miscompiled, Unproved
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.render import render
from blockc.targets.core.target import EntryForm, Target
from blockc.targets.data.plain import PLAIN
from blockc.targets.kernel.ipset import IPSET
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from blockc.verify import proof, trie_oracle
from blockc.verify.proof import Proof, prove
from tests.targets.artifacts import (
    DIALECTS,
    EDGES,
    PATH,
    TEMPLATES,
    changed,
    draft,
    nested,
    prefixes,
    rules_of,
    scattered,
    written,
    written_rules,
)

FAULTS_A_KIND = 8
Fault = Callable[[Prefix], list[tuple[Prefix, int]]]


def dropped(_: Prefix) -> list[tuple[Prefix, int]]:
    """Leave the entry out."""
    return []


def widened(prefix: Prefix) -> list[tuple[Prefix, int]]:
    """Make it twice as wide."""
    length = prefix.length - 1
    size = 2 * prefix.size
    return [(Prefix(prefix.family, prefix.first // size * size, length), 1)]


def narrowed(prefix: Prefix) -> list[tuple[Prefix, int]]:
    """Keep only its first half."""
    return [(Prefix(prefix.family, prefix.first, prefix.length + 1), 1)]


def shifted(prefix: Prefix) -> list[tuple[Prefix, int]]:
    """Move it by its own size, down at the top of the space."""
    step = prefix.size if prefix.last < prefix.family.last else -prefix.size
    return [(Prefix(prefix.family, prefix.first + step, prefix.length), 1)]


def flipped(prefix: Prefix) -> list[tuple[Prefix, int]]:
    """Turn it into an exception."""
    return [(prefix, 0)]


def sparse(random: Random) -> AddrSet:
    """Return prefixes with room between them, so that a moved one cannot hit another."""
    found = []
    for family in FAMILIES:
        for slot in random.sample(range(1, 255), 12):
            length = random.randint(13, family.width - 1)  # Cloudflare takes /12 and longer
            host = family.width - length
            first = slot << (family.width - 8) | random.getrandbits(family.width - 9)
            found.append(Prefix(family, first >> host << host, length))
    return AddrSet.of(found)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [dropped, widened, narrowed, shifted, flipped])
@pytest.mark.parametrize("target", DIALECTS)
def test_a_fault_in_one_entry_is_found(target: Target, fault: Fault) -> None:
    if fault is flipped and not target.has_exceptions:
        return
    random = Random(fault.__name__)
    prove(target, written(target, addresses := sparse(random)), AddrMap.of_set(addresses))
    for _ in range(FAULTS_A_KIND):
        addresses = sparse(random)
        entries = [p for family in FAMILIES for p in addresses.prefixes(family)]
        victim = random.choice(entries)
        spoilt = [(p, 1) for p in entries if p != victim] + fault(victim)
        texts = written_rules(target, _rules(target, spoilt))

        with pytest.raises(Miscompiled) as found:
            prove(target, texts, AddrMap.of_set(addresses))
        assert found.value.exit_code == 70
        assert re.search("(allowed|blocked), the policy (blocks|allows) it", found.value.message)


def _rules(target: Target, entries: list[tuple[Prefix, int]]) -> Mapping[Family, Rules]:
    if target.form is EntryForm.RANGE:
        return rules_of(target, AddrSet.of(prefix for prefix, _ in entries))
    return nested(*((str(prefix), verdict) for prefix, verdict in sorted(entries)))


@pytest.mark.parametrize("target", DIALECTS)
def test_a_fault_in_one_character_is_found(target: Target) -> None:
    """Change a digit of an entry: either another address is meant, or the text is refused."""
    random = Random(target.name)
    addresses = sparse(random)
    texts = written(target, addresses)
    if callable(target.writer):
        return
    spelled = [text for part in _spelled(target, addresses) for text in part]
    for _ in range(FAULTS_A_KIND):
        entry = random.choice(spelled)
        if not any(entry.encode() in text.data for text in texts):  # length or end apart from it
            entry = re.split("[/-]", entry)[0]
        at = random.choice([at for at, c in enumerate(entry) if c.isalnum()])
        other = random.choice([c for c in "0123456789" if c != entry[at]])
        spoilt = tuple(changed(text, entry, entry[:at] + other + entry[at + 1 :]) for text in texts)
        assert spoilt != texts
        with pytest.raises(Miscompiled):
            prove(target, spoilt, AddrMap.of_set(addresses))


BINARY = [one for one in TARGETS.values() if callable(one.writer) and not one.comment]


@pytest.mark.parametrize("target", BINARY, ids=lambda target: target.name)
def test_a_fault_in_one_byte_is_found_wherever_it_is(target: Target) -> None:
    random = Random(target.name)
    addresses = sparse(random)
    document = draft(target, rules_of(target, addresses))
    files = render(target, document, PATH, TEMPLATES)
    intent, orders = AddrMap.of_set(addresses), document.orders(target, PATH)
    prove(target, files, intent, "x", orders)
    for _ in range(400):
        spoilt = random.randrange(len(files))
        data = bytearray(files[spoilt].data)
        data[random.randrange(len(data))] ^= random.randrange(1, 256)
        changed_files = list(files)
        changed_files[spoilt] = replace(files[spoilt], data=bytes(data))
        with pytest.raises(Unproved):
            prove(target, changed_files, intent, "x", orders)


def _spelled(target: Target, addresses: AddrSet) -> Iterator[Sequence[str]]:
    rules = rules_of(target, addresses)
    if target.sharding:
        yield from (
            shard.texts for shard in draft(target, rules).shards(target, target.files(PATH)[0])
        )
        return
    document = draft(target, rules)
    for file in target.files(PATH):
        if file.half in target.halves:
            yield from (part.texts for part in document.parts(target, file))


@pytest.mark.parametrize("target", DIALECTS)
def test_a_list_without_one_of_its_families_is_found(target: Target) -> None:
    both = EDGES["neighbours"]
    for family in FAMILIES:
        with pytest.raises(Miscompiled, match="is allowed, the policy blocks it"):
            prove(target, written(target, both.only(family)), AddrMap.of_set(both))


def test_equal_rules_are_compared_once_but_every_text_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intent, known = EDGES["neighbours"], dict[bytes, int]()
    first = prove(PLAIN, written(PLAIN, intent), AddrMap.of_set(intent), known=known)
    with monkeypatch.context() as patch:
        patch.setattr(proof, "trie_oracle", None)
        texts = written(AWS_WAFV2_IPSET, intent)
        again = prove(AWS_WAFV2_IPSET, texts, AddrMap.of_set(intent), known=known)
    assert again.slots == first.slots
    for spoilt in (intent.only(V4), ~intent):
        with pytest.raises(Unproved):
            prove(PLAIN, written(PLAIN, spoilt), AddrMap.of_set(intent), known=known)
        with pytest.raises(Unproved):
            prove(PLAIN, written(PLAIN, intent), AddrMap.of_set(spoilt), known=known)
    twice = [ArtifactFile("x", written(PLAIN, intent)[0].data * 2)]
    prove(PLAIN, twice, AddrMap.of_set(intent), known=known)
    with pytest.raises(Unproved):  # a member may be said twice, a prefix may not
        prove(replace(PLAIN, match=Match.LONGEST), twice, AddrMap.of_set(intent), known=known)


def test_the_message_names_the_first_prefix_and_both_verdicts() -> None:
    intent = AddrMap.of_set(prefixes("10.0.0.0/8", "192.0.2.0/24"))
    texts = written(PLAIN, prefixes("10.0.0.0/9", "192.0.2.0/24"))
    with pytest.raises(Miscompiled) as found:
        prove(PLAIN, texts, intent, "short")
    assert str(found.value).startswith(
        "out/list.conf: target plain, list short: 10.128.0.0/9 is allowed, the policy blocks it; "
    )


@pytest.mark.parametrize(
    ("target", "entries", "wanted", "place"),
    [
        (PLAIN, [("10.0.0.0/8", 1)], ["10.0.0.0/9"], "10.0.0.0/8"),
        (PLAIN, [("10.0.0.0/9", 1), ("10.128.0.0/9", 1)], ["10.0.0.0/9"], "10.128.0.0/9"),
        (NGINX_GEO, [("10.0.0.0/8", 1), ("10.1.0.0/16", 0)], ["10.0.0.0/8"], "10.1.0.0/16"),
        (NGINX_GEO, [("2001:db8::/32", 1)], ["2001:db8::/33"], "2001:db8::/32"),
        (IPSET, [("10.0.0.0/8", 1), ("10.1.0.0/16", 0)], ["10.0.0.0/8"], "10.1.0.0/16"),
        (NFTABLES, [("10.0.0.0/32", 1), ("10.0.0.9/32", 1)], ["10.0.0.0/32"], "10.0.0.9"),
        (AWS_WAFV2_IPSET, [("2001:db8::/32", 1)], ["2001:db8::/33"], "2001:db8::/32"),
    ],
)
def test_the_message_has_the_place_of_the_entry_that_decides(
    target: Target, entries: list[tuple[str, int]], wanted: list[str], place: str
) -> None:
    texts = written_rules(target, nested(*entries))
    with pytest.raises(Unproved) as found:
        prove(target, texts, AddrMap.of_set(prefixes(*wanted)))
    at = found.value.at
    assert at is not None
    assert at.text[at.column - 1 :].lstrip('"').startswith(place)
    text = next(text for text in texts if text.path == at.path)
    assert text.data.decode().split("\n")[at.line - 1] == at.text
    assert found.value.files == {one.path: one.data for one in texts}


def test_a_text_that_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(Unproved, match=r"^x\.txt:2: .*cannot be read back: not UTF-8 text"):
        prove(
            PLAIN, (ArtifactFile("x.txt", b"10.0.0.0/8\n\xff\n"),), AddrMap.of_set(EDGES["nothing"])
        )


def _packed(document: Document, _: File, parts: Sequence[FamilyEntries]) -> bytes:
    """Return the name of the list, and the entries of IPv4 as pairs of numbers."""
    rules = next(part.rules for part in parts if part.family == V4)
    head = document.provenance.list.encode() + b"\0"
    return head + np.column_stack([rules.start, rules.last]).astype(">u4").tobytes()


def _unpacked(files: Sequence[ArtifactFile]) -> Reading:
    (file,) = files
    at = file.data.index(b"\0") + 1
    if (len(file.data) - at) % 8:
        raise file.error("half of a pair", len(file.data))
    pairs = np.frombuffer(file.data, ">u4", offset=at).astype(np.uint64).reshape(-1, 2)
    rules = Rules.of_spans(V4, pairs[:, 0], pairs[:, 1])
    return Reading((Part(rules, lambda row, why: file.error(why, at + 8 * row)),))


def test_an_artifact_that_is_not_text_is_written_and_proved_like_any_other() -> None:
    target = replace(PLAIN, writer=_packed, reader=_unpacked)
    addresses = EDGES["ipv4 only"]
    (file,) = written(target, addresses)
    assert file.data.endswith(b"\xc0\0\2\0\xc0\0\2\xff" + b"\xc6\x33\x64\7" * 2)

    assert prove(target, [file], AddrMap.of_set(addresses)).entries == {V4: 2}
    with pytest.raises(
        Unproved, match=r"^out/list\.conf: .*198\.51\.100\.7/32 is blocked"
    ) as found:
        prove(target, [file], AddrMap.of_set(prefixes("192.0.2.0/24")))
    assert found.value.files == {file.path: file.data}
    with pytest.raises(Unproved, match="cannot be read back: byte 30: half of a pair"):
        prove(target, [replace(file, data=file.data[:-1])], AddrMap.of_set(addresses))


def test_the_second_of_two_sets_is_pointed_at_where_it_spares() -> None:
    texts = written_rules(PLAIN.in_two_sets(), nested(("10.0.0.0/8", 1), ("10.1.0.0/16", 0)))
    with pytest.raises(Unproved) as found:
        prove(PLAIN.in_two_sets(), texts, AddrMap.of_set(prefixes("10.0.0.0/8")))
    assert found.value.at
    assert (found.value.at.path, found.value.at.text) == (texts[1].path, "10.1.0.0/16")


def test_another_name_for_the_verdict_is_a_difference() -> None:
    addresses = EDGES["ipv4 only"]
    with pytest.raises(Miscompiled, match="is blocked, the policy gives it 'monitor'"):
        prove(PLAIN, written(PLAIN, addresses), AddrMap.of_set(addresses, "monitor"))


def test_a_text_that_cannot_be_read_is_told_with_its_line() -> None:
    with pytest.raises(Miscompiled) as found:
        prove(
            PLAIN,
            (ArtifactFile("x.txt", b"10.0.0.0/8\nnonsense\n"),),
            AddrMap.of_set(EDGES["nothing"]),
        )
    assert str(found.value).startswith("x.txt:2:1: target plain: cannot be read back: 'nonsense'")


@pytest.mark.parametrize(
    ("read", "in_trie", "look"),
    [
        ("10.0.0.0/9", "10.0.0.0/10", "second"),
        ("10.0.0.0/9", "10.64.0.0/10", "first"),
        ("2001:db8::/64", "2001:db8::/65", "second"),
        ("2001:db8::/64", "2001:db8::8000:0:0:0/65", "first"),
        ("::/1", "0.0.0.0/0", "first"),
    ],
)
@pytest.mark.parametrize("at_once", [1, 1 << 19])
def test_a_trie_that_disagrees_anywhere_in_a_slot_fails_the_proof(
    monkeypatch: pytest.MonkeyPatch, read: str, in_trie: str, look: str, at_once: int
) -> None:
    """The sweep and the trie share no code: either would show a fault of the other."""
    monkeypatch.setattr(proof, "_SLOTS_AT_ONCE", at_once)

    def spoilt(family: Family, _: Prefixes, labels: Sequence[int]) -> PrefixIndex:
        found = prefixes(in_trie).prefixes(family)
        return PrefixIndex(family, found, [*labels, 1][: len(found)])

    monkeypatch.setattr(trie_oracle, "PrefixIndex", spoilt)
    addresses = prefixes(read)
    with pytest.raises(
        Miscompiled, match=f"is (allowed|blocked) by the trie's {look} look, the policy "
    ):
        prove(PLAIN, written(PLAIN, addresses), AddrMap.of_set(addresses))


@pytest.mark.parametrize(
    ("spoilt", "look"),
    [
        ("layers: 10.0.0.0/10", "second"),
        ("layers: 10.64.0.0/10", "first"),
        ("pytricia: 10.0.0.0/10", "second"),
        ("pytricia: 10.64.0.0/10", "first"),
    ],
)
@pytest.mark.parametrize("at_once", [1, 1 << 19])
def test_of_many_rules_all_are_asked_in_layers_and_pytricia_as_well(
    monkeypatch: pytest.MonkeyPatch, spoilt: str, look: str, at_once: int
) -> None:
    engine, in_trie = spoilt.split(": ")
    other = prefixes(in_trie).prefixes(V4)
    layers = trie_oracle._Layers
    monkeypatch.setattr(trie_oracle, "_MANY", 0)
    monkeypatch.setattr(proof, "_SLOTS_AT_ONCE", at_once)
    if engine == "layers":
        wrong = Rules.of_prefixes(other)
        monkeypatch.setattr(trie_oracle, "_Layers", lambda _, *more: layers(wrong, *more))
    else:
        index = PrefixIndex(V4, other, [1])
        monkeypatch.setattr(trie_oracle, "PrefixIndex", lambda *_: index)
    addresses = prefixes("10.0.0.0/9")
    with pytest.raises(
        Miscompiled, match=f"is (allowed|blocked) by the trie's {look} look, the policy "
    ):
        prove(PLAIN, written(PLAIN, addresses), AddrMap.of_set(addresses))


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize("at_once", [1, 7])
def test_a_trie_of_some_slots_at_a_time_says_what_one_of_all_says(
    target: Target, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that reach beyond the slots that are asked about count in all of them."""
    addresses = prefixes("10.0.0.0/8", "11.0.0.0/16") | scattered(Random(1), 30)
    files, intent = written(target, addresses), AddrMap.of_set(addresses)
    whole = prove(target, files, intent)
    sizes: list[int] = []

    def counted(match: Match, rules: Rules, label: trie_oracle.Labels) -> trie_oracle.TrieOracle:
        sizes.append(len(rules))
        return trie_oracle.trie_oracle(match, rules, label)

    monkeypatch.setattr(proof, "_SLOTS_AT_ONCE", at_once)
    monkeypatch.setattr(proof, "trie_oracle", counted)
    assert prove(target, files, intent) == whole
    assert 0 < max(sizes) <= 2 * at_once + 1


def test_the_proof_counts_what_it_compared() -> None:
    addresses = prefixes("10.0.0.0/8", "2001:db8::/32")
    proof = prove(PLAIN, written(PLAIN, addresses), AddrMap.of_set(addresses))
    assert proof == Proof({V4: 1, V6: 1}, slots=6, probes=12)
