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
        pieces = re.split(r"(\W)", text) if random.random() < 0.6 else list(text) or [""]
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


def nudged(text: str, random: Random) -> str:
    """Return `text` with one line, word, digit or blank changed: it may well still be valid."""
    lines = text.split("\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    words = re.split(r"([^\S\n]+)", lines[at])
    word = random.randrange(len(words))
    action = random.randrange(8)
    if action == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif action == 1:
        lines.insert(other, lines[at])
    elif action == 2:
        del lines[at]
    elif action == 3:
        lines.insert(at, random.choice(["", " ", "\t", "# a comment", "  # } ;", "#", ";", ","]))
    elif action == 4:
        words[word] = random.choice(random.choice(lines).split() or [""])
    elif action == 5:
        digits = [n for n, character in enumerate(words[word]) if character.isalnum()] or [0]
        place = random.choice(digits)
        words[word] = words[word][:place] + random.choice("0123456789ab") + words[word][place + 1 :]
    elif action == 6:
        words[word] = random.choice(
            ["{0} ", "\t{0}", '"{0}"', "'{0}'", "{0};", "{0},", "{0}#x"]
        ).format(words[word])
    else:
        words[word] = random.choice(SPLICES)
    if action > 3:
        lines[at] = "".join(words)
    return "\n".join(lines)
