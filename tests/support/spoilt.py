"""Artifacts with a few words or characters changed, for readers that must be total."""

import re
from random import Random

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
