"""`blockc verify --dump`: what a live system shows, against what was published."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import write_policy

POLICY = """\
version = 1

[list.far]
block = ["175.45.176.0/22", "9.9.9.9", "2001:db8:1::/48"]
except = ["175.45.177.0/24"]

[list.near]
block = ["192.0.2.0/24"]
"""
OUTPUT = '[[output]]\nlist = "{}"\ntarget = "{}"\npath = "{}"\n'
OUTPUTS = (
    ("far", "nftables", "far.nft"),
    ("near", "nftables", "near.nft"),
    ("far", "haproxy-map", "far.map"),
    ("far", "nginx-geo", "far.conf"),
    ("far", "nginx-stream", "far.stream.conf"),
    ("far", "aws-wafv2-ipset", "far.json"),
    ("far", "plain", "far.{family}.txt"),
)
NFT = """\
table ip nat {
	chain prerouting {
	}
}
table inet blockc_far { # handle 2
	set v4 {
		type ipv4_addr
		flags interval
		elements = { 9.9.9.9, 175.45.176.0/24,
				175.45.178.0/23 }
	}

	set v6 {
		type ipv6_addr
		flags interval
		elements = { 2001:db8:1::/48 }
	}

	chain prerouting { # handle 1
		type filter hook prerouting priority mangle; policy accept;
		iif "lo" accept # handle 4
		ct state established,related accept
		ip6 hoplimit 255 icmpv6 type nd-router-solicit accept
		ip6 hoplimit 255 icmpv6 type nd-router-advert accept
		ip6 hoplimit 255 icmpv6 type nd-neighbor-solicit accept
		ip6 hoplimit 255 icmpv6 type nd-neighbor-advert accept
		ip saddr @v4 counter packets 71 bytes 4260 drop
		ip6 saddr @v6 counter packets 0 bytes 0 drop
	}
}
"""
MAP = """\
0x557136d4c2a0 9.9.9.9/32 block
0x557136d4c390 175.45.176.0/22 block
0x557136d4c3e0 175.45.177.0/24 none
0x557136d4c4e0 ::/96 none
0x557136d4c570 2001:db8:1::/48 block
0x557136d4c600 2002::/16 none

"""
NGINX = """\
# configuration file /etc/nginx/nginx.conf:
http {
    geo $blockc_near { default 0; 9.9.9.0/24 1; }
    include far.conf;
}

# configuration file /etc/nginx/far.conf:
# list far
geo $remote_addr $blockc_far {
    default 0;
    9.9.9.9 1; 175.45.176.0/22 1;
    175.45.177.0/24 0;
    2001:db8:1::/48 1;
}
"""
STREAM = (
    NGINX.replace("blockc_far", "blockc_far_stream").replace("http", "stream")
    + """\
# configuration file /etc/nginx/stages.conf:
map $blockc_far_stream $blockc_far_stream_action { default ""; 1 block; }
map $blockc_far_stream $blockc_far_stream_upstream {
    default backend;
    1 "";
}
"""
)


@pytest.fixture
def dist(blockc: Blockc, tmp_path: Path) -> Path:
    text = POLICY + "".join(OUTPUT.format(*one) for one in OUTPUTS)
    built = blockc("build", "-q", "-f", write_policy(tmp_path, text))
    assert built.code == 0, built.err
    return tmp_path / "dist"


def differences(blockc: Blockc, dist: Path, target: str, dump: str) -> list[Any]:
    words = ("verify", dist, "--json", "--list", "far", "--target", target, "--dump", "-")
    done = blockc(*words, stdin=dump.encode())
    report = json.loads(done.out)
    assert report["target"] == target
    assert report["holds"] is (done.code == 0) is (report["differences"] == [])
    found: list[Any] = report["differences"]
    return found


DUMPS = {"nftables": NFT, "haproxy-map": MAP, "nginx-geo": NGINX, "nginx-stream": STREAM}


@pytest.mark.parametrize("target", DUMPS)
def test_the_words_of_a_live_system_say_what_was_published(
    blockc: Blockc, dist: Path, target: str
) -> None:
    assert differences(blockc, dist, target, DUMPS[target]) == []


CHANGES = [
    ("nftables", "9.9.9.9,", "8.8.8.8,", "what is in force is not what was published", None),
    ("nftables", "hook prerouting", "hook input", "the nft hook is 'input', ordered is", 20),
    ("nftables", "4260 drop", "4260", "", None),
    ("nftables", 'iif "lo" accept', "", "'loopback' is ordered and missing", None),
    ("nftables", "blockc_far", "blockc_gone", "there is no table inet blockc_far", 1),
    ("nftables", "9.9.9.9", "9.9.9.999", "9.9.9.999", 9),
    ("haproxy-map", "9.9.9.9/32 block", "9.9.9.9/32 none", "what is in force is not", None),
    ("haproxy-map", "none", "sometimes", "'sometimes' is not a verdict", 3),
    ("nginx-geo", "9.9.9.9 1;", "", "what is in force is not what was published", None),
    ("nginx-geo", "$blockc_far", "$far", "there is no geo block for $blockc_far", 1),
    ("nginx-geo", "$remote_addr", "$http_x_real_ip", "the nginx source is", 9),
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_was_changed_in_a_live_system_is_found(
    blockc: Blockc, dist: Path, change: tuple[str, str, str, str, int | None]
) -> None:
    target, old, new, said, line = change
    assert old in DUMPS[target]
    found = differences(blockc, dist, target, DUMPS[target].replace(old, new, 1))
    assert any(said in one["message"] for one in found), found
    assert line is None or line in [one["line"] for one in found]


def test_the_drift_is_told_in_prefixes(blockc: Blockc, dist: Path) -> None:
    (one,) = differences(blockc, dist, "nftables", NFT.replace("9.9.9.9", "8.8.8.8"))
    assert one["missing"]["ipv4"] == {"addresses": "1", "prefixes": ["9.9.9.9/32"]}
    assert one["extra"]["ipv4"] == {"addresses": "1", "prefixes": ["8.8.8.8/32"]}
    words = ("verify", dist, "--list", "far", "--target", "nftables", "--dump", "-")
    done = blockc(*words, stdin=NFT.replace("9.9.9.9", "8.8.8.8").encode())
    assert "  missing: 1 ipv4 addresses: 9.9.9.9/32\n" in done.out
    assert "what nftables has: 1 difference from what was published" in done.err


def got(published: Path, scope: str = "regional") -> str:
    """Return what `aws wafv2 get-ip-set` prints of a set made from a published file."""
    made = json.loads(published.read_bytes())
    arn = f"arn:aws:wafv2:eu-west-1:111122223333:{scope}/ipset/{made['Name']}/a-b"
    made = {**made, "Id": "a-b", "ARN": arn}
    del made["Scope"]
    return json.dumps({"IPSet": made, "LockToken": "c-d"}, indent=4)


def test_sets_that_aws_shows_are_verified(blockc: Blockc, dist: Path, tmp_path: Path) -> None:
    def verified(*texts: str) -> list[str]:
        paths = [tmp_path / str(number) for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        dumps = [word for path in paths for word in ("--dump", path)]
        done = blockc("verify", dist, "--json", "--target", "aws-wafv2-ipset", *dumps)
        return [one["message"] for one in json.loads(done.out)["differences"]]

    first, second = got(dist / "far.ipv4.json"), got(dist / "far.ipv6.json")
    assert verified(first, second) == []
    away = "what is in force is not what was published"
    assert verified(first.replace("9.9.9.9/32", "9.9.9.8/32"), second) == [away]
    missing = "the AWS IP set 'REGIONAL blockc-far-ipv6' is ordered and missing"
    assert verified(first) == [missing, away]
    (scope, *_) = verified(got(dist / "far.ipv4.json", "global"), second)
    assert scope.startswith("IPSet.Name: the AWS IP set is 'CLOUDFRONT")
    assert verified(first, second.replace("arn:aws:wafv2", "arn:aws:iam"))[0].startswith(
        "IPSet.ARN: "
    )


def test_files_that_are_in_use_are_verified_where_nothing_shows_what_is_loaded(
    blockc: Blockc, dist: Path, tmp_path: Path
) -> None:
    words = ("verify", dist, "--target", "plain", "--dump", dist / "far.ipv4.txt", "--dump")
    assert blockc(*words, dist / "far.ipv6.txt").code == 0
    (tmp_path / "old").write_text("2001:db8:2::/48\n", encoding="utf-8")
    done = blockc(*words, tmp_path / "old")
    assert done.code == 1
    assert "missing: 1 /48 of ipv6 addresses: 2001:db8:1::/48" in done.out


WRONG = [
    (("--target", "plain"), "--dump and --target go together"),
    (("--dump", "x"), "--dump and --target go together"),
    (("--list", "far"), "--dump and --target go together"),
    (("--dump", "x", "--target", "plain", "--native"), "--native asks about what is published"),
    (("--dump", "x", "--target", "plain"), "cannot read it: no such file"),
    (("--dump", __file__, "--target", "ipset"), "no output has the target 'ipset'"),
    (("--dump", __file__, "--target", "nftables"), "name one with --list: far, near"),
    (
        ("--dump", __file__, "--target", "nftables", "--list", "x"),
        "artifacts of nftables hold 'x'",
    ),
    (("--dump", __file__, "--target", "plain"), "in use of far.ipv4.txt, far.ipv6.txt"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_a_wrong_call_is_told(
    blockc: Blockc, dist: Path, words: tuple[str, ...], said: str
) -> None:
    done = blockc("verify", dist, *words)
    assert done.code == 2
    assert said in done.err
