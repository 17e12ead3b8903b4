"""Where a program does not do what its text seems to say: the reader refuses, and here is why."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from blockc.addresses import V4, AddrMap
from blockc.errors import SourceSyntaxError, Unproved
from blockc.targets.kernel.ipset import IPSET
from blockc.targets.kernel.ipset_restore import Restore
from blockc.targets.kernel.iptables import read_rules
from blockc.targets.kernel.nft_file import NftFile
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.verify.native import NativeAnswer, try_natively
from blockc.verify.proof import prove
from tests.real.test_dns_and_mail import UNBOUND_CONF, asked
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import prefixes, written

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("body", "said", "reason"),
    [
        ("default 0; 0.0.0.0/0 1;", 'duplicate network "0.0.0.0/0"', "this is a /0"),
        ("default 0; ::/0 1;", 'duplicate network "::/0"', "this is a /0"),
        (f"default 0;\n# {'x' * 4200}\n", "too long parameter", "longer than 4,000 bytes"),
        (
            "default 0; 1:2:3:4:5:6:7:: 1;",
            'invalid network "1:2:3:4:5:6:7::"',
            "shortens a single group",
        ),
    ],
)
def test_nginx_warns_of_or_refuses_what_the_reader_refuses(
    body: str, said: str, reason: str
) -> None:
    require_program("nginx")
    file = ArtifactFile("x.conf", f"geo $x {{\n{body}\n}}\n".encode())
    outcome = try_natively(NGINX_GEO, (file,), {"variable": "x", "source": "remote_addr"})
    assert outcome.answer is NativeAnswer.REFUSED
    assert said in outcome.reason
    with pytest.raises(Unproved, match=reason):
        prove(NGINX_GEO, [file], AddrMap.of_set(prefixes("0.0.0.0/0", "::/0")))


def in_namespace(script: str, *files: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a network namespace of its own; $0, $1, ... are the paths of the files."""
    require_root()
    require_program("unshare")
    with TemporaryDirectory() as folder:
        paths = [Path(folder, str(number)) for number in range(len(files))]
        for path, text in zip(paths, files, strict=True):
            path.write_text(text, encoding="utf-8", newline="")
        return subprocess.run(
            ["unshare", "--net", "sh", "-ec", script, *map(str, paths)],
            env={"PATH": SYSTEM_PATH},
            capture_output=True,
            text=True,
            check=False,
        )


NFT_FILE = """table inet t
delete table inet t
table inet t {
	set v4 {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8, 192.0.2.1 }
	}
	chain c {
		type filter hook input priority raw; policy accept;
		ip saddr @v4 counter drop
	}
}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("counter drop\n", "counter drop\r\n"),
        ("counter drop\n\t}\n}\n", "counter drop\n\t}\n}\n# the end"),
        ("counter drop", "drop counter"),
        ("10.0.0.0/8,", ", 10.0.0.0/8,"),
        ("10.0.0.0/8, 192.0.2.1", ""),
        ("10.0.0.0/8,", "10.0.0.0/8,\n\n"),
        ("10.0.0.0/8,", "10.0.0.0/8#,"),
        ("10.0.0.0/8,", "10.0.0.0/8 192.0.2.2,"),
        ("accept;\n", "accept; policy accept\n"),
        ("\t}\n}\n", "\t}}\n"),
    ],
)
def test_nft_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    require_program("nft")
    assert old in NFT_FILE
    text = NFT_FILE.replace(old, new, 1)
    assert in_namespace('nft -f "$0"', text).returncode != 0
    with pytest.raises(SourceSyntaxError):
        NftFile(Text("x.nft", text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("192.0.2.1 }", "192.0.2.1, ,, }"),
        ("10.0.0.0/8,", "10.0.0.0/8, # a comment\n"),
        ("10.0.0.0/8,", "10.0.0.0/8,\n# a comment\n # another\n"),
        ("counter drop\n\t}\n}\n", "counter drop\n\t}\n}\n# the end\n"),
        ("table inet t\n", "; table inet t; # {\n"),
    ],
)
def test_nft_takes_what_the_reader_takes(old: str, new: str) -> None:
    require_program("nft")
    assert old in NFT_FILE
    text = NFT_FILE.replace(old, new, 1)
    done = in_namespace('nft -f "$0"; nft -f "$0"', text)
    assert done.returncode == 0, done.stderr
    assert len(NftFile(Text("x.nft", text)).sets["v4"].rules) == 2


def test_a_chain_of_nft_that_is_written_twice_has_the_rules_of_both() -> None:
    """What the second one says of the hook is not looked at; so the reader takes none."""
    require_program("nft")
    more = "\tchain c {\n\t\tip saddr 198.51.100.1 accept\n\t}\n}\n"
    text = NFT_FILE.removesuffix("}\n") + more
    done = in_namespace('nft -f "$0"; nft list ruleset', text)
    assert done.stdout.count("ip saddr") == 2, done.stderr
    with pytest.raises(SourceSyntaxError, match="'c' is defined twice"):
        NftFile(Text("x.nft", text))


@pytest.mark.parametrize(
    "restore",
    [
        "create a hash:net\n",
        "create -exist a hash:net\ncreate -exist b hash:net maxelem 9\nswap a b\ndestroy b\n",
    ],
)
def test_an_ipset_file_that_loads_once_and_not_twice_is_refused(restore: str) -> None:
    require_program("ipset")
    assert in_namespace('ipset restore < "$0"', restore).returncode == 0
    assert in_namespace('ipset restore < "$0"; ipset restore < "$0"', restore).returncode != 0
    with pytest.raises(SourceSyntaxError, match="a second time"):
        Restore(Text("x", restore)).require_loadable_again()


@pytest.mark.parametrize(
    ("length", "taken"), [(10_238, True), (10_239, True), (10_240, False), (20_000, False)]
)
def test_iptables_restore_cuts_a_comment_at_ten_kilobytes(length: int, *, taken: bool) -> None:
    require_program("iptables-restore")
    text = f"#{'x' * (length - 1)}\n*filter\n:c - [0:0]\nCOMMIT\n"
    done = in_namespace('iptables-restore --test --noflush < "$0"', text)
    assert (done.returncode == 0) == taken, done.stderr
    with pytest.raises(SourceSyntaxError, match="longer than 10,000 bytes"):
        read_rules(Text("x", text, (V4,)))


@pytest.mark.parametrize("chain", ["DROP", "ACCEPT", "RETURN", "QUEUE"])
def test_no_chain_may_be_called_what_a_rule_does(chain: str) -> None:
    require_program("iptables-restore")
    text = f"*filter\n:{chain} - [0:0]\nCOMMIT\n"
    assert in_namespace('iptables-restore --test --noflush < "$0"', text).returncode != 0
    with pytest.raises(SourceSyntaxError, match="what a rule does"):
        read_rules(Text("x", text, (V4,)))


def test_two_dropped_ipsets_decide_each_by_itself() -> None:
    """An exception in one set does not help whom the other one holds."""
    for program in ("ipset", "iptables-restore"):
        require_program(program)
    sets = "".join(
        f"create -exist {name} hash:net\nflush {name}\nadd {name} {entry}\n"
        for name, entry in {"a": "10.0.0.0/8", "b": "10.1.0.0/16 nomatch"}.items()
    )
    asked = in_namespace('ipset restore < "$0"; ipset test a 10.1.2.3', sets)
    assert "is in set a" in asked.stdout + asked.stderr
    rules = "".join(f"-A c -m set --match-set {name} src -j DROP\n" for name in "ab")
    text = f"*filter\n:c - [0:0]\n{rules}COMMIT\n"
    done = in_namespace('ipset restore < "$0"; iptables-restore --noflush < "$1"', sets, text)
    assert done.returncode == 0, done.stderr
    with pytest.raises(SourceSyntaxError, match="would decide by itself"):
        read_rules(Text("x", text, (V4,)))


def test_ipset_takes_quotes_off_names_and_reads_010_as_eight() -> None:
    require_program("ipset")
    restore = 'create "a" hash:net maxelem 010\nflush "a"\nadd a 10.0.0.0/8\nlist a\n'
    done = in_namespace('ipset restore < "$0"', restore)
    assert "maxelem 8" in done.stdout, done.stderr
    assert "Name: a" in done.stdout
    for line in ('create "a" hash:net\n', "create a hash:net maxelem 010\n"):
        with pytest.raises(SourceSyntaxError):
            Restore(Text("x", line))


def test_a_tag_of_unbound_answers_clients_whom_it_refuses_without(tmp_path: Path) -> None:
    """An `inform` zone for tagged clients would log them, and open the resolver to strangers."""
    net, client = "10.1.2.0/24", "10.1.2.3"
    zone = 'define-tag: "x"\nlocal-zone: "." inform\nlocal-zone-tag: "." "x"\n'
    for tag, answer in (("", "REFUSED"), (f'access-control-tag: {net} "x"\n', "NOERROR")):
        text = f"server:\naccess-control: 10.0.0.0/8 refuse\n{zone}{tag}"
        (tmp_path / "list").write_text(text, encoding="utf-8")
        server = [require_program("unbound"), "-d", "-c", f"{tmp_path}/unbound.conf"]
        assert asked(server, tmp_path, {"unbound.conf": UNBOUND_CONF}, [client]) == {client: answer}


OLD, NEW = prefixes("192.0.2.0/24"), prefixes("10.0.0.0/8", "198.51.100.0/24")


def test_a_restore_of_ipset_that_stops_halfway_leaves_the_set_in_use_as_it_was() -> None:
    """It is no transaction: what came before the bad line is there, so it goes aside first."""
    good, bad = (written(IPSET, one)[0].data.decode() for one in (OLD, NEW))
    bad, found = re.subn(r"(_v4_new .* maxelem) \d+", r"\1 1", bad)  # no room for the second
    assert found == 1
    script = (
        "ipset restore < $0; ! ipset restore < $1; ipset test blockc_export_control_v4 192.0.2.9;"
        " ! ipset test blockc_export_control_v4 10.1.2.3;"
        " ipset test blockc_export_control_v4_new 10.1.2.3"
    )
    done = in_namespace(script, good, bad)
    assert done.returncode == 0, done.stderr


def test_a_file_of_nft_with_a_bad_line_leaves_everything_as_it_was() -> None:
    good, bad = (written(NFTABLES, one)[0].data.decode() for one in (OLD, NEW))
    assert "198.51.100.0-198.51.100.255" in bad
    bad = bad.replace("198.51.100.0-198.51.100.255", "198.51.100.255-198.51.100.0")
    script = "nft -f $0; ! nft -f $1 2>/dev/null; nft list set inet blockc_export_control v4"
    done = in_namespace(script, good, bad)
    assert done.returncode == 0, done.stderr
    assert ("192.0.2.0" in done.stdout, "10.0.0.0" in done.stdout) == (True, False)
