"""Makes logs that a hostile world might write: seeded, so that what fails can be made again."""

import random

IPV4 = ["192.0.2.{}", "198.51.100.{}", "203.0.113.{}", "10.1.2.{}", "8.8.4.{}"]
IPV6 = ["2001:db8::{:x}", "2001:db8:1:2::{:x}", "2001:db8:ffff::{:x}", "2a00:1450::{:x}"]
ODD_CLIENTS = [
    "-", "unknown", "localhost", "1.2.3", "1.2.3.4.5", "01.2.3.4", "192.0.2.256", "::ffff:1.2.3",
    "192.0.2.1:99999999", "[2001:db8::1", "2001:db8::1]", "_hidden", "0x7f.1", "1..2.3", "1.2.3.",
    "192.0.2.0004", "٣.1.1.1", "unix:", "%eth0", "2001:db8::g", "192.0.2.1:", ".1.2.3.4",
]  # fmt: skip
AGENTS = [
    "Mozilla/5.0 (X11; Linux)",
    r"a \"quoted\" agent", r"\x16\x03\x01", r"back\\slash\\", "=cmd|'/c'",
    "naïve ünïcode", "Googlebot/2.1", "", "-", "a'; DROP TABLE hits; --", "$(reboot)", "\x1b[2J",
]  # fmt: skip
URLS = [
    "/", "/api/v1/users", "/api?api_key=k{}", "/a;b?x", "http://h.example/abs/x?api_key=k{}", "*",
    "/p#f", "//double", "/%2e%2e/x?y=1&api_key=k{}&z", "", "/api_key=/x", "/q?xapi_key=no",
]  # fmt: skip


def client(rng: random.Random) -> str:
    """Return who connected, as logs of all kinds may write it."""
    four = rng.choice(IPV4).format(rng.randrange(256))
    six = rng.choice(IPV6).format(rng.randrange(1 << 16))
    forms = [
        four, four, four, four, six, f"[{six}]", f"{six}%eth0", f"::ffff:{four}", f"{four}:443",
        f"[{six}]:443", six.upper(), rng.choice(ODD_CLIENTS),
    ]  # fmt: skip
    return rng.choice(forms)


def forwarded(rng: random.Random) -> str:
    """Return what proxies wrote, behind what a client made up."""
    hops = [client(rng) for _ in range(rng.randrange(1, 4))]
    hops += ["10.0.0.7"] * rng.randrange(2)
    return rng.choice(["-", "", hops[0], ", ".join(hops), ",".join(hops), " , ".join(hops)])


def line(rng: random.Random) -> bytes:
    """Return a line with its end."""
    day, zone = rng.randrange(1, 29), rng.choice(["+0000", "+0200", "-0730", "+1245"])
    time = f"[{day:02}/Oct/2026:{rng.randrange(24):02}:{rng.randrange(60):02}:00 {zone}]"
    time = rng.choice([time] * 30 + ["[- -]", "[31/Feb/2026:00:00:00 +0000]", "[x y]"])
    url = rng.choice(URLS).format(rng.randrange(20))
    request = rng.choice([f"GET {url} HTTP/1.1"] * 9 + ["-", "", r"\x16\x03", url])
    text = (
        f'{client(rng)} - {rng.choice(["-", "anna", "bob", "-"])} {time} "{request}" '
        f"{rng.choice(['200', '204', '403', '451', '-', '99999'])} "
        f"{rng.choice(['-', str(rng.randrange(10**6)), '1e3', '99999999999999999999'])}"
    )
    agent = rng.choice(AGENTS)
    form = rng.randrange(10)
    if form:
        text += f' "-" "{agent}"'
    if form > 4:
        text += f' "{forwarded(rng)}"'
    data = text.encode()
    if not rng.randrange(40):
        data = data[: rng.randrange(len(data))]
    if not rng.randrange(40):
        at = rng.randrange(len(data) + 1)
        data = data[:at] + bytes([rng.randrange(256)]) + data[at:]
    odd = [b"", b'{"client": "192.0.2.1"}', b"\xff\xfe", b"# comment", b'"', b" ", b"\x00" * 5]
    if not rng.randrange(50):
        data = rng.choice(odd)
    return data.replace(b"\n", b" ") + rng.choice([b"\n", b"\n", b"\r\n"])


def log(seed: int, lines: int) -> bytes:
    """Return a log of so many lines, one of them with 1 MB."""
    rng = random.Random(seed)
    long = COMMON + b' "-" "' + b"A" * (1 << 20) + b'"\n'
    made = [line(rng) for _ in range(lines - 1)]
    return b"".join([*made[: lines // 2], long, *made[lines // 2 :]])


COMMON = b'192.0.2.1 - - [10/Oct/2026:10:00:00 +0000] "GET /long HTTP/1.1" 200 1'
