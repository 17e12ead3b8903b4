"""Wrong policies with their exact messages, good ones with their meaning.

A wrong policy is a pair `bad/NAME.toml`, `bad/NAME.error`. After a change of wording run pytest
with BLOCKC_WRITE_CORPUS=1 and read the difference before it is committed.
"""

import json
import os
from pathlib import Path

import pytest

from blockc.errors import Mistakes
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.meaning.resolve import Resolved, resolve
from blockc.policy.meaning.summary import explain
from tests.policy.toy import KNOWN, TODAY, WORLD, Feeds

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "policies"
BAD = sorted((CORPUS / "bad").glob("*.toml"))
WRITE = "BLOCKC_WRITE_CORPUS" in os.environ
GOOD = sorted((CORPUS / "good").glob("*.toml"))


def compiled(path: Path) -> Resolved:
    """Return what the policy at `path` means in the small world."""

    def read_file(name: str) -> bytes:
        return (path.parent / name).read_bytes()

    text = path.read_text(encoding="utf-8")
    policy = parse_policy(path.name, text, known=KNOWN, read_file=read_file)
    return resolve(policy, WORLD, read_file=read_file, as_of=TODAY, feeds=Feeds())


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_wrong_policy_is_refused_with_its_message(path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        compiled(path)
    said = f"{caught.value}\n"
    expected = path.with_suffix(".error")
    if WRITE:
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


def test_the_corpus_is_complete() -> None:
    assert len(BAD) >= 60
    assert {path.stem for path in (CORPUS / "bad").glob("*.error")} == {path.stem for path in BAD}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_policy_means_what_stands_beside_it(path: Path) -> None:
    meaning = json.dumps(explain(compiled(path)), indent=1, ensure_ascii=False) + "\n"
    expected = path.with_suffix(".json")
    if WRITE:
        expected.write_text(meaning, encoding="utf-8")
    assert meaning == expected.read_text(encoding="utf-8")
