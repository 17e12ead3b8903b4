"""Access logs as large as one wants, always the same: what a busy edge writes in a day.

Clients come back, most pages are asked for often, and one client in twelve is of a listed country.
"""

import ipaddress
import lzma
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from blockc.resources import sources_dir

COUNTRIES = ("RU", "BY", "IR", "KP", "SY", "CU")
_CHUNK = 50_000
_REQUESTS = 20  # of each client, on average
_STEPS = ("api", "v1", "v2", "static", "img", "shop", "account", "search", "docs", "blog", "feed")
_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
_PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{3} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
)
_AGENTS = (
    _BROWSER + "Chrome/{0}.0.{1}.{2} Safari/537.36",
    _PHONE + "Gecko) Version/17.{3} Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "okhttp/4.{3}.0",
    "python-requests/2.{3}.1",
)


def access_log(lines: int, seed: int = 1) -> Iterator[bytes]:
    """Yield a combined log of so many lines, piece by piece."""
    rng = random.Random(seed)
    clients = _clients(rng, max(lines // _REQUESTS, 100))
    weights = list(accumulate((n + 10) ** -0.6 for n in range(len(clients))))
    paths, agents, keys = _paths(rng), _agents(rng), [f"k{n:05d}" for n in range(2000)]
    path_weights = list(accumulate((n + 1) ** -0.9 for n in range(len(paths))))
    for begin in range(0, lines, _CHUNK):
        count = min(_CHUNK, lines - begin)
        columns = (
            rng.choices(clients, cum_weights=weights, k=count),
            rng.choices(("-",) * 9 + ("anna", "bob", "carol"), k=count),
            rng.choices(paths, cum_weights=path_weights, k=count),
            rng.choices(
                ("",) * 6 + ("?page={0}", "?q={1}&page={0}", "?api_key={1}&n={0}"), k=count
            ),
            rng.choices(keys, k=count),
            rng.choices((200,) * 17 + (304, 404, 403), k=count),
            rng.choices(range(200, 60_000), k=count),
            rng.choices(("-", "https://www.example.com{}", "https://search.example/"), k=count),
            rng.choices(agents, k=count),
        )
        made = []
        for n, row in enumerate(zip(*columns, strict=True), begin):
            client, user, path, query, key, status, size, referrer, agent = row
            time = _time(n * 86_400 // lines)
            url = path + query.format(size % 50, key)
            made.append(
                f'{client} - {user} [{time}] "GET {url} HTTP/1.1" {status} {size} '
                f'"{referrer.format(path)}" "{agent}"\n'
            )
        yield "".join(made).encode()


def write_access_log(path: Path, lines: int) -> None:
    """Write such a log into a file."""
    with path.open("wb") as file:
        file.writelines(access_log(lines))


def _time(second: int) -> str:
    minute, second = divmod(second, 60)
    return f"10/Oct/2026:{minute // 60:02d}:{minute % 60:02d}:{second:02d} +0200"


def _clients(rng: random.Random, count: int) -> list[str]:
    """Return addresses, a sixth of them IPv6."""
    ranges = list(listed())
    found = []
    for n in range(count):
        if n % 6 == 1:
            high = rng.choice((0x2001 << 16, 0x2400 << 16, 0x2600 << 16, 0x2A00 << 16))
            number = (high | rng.getrandbits(21)) << 96 | rng.getrandbits(16) << 64
            found.append(str(ipaddress.IPv6Address(number | rng.getrandbits(64))))
        elif n % 12 == 0:
            start, size = rng.choice(ranges)
            found.append(str(ipaddress.IPv4Address(start + rng.randrange(size))))
        else:
            found.append(str(ipaddress.IPv4Address(rng.randrange(1 << 24, 224 << 24))))
    return found


def listed() -> Iterator[tuple[int, int]]:
    """Yield the first address and the size of IPv4 ranges of the countries in the sample."""
    for path in sorted((sources_dir() / "sample").glob("*.xz")):
        for line in lzma.decompress(path.read_bytes()).decode().splitlines():
            words = line.split("|")
            if len(words) > 6 and words[1] in COUNTRIES and words[2] == "ipv4":
                yield int(ipaddress.IPv4Address(words[3])), int(words[4])


def _paths(rng: random.Random) -> list[str]:
    return [
        "/" + "/".join([rng.choice(_STEPS), *(f"{rng.randrange(400)}" for _ in range(n % 3))])
        for n in range(5000)
    ]


def _agents(rng: random.Random) -> list[str]:
    numbers = [[rng.randrange(100, 140), *rng.choices(range(6000), k=2), n % 9] for n in range(300)]
    return [rng.choice(_AGENTS).format(*one) for one in numbers]
