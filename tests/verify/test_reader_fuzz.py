"""Readers are total: whatever the text, they return rules or say where it is wrong."""

import re
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import pytest

from blockc.addresses import AddrMap
from blockc.errors import BlockcError, Miscompiled
from blockc.targets.reading import Text
from blockc.targets.target import Target
from blockc.verify.readback import prove
from tests.targets.artifacts import DIALECTS, EDGES, scattered, written

ROUNDS = 250
SPLICES = (
    *"{};,:'-/@#\\\"= 0\n\0\r\ud800\u2028é", "add", "create", "swap", "flush", "destroy", "nomatch",
    "geo", "default", "$x", "table", "set", "chain", "elements", "COMMIT", "*filter", "-A", "null",
    "0.0.0.0/0", "::/0", "::", "1.2.3.4", "255.255.255.255/32", "::ffff:1.2.3.4", "1.2.3.4-1.2.3.9",
    "[]", "{}", "1e999", "9" * 5000,
)  # fmt: skip


def spoilt(text: str, random: Random) -> str:
    """Return `text` with a few words or characters replaced, moved or repeated."""
    for _ in range(random.randint(1, 4)):
        pieces = re.split(r"(\W)", text) if random.random() < 0.6 else list(text)
        at = random.randrange(len(pieces))
        action = random.randrange(4)
        if action == 0:
            pieces[at] = random.choice(SPLICES)
        elif action == 1:
            pieces.insert(at, random.choice(SPLICES))
        elif action == 2:
            del pieces[at : at + random.randint(1, 30)]
        else:
            pieces[at:at] = pieces[random.randrange(len(pieces)) :][: random.randint(1, 30)]
        text = "".join(pieces) or " "
    return text


@pytest.mark.parametrize("target", DIALECTS)
def test_a_spoilt_artifact_is_read_or_refused_with_its_place(target: Target) -> None:
    random = Random(f"spoilt {target.name}")
    originals = [written(target, scattered(random, 6)), written(target, EDGES["nothing"])]
    refused = 0
    for _ in range(ROUNDS):
        texts = list(random.choice(originals))
        at = random.randrange(len(texts))
        texts[at] = Text(texts[at].path, spoilt(texts[at].text, random), texts[at].families)
        error = refusal(target, texts)
        if error is not None:
            refused += 1
            assert error.at is not None
            assert 0 < error.at.line <= max(text.text.count("\n") for text in texts) + 1
    assert refused > ROUNDS // 4


def refusal(target: Target, texts: Sequence[Text]) -> BlockcError | None:
    """Return how the reader refuses the texts, or None if it reads them."""
    try:
        target.reader(texts)
    except BlockcError as error:
        return error
    return None


@pytest.mark.parametrize("target", DIALECTS)
def test_noise_is_refused_or_means_what_it_says(target: Target) -> None:
    random = Random(f"noise {target.name}")
    files = target.files("x")
    for _ in range(ROUNDS):
        noise = [
            "".join(random.choice(SPLICES) for _ in range(random.randrange(12))) for _ in files
        ]
        texts = [Text(f.path, text, f.families) for f, text in zip(files, noise, strict=True)]
        with suppress(Miscompiled):
            prove(target, texts, AddrMap.of_set(EDGES["nothing"]))
