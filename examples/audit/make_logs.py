"""Write four weeks of access logs before the block, and two days after it; always the same."""

import gzip
import random
from pathlib import Path

HOME = ["193.99.144.{}", "17.58.101.{}", "133.11.5.{}", "2a00:1450:4001::{:x}"]
LISTED = ["2.144.8.{}", "5.62.192.{}", "175.45.176.{}", "2a01:5ec0::{:x}"]
KEYS = {  # key -> account, and how many of a hundred requests come from listed addresses
    "k-bazaar-1": ("bazaar", 97),
    "k-reise-7": ("reise", 8),
    "k-pago-3": ("pago", 0),
    "k-nobody-9": ("-", 60),
}


def line(rng: random.Random, day: str, status: int, moved: str = "") -> str:
    """Return a request of that day; the load balancer writes the client into the last field.

    `moved`: the account that comes from nowhere listed any more.
    """
    key = rng.choice(list(KEYS))
    account, listed = KEYS[key]
    listed = 0 if account == moved else listed
    pool = LISTED if rng.randrange(100) < listed else HOME
    client = rng.choice(pool).format(rng.randrange(1, 60))
    agent = rng.choice(["curl/8.5", "okhttp/4.12", "python-requests/2.32"])
    if client.startswith("2.144.8.5"):
        agent = "Mozilla/5.0 (compatible; UptimeRobot/2.0)"
    answer = status if pool is LISTED else 200
    path = rng.choice(["/v1/quote", "/v1/book", "/v2/pay", "/status"])
    time = f"{day}:{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02} +0000"
    return (
        f'10.0.0.{rng.randrange(2, 5)} - {account} [{time}] "GET {path}?api_key={key} HTTP/1.1" '
        f'{answer} {rng.randrange(200, 9000)} "-" "{agent}" "{client}"\n'
    )


def main() -> None:
    """Write the files into the folder of this one."""
    rng = random.Random(17)  # noqa: S311  the same log each time
    folder = Path(__file__).parent
    for week in range(4):
        days = [f"{1 + week * 7 + n:02}/Nov/2026" for n in range(7)]
        lines = [line(rng, day, 200) for day in days for _ in range(120)]
        lines.insert(50, "a line that broke in two\n")
        packed = gzip.compress("".join(lines).encode(), mtime=0)
        (folder / f"november-{week + 1}.log.gz").write_bytes(packed)
    after = [line(rng, "02/Dec/2026", 451 if n % 5 else 200) for n in range(120)]
    (folder / "december.log").write_text("".join(after), encoding="utf-8")
    later = [line(rng, "14/Jan/2027", 451, moved="bazaar") for _ in range(120)]
    (folder / "january.log").write_text("".join(later), encoding="utf-8")


if __name__ == "__main__":
    main()
