"""Whatever is changed in an artifact of ours by hand or by accident, the proof finds it out."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest

from blockc.addresses import AddrMap
from blockc.errors import BlockcError
from blockc.targets.core.document import Document
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.syntax.reading import Orders
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value, replace
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    DIALECTS,
    PATH,
    TEMPLATES,
    draft,
    prefixes,
    rules_of,
    with_text,
)

ADDRESSES = prefixes(
    "10.0.0.0/9", "10.128.0.0/10", "192.0.2.7/32", "2001:db8::/64", "2001:db9::/65"
)

TERRAFORM = {
    '^"(list|ipv[46]:|policy|source|the country) ': "lines of a comment",
    '"([Dd]escription|error_message)"': "words for people",
}
#: Lines in which a change makes no difference to what is blocked: what makes it harmless.
HARMLESS: Mapping[str, Mapping[str, str]] = {
    "": {"policy sha256:": "the digest is proved, not the word that says how it was made"},
    "aws-cloudformation": TERRAFORM,
    "aws-wafv2-ipset": {
        "Priority": "where the rule stands among others is the operator's business",
        "ID-OF-": "stands for what only the account knows",
    },
    "haproxy-map": {
        r"^(::/96|2002::/16|64:ff9b::/96)": "takes back an IPv4 address that no IPv4 entry holds",
    },
    "ipset": {"^destroy ": "an empty set that is left behind is flushed by the next load"},
}


class Change(Value):
    """One way to change a line."""

    what: str
    line: str
    text: str


def changes(target: Target, file: ArtifactFile) -> Iterator[Change]:
    """Yield a text for each line left out and for each digit raised by one."""
    lines = file.data.decode().split("\n")
    for at, line in enumerate(lines):
        said = line.strip()
        if not said or said.startswith((target.comment or "#", "#")):
            continue
        without = [*lines[:at], *lines[at + 1 :]]
        yield Change("left out", line, "\n".join(without))
        for digit in re.finditer("[0-9]", line):
            other = str((int(digit[0]) + 1) % 10)
            new = line[: digit.start()] + other + line[digit.end() :]
            yield Change(
                f"{new!r} in its place", line, "\n".join([*lines[:at], new, *without[at:]])
            )


def accepted(
    target: Target, texts: tuple[ArtifactFile, ...], orders: Orders, intent: AddrMap
) -> bool:
    """Return whether the proof finds nothing wrong."""
    try:
        prove(target, texts, intent, "x", orders)
    except BlockcError:
        return False
    return True


def is_binary(target: Target) -> bool:
    """Return whether the files of a target are not text: a function writes them, and no remarks."""
    return callable(target.writer) and not target.comment


def artifact(target: Target) -> tuple[Document, tuple[ArtifactFile, ...]]:
    """Return an artifact of ours with what it was made from."""
    document = draft(target, rules_of(target, ADDRESSES))
    return document, render(target, document, PATH, TEMPLATES)


@pytest.mark.parametrize("target", DIALECTS)
def test_a_line_left_out_and_a_digit_changed_are_found_out(target: Target) -> None:
    if is_binary(target):
        return
    document, texts = artifact(target)
    orders, intent = document.orders(target, PATH), AddrMap.of_set(ADDRESSES)
    harmless = [*HARMLESS[""], *HARMLESS.get(target.name, {})]
    harmless += TERRAFORM if target.name.startswith("terraform") else ()
    assert accepted(target, texts, orders, intent)
    missed = []
    for at, file in enumerate(texts):
        for change in changes(target, file):
            if any(re.search(pattern, change.line.strip()) for pattern in harmless):
                continue
            changed = (*texts[:at], with_text(file, change.text), *texts[at + 1 :])
            if accepted(target, changed, orders, intent):
                missed.append(f"{file.path}: {change.line!r}: {change.what}")
    assert missed == []


@pytest.mark.parametrize("target", DIALECTS)
def test_a_flipped_bit_in_a_binary_artifact_is_found_out(target: Target) -> None:
    if not is_binary(target):
        return
    document, texts = artifact(target)
    orders, intent = document.orders(target, PATH), AddrMap.of_set(ADDRESSES)
    missed = []
    for at, file in enumerate(texts):
        for place in range(len(file.data)):
            data = bytearray(file.data)
            data[place] ^= 1 << place % 8
            changed = (*texts[:at], replace(file, data=bytes(data)), *texts[at + 1 :])
            if accepted(target, changed, orders, intent):
                missed.append((file.path, place))
    assert missed == []


@pytest.mark.parametrize("target", DIALECTS)
def test_entries_moved_to_the_other_family_or_file_are_found_out(target: Target) -> None:
    _, texts = artifact(target)
    intent = AddrMap.of_set(ADDRESSES)
    for one, other in pairwise(range(len(texts))):
        swapped = list(texts)
        swapped[one] = replace(texts[one], data=texts[other].data)
        swapped[other] = replace(texts[other], data=texts[one].data)
        with pytest.raises(BlockcError):
            prove(target, swapped, intent)
