"""What Postfix does with a table of clients."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.errors import SourceSyntaxError
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.dns.postfix_cidr import POSTFIX_CIDR
from blockc.targets.syntax.tokens import ArtifactFile
from tests.real.probes import ends, listed, mapped, verdicts
from tests.support.machine import require_program
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    in_order,
    nested,
    written,
)

pytestmark = pytest.mark.real


def looked_up(file: ArtifactFile, probes: Sequence[str], folder: Path) -> dict[str, str]:
    """Return what the table of Postfix says of addresses, all asked at once."""
    path = folder / "list.cidr"
    path.write_bytes(file.data)
    assert POSTFIX_CIDR.native
    main = folder / "main.cf"
    main.write_text(POSTFIX_CIDR.native.files["main.cf"], encoding="utf-8")
    for new in (path, main):  # Postfix waits two seconds for a new file to be written to its end
        os.utime(new, (1, 1))
    done = subprocess.run(
        [require_program("postmap"), "-c", folder, "-q", "-", f"cidr:{path}"],
        input="".join(f"{one}\n" for one in probes),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    said = dict(line.split("\t") for line in done.stdout.splitlines())
    return {one: said.get(one, "") for one in probes}


def require_of_postfix(intent: AddrMap, file: ArtifactFile, folder: Path) -> None:
    """Check what Postfix does to clients of both families, all asked in one run."""
    words = {"": "", "block": "REJECT", "monitor": "INFO", "warn": "WARN"}
    wanted: dict[str, str] = {}
    for family in FAMILIES:
        wanted |= verdicts(intent, family, ends(intent, family, 500))
    wanted = {a: words[v] for a, v in wanted.items() if not mapped(a)}
    said = looked_up(file, [*wanted], folder)
    assert {a: v.replace("DUNNO", "") for a, v in said.items()} == wanted


@pytest.mark.parametrize("case", EDGES)
def test_postfix_agrees_at_the_edges_of_the_space(tmp_path: Path, case: str) -> None:
    (file,) = written(POSTFIX_CIDR, EDGES[case])
    require_of_postfix(AddrMap.of_set(EDGES[case]), file, tmp_path)


def test_postfix_rejects_whom_the_list_blocks_and_nobody_else(tmp_path: Path) -> None:
    addresses = listed(24)
    require_of_postfix(AddrMap.of_set(addresses), written(POSTFIX_CIDR, addresses)[0], tmp_path)


def test_postfix_does_what_lists_say_and_spares_their_exceptions(tmp_path: Path) -> None:
    rules = nested(
        ("0.0.0.0/0", 2), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 3),
        ("2000::/3", 3), ("2001:db8::/32", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    names = ("", "block", "monitor", "warn")
    kind, ordered = ContentKind.VERDICTS, in_order(POSTFIX_CIDR, rules)
    one = draft(POSTFIX_CIDR, ordered, None, PROVENANCE, kind, names)
    (file,) = render(POSTFIX_CIDR, one, PATH, TEMPLATES)
    require_of_postfix(meaning(Match.LONGEST, rules.values(), names), file, tmp_path)


def test_postfix_skips_a_line_with_host_bits_in_silence_but_for_its_log(tmp_path: Path) -> None:
    """Which is why the reader refuses such a line: nobody would be rejected by it."""
    with pytest.raises(AssertionError, match="skipping this rule"):
        looked_up(ArtifactFile(PATH, b"10.0.0.1/8 REJECT\n"), ["10.0.0.1"], tmp_path)


def test_a_line_of_postfix_that_begins_with_a_blank_goes_on_with_the_one_before(
    tmp_path: Path,
) -> None:
    text = b"192.0.2.0/24 REJECT\n 10.0.0.0/8 REJECT\n"
    said = looked_up(ArtifactFile(PATH, text), ["192.0.2.1", "10.0.0.1"], tmp_path)
    assert said == {"192.0.2.1": "REJECT 10.0.0.0/8 REJECT", "10.0.0.1": ""}
    with pytest.raises(SourceSyntaxError, match="to Postfix this goes on with the line before"):
        POSTFIX_CIDR.reader([ArtifactFile(PATH, text)])
