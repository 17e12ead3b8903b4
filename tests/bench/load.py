"""What a list costs to load in the real programs: `make load` writes the table of docs/load.md.

    python -m tests.bench.load [--most N] [--only WORD] [FILE]

First as a target writes it, then as it is often written by hand. A program that is not installed
has no row.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from blockc.addresses import V4, V6, Family, Prefixes
from blockc.addresses.lines import prefix_texts
from blockc.addresses.rules import Rules
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.native import missing, native_command
from tests.bench.clock import CHECKOUT, Run, run
from tests.support.machine import SYSTEM_PATH
from tests.targets.artifacts import PATH, TEMPLATES, draft, settled

PAGE = CHECKOUT / "docs" / "load.md"
BEGIN, END = "<!-- table load -->\n", "<!-- end -->"
SIZES = (10_000, 100_000, 500_000)
LONGEST_SECONDS = 120
Artifact = tuple[ArtifactFile, ...]
NGINX = "geo $blockc_export_control { default 0; }\n"  # the configuration around it asks for that
HAPROXY = "defaults\n    mode http\nfrontend check\n    bind unix@/nowhere/socket\n"


class Form(NamedTuple):
    """A way to write a list: for which program, the words for it, and what is written.

    `target`: the one whose program is asked.
    `command`: a shell command in place of the one that checks artifacts, such as one that loads;
    `@0@` is the first file.
    """

    program: str
    what: str
    target: str
    made: Callable[[Target, Prefixes], Artifact]
    command: str = ""


def written(target: Target, prefixes: Prefixes) -> Artifact:
    """Return the artifact as the target writes it."""
    rules = {V4: Rules.of_prefixes(prefixes), V6: Rules.empty(V6)}
    return render(target, draft(target, rules), PATH, TEMPLATES)


def by_hand(line: str, before: str = "", after: str = "") -> Callable[[Target, Prefixes], Artifact]:
    """Return what writes a line for each prefix, which stands for `@` in it."""
    head, _, tail = line.partition("@")

    def made(target: Target, prefixes: Prefixes) -> Artifact:
        lines = f"{tail}\n{head}".join(prefix_texts(prefixes))
        text = f"{before}{head}{lines}{tail}\n{after}"
        first, *others = target.files(PATH)
        beside = [ArtifactFile(file.path, b"", file.families) for file in others]
        return (ArtifactFile(first.path, text.encode(), first.families), *beside)

    return made


def without_table(target: Target, prefixes: Prefixes) -> Artifact:
    """Return what Varnish makes a comparison for each entry of."""
    first, *others = written(target, prefixes)
    return (replace(first, data=first.data.replace(b" +table", b"")), *others)


POSTFIX = "postmap -q 192.0.2.1 cidr:@0@ || test $? = 1"  # 1: it is in no entry
IPSET = "ipset restore < @0@"
BPF = """\
mount -t bpf bpf /sys/fs/bpf && sh @folder@/once.sh && sh @folder@/load.sh"""
FORMS = (
    Form("nginx", "`geo`: `nginx-geo`", "nginx-geo", written),
    Form("nginx", "`deny` lines", "nginx-geo", by_hand("deny @;", NGINX)),
    Form("HAProxy", "map: `haproxy-map`", "haproxy-map", written),
    Form("HAProxy", "list file: `haproxy-list`", "haproxy-list", written),
    Form(
        "HAProxy",
        "`acl` lines",
        "haproxy-map",
        by_hand("    acl blocked src @", HAPROXY, "    http-request deny if blocked\n"),
        "haproxy -c -f @0@",
    ),
    Form("Apache", "100 a line: `apache`", "apache", written),
    Form(
        "Apache",
        "one a line",
        "apache",
        by_hand("Require not ip @", "<RequireAll>\nRequire all granted\n", "</RequireAll>\n"),
    ),
    Form("Varnish", "`+table`: `varnish`", "varnish", written),
    Form("Varnish", "without `+table`", "varnish", without_table),
    Form("Squid", "list file: `squid`", "squid", written),
    Form("Caddy", "JSON: `caddy-json`", "caddy-json", written),
    Form("ipset", "restore file: `ipset`", "ipset", written, IPSET),
    Form(
        "iptables",
        "a rule for each",
        "ipset",
        by_hand("-A x -s @ -j DROP", "*filter\n:x - [0:0]\n", "COMMIT\n"),
        "iptables-restore --noflush < @0@",
    ),
    Form("nft", "interval sets: `nftables`", "nftables", written, "nft --file @0@"),
    Form(
        "nft",
        "a rule for each",
        "nftables",
        by_hand(
            "ip saddr @ drop",
            "table inet x {\nchain c {\ntype filter hook input priority 0;\n",
            "}\n}\n",
        ),
        "nft --file @0@",
    ),
    Form("BPF", "LPM maps: `bpf-lpm`", "bpf-lpm", written, f"unshare --mount sh -c '{BPF}'"),
    Form("unbound", "`access-control`: `unbound`", "unbound", written),
    Form("BIND", "`acl`: `bind-acl`", "bind-acl", written),
    Form("dnsdist", "netmask group: `dnsdist`", "dnsdist", written),
    Form("Postfix", "`cidr` table: `postfix-cidr`", "postfix-cidr", written, POSTFIX),
)


def spread(family: Family, count: int) -> Prefixes:
    """Return prefixes of /20 to /32 at even distances, none of which touches another."""
    number = np.arange(count, dtype=np.uint64)
    step = np.uint64((1 << 32) // (count + 1))
    longest = int(step).bit_length() - 2  # a block of at most half a step
    bits = (number * np.uint64(7919)) % np.uint64(min(13, longest + 1))
    start = (number + np.uint64(1)) * step >> bits << bits
    return Prefixes(family, start, (np.uint64(32) - bits).astype(np.int16))


def command_of(form: Form, folder: Path, files: Artifact) -> list[str]:
    """Return the command that loads an artifact, once what it needs is in a folder."""
    target = TARGETS[form.target]
    check = target.responding().native if len(files) > len(target.files(PATH)) else target.native
    if check is None:
        raise ValueError(f"no program reads {form.target}")
    if form.command:
        files_of_check = {**check.files, "load": form.command}
        check = replace(check, argv=("sh", "@folder@/load"), files=files_of_check)
    first, *rest = native_command(check, folder, files, settled(target))
    limit = ["/usr/bin/timeout", str(LONGEST_SECONDS), shutil.which(first, path=SYSTEM_PATH)]
    return [*map(str, limit), *rest]


def costs(form: Form, sizes: Sequence[int]) -> Iterator[Run | None]:
    """Yield what each size takes; None for the first that takes too long, and no more then."""
    for size in sizes:
        with TemporaryDirectory(prefix="blockc-load-") as folder:
            files = form.made(TARGETS[form.target], spread(V4, size))
            try:
                yield run(command_of(form, Path(folder), files), Path(folder, "said"))
            except RuntimeError as failed:
                if " ended with 124" not in str(failed):
                    raise
                yield None
                return


def shown(cost: Run | None) -> str:
    """Return a cell of the table."""
    if cost is None:
        return f"> {LONGEST_SECONDS} s"
    return f"{cost.processor:.2f} s, {cost.megabytes:,.0f} MB"


def table(found: Mapping[Form, Sequence[Run | None]], sizes: Sequence[int]) -> str:
    """Return the table, with a row for each form."""
    lines = [
        f"| program | form | {' | '.join(f'{size:,}' for size in sizes)} |",
        f"|---|---|{'---|' * len(sizes)}",
    ]
    for form, row in found.items():
        cells = [*map(shown, row), *["-"] * (len(sizes) - len(row))]
        lines.append(f"| {form.program} | {form.what} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def with_table(page: str, made: str) -> str:
    """Return a page with another table."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}{made}{END}", page, count=1)


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and write the table into a page."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("page", nargs="?", type=Path, default=PAGE)
    asked.add_argument("--most", type=int, default=SIZES[-1])
    asked.add_argument("--only", default="")
    given = asked.parse_args(words)
    sizes = [size for size in SIZES if size <= given.most]
    found: dict[Form, Sequence[Run | None]] = {}
    for form in FORMS:
        absent = missing(TARGETS[form.target])
        if given.only in f"{form.program} {form.what}" and not absent:
            found[form] = list(costs(form, sizes))
            row = "\t".join((form.program, form.what, *map(shown, found[form])))
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    text = given.page.read_text(encoding="utf-8")
    given.page.write_text(with_table(text, table(found, sizes)), encoding="utf-8")


if __name__ == "__main__":
    main()
