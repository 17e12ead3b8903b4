"""Readers are total: whatever the text, they return rules or say where it is wrong."""

from collections.abc import Sequence
from contextlib import suppress
from random import Random

import pytest

from blockc.addresses import AddrMap
from blockc.errors import BlockcError, Miscompiled
from blockc.targets.core.target import Target
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.proof import prove
from tests.support.spoilt import SPLICES, spoilt
from tests.targets.artifacts import DIALECTS, EDGES, scattered, with_text, written

ROUNDS = 250


@pytest.mark.parametrize("target", DIALECTS)
def test_a_spoilt_artifact_is_read_or_refused_with_its_place(target: Target) -> None:
    random = Random(f"spoilt {target.name}")
    originals = [written(target, scattered(random, 6)), written(target, EDGES["nothing"])]
    refused = 0
    for _ in range(ROUNDS):
        texts = list(random.choice(originals))
        at = random.randrange(len(texts))
        texts[at] = spoilt_file(target, texts[at], random)
        error = refusal(target, texts)
        if error is not None:
            refused += 1
            assert error.at is not None
            lines = max(text.data.count(b"\n") for text in texts) + 1
            assert callable(target.writer) or 0 < error.at.line <= lines
    assert refused > ROUNDS // 4


def spoilt_file(target: Target, file: ArtifactFile, random: Random) -> ArtifactFile:
    """Return a file with something wrong in it, in its text or, where it has none, in its bytes."""
    if not callable(target.writer):
        return with_text(file, spoilt(file.data.decode(), random))
    damaged = spoilt(file.data.decode("latin-1"), random)
    return replace(file, data=damaged.encode("latin-1", "replace"))


def refusal(target: Target, texts: Sequence[ArtifactFile]) -> BlockcError | None:
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
        texts = [
            ArtifactFile(f.path, text.encode("utf-8", "surrogatepass"), f.families)
            for f, text in zip(files, noise, strict=True)
        ]
        with suppress(Miscompiled):
            prove(target, texts, AddrMap.of_set(EDGES["nothing"]))
