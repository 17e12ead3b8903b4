"""`blockc edges` and `blockc deployed`: what protects what, and what runs where."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import Done

POLICY = """\
version = 1
[list.far]
title = "Far"
block = ["192.0.2.0/24"]
stages = [{ from = 2026-01-01, action = "block" }]
[list.near]
block = ["198.51.100.0/24"]
[[output]]
list = "far"
target = "plain"
path = "far.txt"
[[output]]
list = "near"
target = "plain"
path = "near.txt"
[edge.shop]
kind = "web"
owner = "platform"
hosts = ["web-1"]
domains = ["shop.example.com"]
outputs = ["far.txt"]
[edge.api]
outputs = ["far.txt", "near.txt"]
"""


class Site:
    """A policy and where it is published."""

    def __init__(self, blockc: Blockc, folder: Path) -> None:
        self.blockc, self.policy, self.dist = blockc, folder / "blockc.toml", folder / "dist"
        self.write(POLICY)

    def write(self, text: str) -> None:
        """Write the policy."""
        self.policy.write_text(text, encoding="utf-8")

    def __call__(self, verb: str, *words: object) -> Done:
        return self.blockc(verb, "-f", self.policy, *words)

    def edges(self) -> dict[str, list[tuple[str, bool | None]]]:
        """Return edge -> its outputs, and whether each runs what is published."""
        found = json.loads(self("edges", "--json").out)
        return {
            one["name"]: [(output["path"], output["current"]) for output in one["outputs"]]
            for one in found["edges"]
        }


@pytest.fixture
def site(blockc: Blockc, tmp_path: Path) -> Site:
    """Return a policy with two edges."""
    return Site(blockc, tmp_path)


def test_edges_need_no_build(site: Site) -> None:
    done = site("edges", "--as-of", "2026-11-27")
    assert done.code == 0
    rows = [line.split()[:4] for line in done.out.splitlines()]
    assert ["shop", "web", "platform", "far.txt"] in rows
    assert "block since 2026-01-01" in " ".join(done.out.split())
    assert "every edge has an output, and every list and output reaches an edge" in done.err
    assert max(map(len, done.out.splitlines())) <= 80
    site.write(
        POLICY.replace('list = "near"\ntarget', 'lists = ["far", "near"]\ntarget', 1).replace(
            'target = "plain"\npath = "near.txt"', 'target = "nginx-geo"\npath = "near.txt"'
        )
    )
    assert "far: block since 2026-01-01; near: block" in site("edges", "--as-of", "2026-11-27").out


def test_what_is_missing_is_shown_and_can_be_the_exit_code(site: Site) -> None:
    site.write(POLICY.replace('"near.txt"]', "]") + "[edge.bare]\n")
    done = site("edges", "--exit-code")
    assert done.code == 1
    tail = done.out[done.out.index("Missing") :]
    for said in ("edges without an output", "bare", "lists that reach no edge", "near", "near.txt"):
        assert said in tail
    report = json.loads(site("edges", "--json").out)
    assert {key: value for key, value in report.items() if key != "edges"} == {
        "edges_without_output": ["bare"],
        "edges_behind": [],
        "lists_without_edge": ["near"],
        "outputs_without_edge": ["near.txt"],
    }


def test_a_policy_without_edges_says_how_to_name_them(site: Site) -> None:
    site.write(POLICY[: POLICY.index("[edge.shop]")])
    done = site("edges")
    assert (done.code, done.out) == (0, "")
    assert "[edge.NAME] says what the company runs" in done.err


def test_a_receipt_holds_until_the_files_change(site: Site) -> None:
    assert site("build").code == 0
    unknown = [("far.txt", None), ("near.txt", None)]
    assert site.edges() == {"api": unknown, "shop": unknown[:1]}
    assert site("deployed", "shop", "--by", "ada").code == 0
    assert site.edges()["shop"] == [("far.txt", True)]
    assert site.edges()["api"] == unknown
    site.write(POLICY.replace("192.0.2.0/24", "192.0.2.0/25"))
    assert site("build").code == 0
    assert site.edges()["shop"] == [("far.txt", False)]
    done = site("edges", "--exit-code")
    assert done.code == 1
    assert "something else than what is published" in " ".join(done.out.split())
    report = json.loads(site("edges", "--json").out)
    assert report["edges_behind"] == ["shop"]
    runs = report["edges"][1]["outputs"][0]["runs"]
    assert runs["by"] == "ada"
    assert len(runs["generation"]) == 16


def test_what_runs_may_be_an_earlier_generation(site: Site) -> None:
    first = json.loads(site("build", "--json").out)["generation"]
    site.write(POLICY.replace("192.0.2.0/24", "192.0.2.0/25"))
    assert site("build").code == 0
    done = site("deployed", "api", "--generation", first[:6], "--json")
    assert json.loads(done.out)["generation"] == first
    assert json.loads(done.err) == {"message": f"noted: api runs generation {first}"}
    assert site.edges()["api"] == [("far.txt", False), ("near.txt", True)]
    events = json.loads(site("history", "--json").out)
    (event,) = (one for one in events if one["event"] == "deployed")
    assert (event["edge"], event["generation"]) == ("api", first)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shopp",), "the policy has no edge 'shopp'; did you mean 'shop'?"),
        (("bare",), "the edge 'bare' has no output; name them under outputs in [edge.bare]"),
        (("shop", "--generation", "ffff"), "ffff"),
    ],
)
def test_what_cannot_run_is_refused(words: tuple[str, ...], said: str, site: Site) -> None:
    site.write(POLICY + "[edge.bare]\n")
    assert site("build").code == 0
    done = site("deployed", *words)
    assert done.code == 2
    assert said in done.err


def test_an_output_that_a_generation_did_not_have_cannot_run_from_it(site: Site) -> None:
    site.write(
        POLICY.replace('[edge.api]\noutputs = ["far.txt", "near.txt"]\n', "").replace(
            "near.txt", "other.txt"
        )
    )
    assert site("build").code == 0
    site.write(POLICY)
    done = site("deployed", "api")
    assert done.code == 2
    assert "does not say what it has for near.txt; name a generation that was built" in done.err


def test_nothing_published_is_said_where_somebody_asks_about_it(site: Site, tmp_path: Path) -> None:
    assert site("deployed", "shop").code == 2
    assert site("edges", "-o", tmp_path / "nowhere").code == 2
    done = site("edges", "--as-of", "tomorrow")
    assert done.code == 2
    assert "--as-of 'tomorrow' is not a date; write it as YYYY-MM-DD" in done.err
