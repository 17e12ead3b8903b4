"""Whatever stands in a policy, only its own mistakes leave, and every one has a place."""

import random
from pathlib import Path

import pytest

from blockc.errors import BlockcError, Mistakes, PolicyError
from tests.policy.toy import Files, parsed

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "policies"
FILES = [*CORPUS.glob("bad/*.toml"), *CORPUS.glob("good/*.toml")]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(FILES)]
VALUES = (
    "0", "-1", "true", "1.5", "nan", '""', '"CN"', '"${x}"', "[]", "[[]]", "{}", "[{}]",
    "{ a = 1 }", "2026-01-01", "10:00:00", '["CN", 1]', '"\\u0000"', '"{country}"',
    "9223372036854775807",
)  # fmt: skip
CHARACTERS = "\0\"'=[]{}#.\u00e9\u200b"


def mutated(text: str, dice: random.Random) -> str:
    """Return `text` with one value, line or character changed."""
    lines = text.split("\n")
    at = dice.randrange(len(lines))
    key, equals, _ = lines[at].partition("=")
    kind = dice.choice((0, 0, 0, 0, 1, 2, 3))
    if kind == 0 and equals:
        lines[at] = f"{key}= {dice.choice(VALUES)}"
    elif kind == 1:
        lines.insert(at, dice.choice(dice.choice(TEXTS).split("\n")))
    elif kind == 2:
        del lines[at]
    else:
        place = dice.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + dice.choice(CHARACTERS) + lines[at][place + 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(20))
def test_only_placed_mistakes_leave_whatever_is_written(seed: int) -> None:
    dice = random.Random(seed)
    for text in TEXTS:
        changed = text
        for _ in range(dice.randrange(1, 4)):
            changed = mutated(changed, dice)
        for mistake in mistakes_of(changed):
            assert isinstance(mistake, PolicyError), changed
            assert mistake.at is not None, changed
            assert str(mistake), changed


def mistakes_of(text: str) -> tuple[BlockcError, ...]:
    """Return what is wrong with a policy; any other error goes through."""
    try:
        parsed(text.removeprefix("version = 1\n"), Files())
    except Mistakes as found:
        return found.errors
    return ()
