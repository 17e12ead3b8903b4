"""What real programs print of what they loaded is imported as what they block."""

from pathlib import Path

import pytest

from blockc.addresses.addrset import union
from blockc.importing.importer import import_files
from tests.real.test_live import shown
from tests.support.machine import require_program
from tests.targets.artifacts import prefixes

pytestmark = [pytest.mark.real, pytest.mark.slow]
HAND_MADE = """\
table ip mine {
	set bad {
		type ipv4_addr
		flags interval
		elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.4 }
	}
	chain input {
		type filter hook input priority 0;
		ip saddr 192.0.2.7 accept
		ip saddr @bad counter drop
		ip saddr { 203.0.113.1, 203.0.113.2 } counter reject
	}
}
"""
LISTED = prefixes(
    "192.0.2.0/24", "198.51.100.1/32", "198.51.100.2/31", "198.51.100.4/32", "203.0.113.1/32",
    "203.0.113.2/32",
) - prefixes("192.0.2.7/32")  # fmt: skip


@pytest.mark.parametrize("what", ["ruleset", "table ip mine"])
def test_a_table_of_nft_is_imported_as_nft_lists_it(tmp_path: Path, what: str) -> None:
    require_program("nft")
    (tmp_path / "rules").write_text(HAND_MADE, encoding="utf-8")
    dump = shown(f"nft -f rules; nft list {what}", tmp_path)
    (found,) = import_files({"dump": dump.encode()})
    assert (found.form, len(found.unread)) == ("nft", 0)
    assert found.blocked == LISTED


@pytest.mark.parametrize("command", ["iptables", "iptables-legacy"])
def test_iptables_and_ipset_are_imported_as_they_save_themselves(
    tmp_path: Path, command: str
) -> None:
    for name in (command, "ipset"):
        require_program(name)
    rules = [
        "-A INPUT -s 192.0.2.7 -j ACCEPT",
        "-A INPUT -m set --match-set bad src -j DROP",
        "-A INPUT -s 203.0.113.1,203.0.113.2 -m comment --comment it's -j REJECT",
    ]
    script = [
        "ipset create bad hash:net", "ipset add bad 192.0.2.0/24", "ipset add bad 198.51.100.1/32",
        "ipset add bad 198.51.100.2/31", "ipset add bad 198.51.100.4/32",
        *(f"{command} {rule}".replace("it's", "\"it's\"") for rule in rules),
        f"{command}-save > rules", "ipset save > sets",
    ]  # fmt: skip
    shown("\n".join(script), tmp_path)
    dumps = {name: (tmp_path / name).read_bytes() for name in ("rules", "sets")}
    found = import_files(dumps)
    assert [one.form for one in found] == ["iptables", "ipset"]
    assert not [one for file in found for one in file.unread]
    assert union(one.blocked for one in found) == LISTED


def test_a_configuration_of_nginx_is_imported_as_nginx_prints_it(tmp_path: Path) -> None:
    require_program("nginx")
    (tmp_path / "deny.conf").write_text(
        "allow 192.0.2.7; deny 192.0.2.0/24; deny 198.51.100.1; deny 198.51.100.2/31;\n"
        "deny 198.51.100.4;\n",
        encoding="utf-8",
    )
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log;\nevents {{}}\n"
        f"http {{ access_log off; geo $bad {{ default 0; 203.0.113.1 1; 203.0.113.2/32 1; }}\n"
        f"server {{ listen unix:{tmp_path}/s; include {tmp_path}/deny.conf; }} }}\n",
        encoding="utf-8",
    )
    dump = shown(f"nginx -p {tmp_path} -c {tmp_path}/nginx.conf -T 2>{tmp_path}/said", tmp_path)
    (found,) = import_files({"dump": dump.encode()})
    assert found.form == "nginx"
    assert found.blocked == LISTED
    assert not found.unread
