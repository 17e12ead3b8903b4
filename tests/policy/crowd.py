"""Large policies made by dice, for tests against plain set algebra and for measuring."""

import random
from collections.abc import Iterator, Sequence

ENDS = ("0.0.0.0", "255.255.255.255", "::", f"{'ffff:' * 7}ffff")  # noqa: S104 - an address


def crowded(lists: int, entries: int, exceptions: int, codes: Sequence[str], seed: int) -> str:
    """Return a policy of so many lists, with so many entries and exceptions each."""
    dice = random.Random(seed)
    tables = [_table(number, entries, exceptions, codes, dice) for number in range(lists)]
    return "\n".join(["version = 1", *tables, '[protect]\nnever_block = ["198.51.100.0/24"]', ""])


def with_outputs(lists: int, outputs: int) -> str:
    """Return a policy of so many lists, each but the last of which refers to the next."""
    last = lists - 1
    chosen = [f'"list:l{n + 1}"' if n < last else '"CN"' for n in range(lists)]
    tables = [f"[list.l{n}]\nblock = [{selector}]" for n, selector in enumerate(chosen)]
    tables += [
        f'[[output]]\nlist = "l{n % lists}"\ntarget = "t"\npath = "{n}/{{country}}.txt"\n'
        'split_by = "country"'
        for n in range(outputs)
    ]
    return "\n".join(["version = 1", *tables, ""])


def _table(
    number: int, entries: int, exceptions: int, codes: Sequence[str], dice: random.Random
) -> str:
    chosen = [dice.choice(codes) if dice.random() < 0.7 else span(dice) for _ in range(entries)]
    block = ", ".join(f'"{text}"' for text in chosen)
    rows = "\n".join(_exceptions(exceptions, dice))
    return f"[list.l{number}]\nblock = [{block}]\nexcept = [\n{rows}\n]"


def _exceptions(count: int, dice: random.Random) -> Iterator[str]:
    for ticket in range(count):
        why = f'owner = "team-{ticket % 7}", reason = "ticket {ticket}"'
        yield f'  {{ prefix = "{span(dice)}", {why}, until = 2027-03-{ticket % 28 + 1:02} }},'


def span(dice: random.Random) -> str:
    """Return an address, prefix or range of either family, now and then at an end of the space."""
    kind = dice.randrange(8)
    if kind == 0:
        return dice.choice(ENDS)
    if kind == 1:
        return f"255.255.{dice.randrange(256)}.0-255.255.255.255"
    if kind < 4:
        tail = f":{dice.randrange(1, 1 << 16):x}" if kind == 2 else ""
        return f"2001:db8:{dice.randrange(1 << 16):x}:{tail or ':'}{'' if tail else '/48'}"
    first = f"{dice.randrange(1, 220)}.{dice.randrange(256)}.{dice.randrange(256)}"
    return f"{first}.{dice.randrange(256)}" if kind == 4 else f"{first}.0/24"
