"""`blockc diff`: every form of its operands, and every way to show what it found."""

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from blockc.report.sections import Section, html_page, markdown
from tests.cli.conftest import Blockc, accepted
from tests.cli.test_feeds import policy
from tests.cli.toy import LAX, POLICY, write_policy, write_registries

__all__ = ["policy"]
Words = tuple[object, ...]
BIGGER = POLICY.replace('"BR"]', '"BR", "US"]')


@pytest.fixture
def diff(tmp_path: Path, registries: Path) -> Words:
    """Return a command that compares states of the small policy."""
    return ("diff", "-f", tmp_path / "blockc.toml", "--from", registries, "--as-of", "2026-11-23")


def report(blockc: Blockc, *words: object) -> dict[str, list[dict[str, str]]]:
    """Return what a comparison says to programs, list -> its changes."""
    done = blockc(*words, "--json")
    assert done.code == 0, done.err
    return {one["name"]: one["changes"] for one in json.loads(done.out)["lists"]}


def sums(changes: list[dict[str, str]], family: str = "ipv4") -> dict[str, int]:
    """Return kind and country -> how many addresses of a family."""
    chosen = [one for one in changes if one["family"] == family]
    return {f"{one['kind']} {one['country']}": int(one["addresses"]) for one in chosen}


def test_published_against_what_would_be_built_with_cause_guard_and_digest(
    blockc: Blockc, words: Words, diff: Words, tmp_path: Path
) -> None:
    assert blockc(*words).code == 0
    same = blockc(*diff, "--exit-code")
    assert (same.code, "no difference between what is published" in same.err) == (0, True)
    write_policy(tmp_path, BIGGER)
    done = blockc(*diff, "--exit-code")
    assert done.code == 1
    lines = [line.split() for line in done.out.splitlines()]
    assert ["far", "block", "ipv4", "16,777,216", "0", "0", "1", "0"] in lines
    assert ["US", "far", "ipv4", "16,777,216", "0", "0"] in lines
    assert ["policy", "ipv4", "16,777,216", "0", "0"] in lines
    assert ["3.0.0.0/8", "far", "added", "US", "arin", "1988-02-23", "5", "16,777,216"] in lines
    assert ["far.txt", "4", "5", "1", "2"] in lines
    refused = blockc(*words)
    found = json.loads(blockc(*diff, "--json").out)
    assert found["guard"]["digest"] in refused.err
    assert [one["rule"] for one in found["guard"]["refusals"]] == ["list", "country"]


def test_nothing_published_is_nothing_listed(blockc: Blockc, diff: Words, tmp_path: Path) -> None:
    write_policy(tmp_path)
    changes = report(blockc, *diff)["far"]
    assert sums(changes) == {"added BR": 1 << 20, "added CN": 640}


def test_two_policies_and_one_against_now(blockc: Blockc, diff: Words, tmp_path: Path) -> None:
    write_policy(tmp_path)
    other = tmp_path / "other.toml"
    other.write_text(BIGGER, encoding="utf-8")
    changes = report(blockc, *diff, tmp_path / "blockc.toml", other)["far"]
    assert sums(changes) == {"added US": 1 << 24}
    assert {one["cause"] for one in changes} == {"policy"}
    assert sums(report(blockc, *diff, other)["far"]) == {"removed US": 1 << 24}
    assert report(blockc, *diff, f"policy:{other}", f"policy:{other}") == {}


def test_a_day_and_an_instant(blockc: Blockc, diff: Words, tmp_path: Path) -> None:
    stages = 'stages = [{ from = 2026-12-01, action = "block" }]\ntitle ='
    write_policy(tmp_path, POLICY.replace("title =", stages))
    for when in ("2026-12-01", "at:2026-12-01", "2026-12-01T01:00:00+01:00"):
        changes = report(blockc, *diff, "now", when)["far"]
        assert sums(changes) == {"added BR": 1 << 20, "added CN": 640}
        assert {one["cause"] for one in changes} == {"date"}
    assert report(blockc, *diff, "now", "2026-11-30") == {}


def test_generations_by_the_beginning_of_their_name(
    blockc: Blockc, words: Words, diff: Words, tmp_path: Path
) -> None:
    names = []
    for text in (POLICY, BIGGER):
        write_policy(tmp_path, text)
        blockc(*words, "--json")
        done = blockc(*words, "--json") if text == POLICY else accepted(blockc, *words, "--json")
        names.append(json.loads(done.out)["generation"])
    changes = report(blockc, *diff, names[0][:8], names[1])["far"]
    assert sums(changes) == {"added US": 1 << 24}
    assert sums(report(blockc, *diff, f"generation:{names[0]}", "published")["far"]) == sums(
        changes
    )
    (tmp_path / "blockc.toml").unlink()
    assert sums(report(blockc, *diff, *names)["far"]) == sums(changes)


LOCKED = """\
version = 1
[list.far]
block = [{}, "feed:our-cloud"]
stages = [{{ from = 2026-01-01, action = "monitor" }}, {{ from = 2027-01-01, action = "block" }}]
[[output]]
list = "far"
target = "plain"
path = "far.txt"
until_block = "empty"
"""


@pytest.fixture
def locked(policy: Path, blockc: Blockc) -> tuple[Path, list[str]]:
    """Publish with two locks, then with another policy, then on another day; return generations."""
    file, names = policy.parent / "data" / "our-cloud", list[str]()
    place = ("-f", policy)

    def publish(block: str, day: str) -> None:
        policy.write_text(LOCKED.format(block), encoding="utf-8")
        words = ("build", *place, "--as-of", day, "--publish-as-of", "--json")
        assert blockc("update", *place, "-q").code == 0
        shutil.copy(policy.parent / "blockc.lock", policy.parent / f"{len(names)}.lock")
        done = blockc(*words)
        assert done.code == 0, done.err
        names.append(json.loads(done.out)["generation"])

    publish('"192.0.2.0/24"', "2026-11-23")
    cloud = json.loads(file.read_text(encoding="utf-8"))
    cloud["ranges"].append({"net": "7.7.7.0/28", "use": ["web"]})
    file.write_text(json.dumps({**cloud, "made": "9"}), encoding="utf-8")
    publish('"192.0.2.0/24"', "2026-11-23")
    publish('"192.0.2.0/25"', "2026-11-23")
    publish('"192.0.2.0/25"', "2027-01-02")
    return policy, names


def caused(blockc: Blockc, *words: object) -> set[tuple[str, str, int]]:
    """Return cause, kind and number of the IPv4 addresses that change."""
    changes = report(blockc, *words)["far"]
    found = [one for one in changes if one["family"] == "ipv4"]
    return {(one["cause"], one["kind"], int(one["addresses"])) for one in found}


def test_two_locks_differ_by_what_the_data_says(
    blockc: Blockc, locked: tuple[Path, list[str]]
) -> None:
    policy, _ = locked
    locks = [policy.parent / f"{number}.lock" for number in (0, 1)]
    words = ("diff", "-f", policy, "--as-of", "2026-11-23")
    assert caused(blockc, *words, *locks) == {("data", "added", 16)}
    assert caused(blockc, *words, *locks[::-1]) == {("data", "removed", 16)}


def test_two_past_generations_differ_by_causes_that_are_told_apart(
    blockc: Blockc, locked: tuple[Path, list[str]]
) -> None:
    policy, names = locked
    policy.write_text("version = 1\n", encoding="utf-8")
    (policy.parent / "blockc.lock").unlink()
    words = ("diff", "-f", policy)
    assert caused(blockc, *words, names[0], names[1]) == {("data", "added", 16)}
    assert caused(blockc, *words, names[1], names[2]) == {("policy", "removed", 128)}
    assert caused(blockc, *words, names[0], names[2]) == {
        ("data", "added", 16),
        ("policy", "removed", 128),
    }
    assert {cause for cause, _, _ in caused(blockc, *words, names[2], names[3])} == {"date"}


def test_countries_that_move_are_named_with_both(
    blockc: Blockc, words: Words, diff: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_registries(tmp_path / "registries")
    path = tmp_path / "registries" / "delegated-ripencc-extended-latest"
    path.write_text(path.read_text("utf-8").replace("FR|ipv4", "BR|ipv4"), "utf-8")
    done = blockc(*diff)
    assert ["BR,", "was", "FR", "far", "ipv4", "1,048,576", "0", "0"] in [
        line.split() for line in done.out.splitlines()
    ]
    (change,) = report(blockc, *diff)["far"]
    assert (change["country_before"], change["cause"]) == ("FR", "data")


def test_plain_lists_and_artifacts_by_their_grammar(
    blockc: Blockc, words: Words, diff: Words, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("1.0.0.0/23\n", encoding="ascii")
    two.write_text("1.0.1.0/24\n2001:db8::/32\n", encoding="ascii")
    changes = report(blockc, "diff", one, two)["block"]
    assert sums(changes) == {"removed None": 256}
    assert sums(changes, "ipv6") == {"added None": 1 << 96}
    blockc(*words)
    artifact = tmp_path / "dist" / "nginx" / "far.conf"
    assert report(blockc, *diff, artifact, "now", "--target", "nginx-geo") == {}
    dump = tmp_path / "dump"
    dump.write_text(artifact.read_text("utf-8").replace("    177.0.0.0/12 1;\n", ""), "utf-8")
    found = report(blockc, *diff, artifact, dump, "--target", "nginx-geo")["block"]
    assert sums(found) == {"removed None": 1 << 20}
    assert sums(report(blockc, *diff, "published", one)["far"])["removed BR"] == 1 << 20


NFT_OUTPUT = """
[[output]]
list = "far"
target = "nftables"
path = "far.nft"
table = "blockc_edge"
"""


def test_an_artifact_is_compared_with_what_a_live_system_shows(
    blockc: Blockc, words: Words, diff: Words, tmp_path: Path
) -> None:
    write_policy(tmp_path, POLICY + NFT_OUTPUT)
    assert blockc(*words).code == 0
    artifact, live = tmp_path / "dist" / "far.nft", tmp_path / "live"
    _, table = artifact.read_text("utf-8").split("delete table inet blockc_edge\n")
    live.write_text(f"table ip nat {{\n}}\n{table}", encoding="utf-8")
    assert report(blockc, *diff, artifact, live, "--target", "nftables") == {}
    assert report(blockc, *diff, "published", live, "--target", "nftables") == {}
    text = table.replace("177.0.0.0-177.15.255.255", "177.0.0.0-177.15.255.254")
    live.write_text(text.replace("counter drop", "counter packets 7 bytes 8 drop"), "utf-8")
    found = report(blockc, *diff, artifact, live, "--target", "nftables")["block"]
    assert sums(found) == {"removed None": 1}
    live.write_text(table.replace("blockc_edge", "blockc_gone"), encoding="utf-8")
    done = blockc(*diff, artifact, live, "--target", "nftables")
    assert done.code == 3
    assert "as what a live system shows it is not right either: there is no table inet" in done.err


def test_a_file_beside_several_lists_needs_the_name_of_one(
    blockc: Blockc, diff: Words, tmp_path: Path
) -> None:
    write_policy(tmp_path, POLICY + '[list.us]\nblock = ["US"]\n')
    plain = tmp_path / "us.txt"
    plain.write_text("3.0.0.0/8\n2600::/29\n", encoding="ascii")
    done = blockc(*diff, plain, "now")
    assert (done.code, "write --list with one of far, us" in done.err) == (2, True)
    assert report(blockc, *diff, plain, "now", "--list", "us") == {}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("nowhere", "is not a file, a day, an instant or a generation"),
        ("publishd", "did you mean 'published'?"),
        ("at:tomorrow", "'tomorrow' is not a day or an instant"),
        ("lock:gone.lock", "there is no lock 'gone.lock'"),
        ("generation:abcd", "no generation 'abcd'"),
        ("file:gone.txt", "cannot read it: no such file"),
    ],
)
def test_what_is_no_operand_is_told(
    blockc: Blockc, diff: Words, tmp_path: Path, word: str, said: str
) -> None:
    write_policy(tmp_path)
    done = blockc(*diff, word)
    assert done.code == 2
    assert said in done.err


def test_a_word_that_can_be_two_things_is_refused_with_how_to_write_it(
    blockc: Blockc, diff: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_policy(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("2026-12-01").write_text("1.0.0.0/24\n", encoding="ascii")
    done = blockc(*diff, "2026-12-01")
    assert done.code == 2
    assert "can be a file or a day" in done.err
    assert "write file:2026-12-01 or at:2026-12-01" in done.err
    assert report(blockc, *diff, "at:2026-12-01") == {}


def test_a_lock_that_does_not_exist_beside_a_policy_and_without_data(
    blockc: Blockc, tmp_path: Path
) -> None:
    write_policy(tmp_path)
    done = blockc("diff", "-f", tmp_path / "blockc.toml")
    assert done.code == 2
    assert "there is no" in done.err


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name in ("src", "href", "onclick") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_markdown_and_html_show_the_same_and_exclude_each_other(
    blockc: Blockc, diff: Words, tmp_path: Path
) -> None:
    write_policy(tmp_path, BIGGER)
    text = blockc(*diff, "--markdown").out
    assert text.index("### Countries") < text.index("### Largest in ipv4") < text.index("Prefixes")
    assert r"| 3\.0\.0\.0/8 | far | added | US | arin |" in text
    page = _Tags()
    page.feed(blockc(*diff, "--html").out)
    assert not {"script", "img", "link"} & set(page.tags)
    assert "16,777,216" in page.words
    assert blockc(*diff, "--html", "--markdown").code == 2


HOSTILE = "<script>x</script> | `a` @you [x](http://e) *b* \n# head"


def test_nothing_in_a_cell_becomes_markup() -> None:
    section = Section(HOSTILE, ("a",), ((HOSTILE,),), text=HOSTILE)
    text = markdown(HOSTILE, [section], 10_000)
    assert "<script>" not in text
    assert "@you" not in text
    assert "](http" not in text
    assert len(text.splitlines()) == 9
    page = _Tags()
    page.feed(html_page(HOSTILE, [section]))
    assert "script" not in page.tags
    assert page.words.count("<script>x</script>") == 5
    odd = Section("", ("a",), (("\x1b[31m \u202e",),))
    assert r"<td>\x1b[31m \u202e</td>" in html_page("", [odd])


@pytest.mark.parametrize("rows", [0, 1, 3000, 100_000])
def test_a_page_of_markdown_is_never_too_long_and_says_what_it_left_out(rows: int) -> None:
    numbers = tuple((f"{n}.example*", "x" * 40) for n in range(rows))
    sections = [Section(f"S{n}", ("a", "b"), numbers) for n in range(3)]
    text = markdown("T", sections, 59_000)
    assert len(text) < 60_000
    assert ("rows not shown" in text) == (rows >= 3000)
    if rows >= 3000:
        shown = text.count(r"\.example")
        assert shown > 500


def test_every_prefix_is_in_the_report_if_asked(
    blockc: Blockc, diff: Words, tmp_path: Path
) -> None:
    write_policy(tmp_path, POLICY + LAX)
    (one,) = json.loads(blockc(*diff, "--json", "--prefixes").out)["lists"]
    assert one["added"]["ipv4"]["prefixes"] == [
        "1.0.1.0/24", "1.0.2.0/25", "1.0.3.0/24", "177.0.0.0/12",
    ]  # fmt: skip
    (one,) = json.loads(blockc(*diff, "--json").out)["lists"]
    assert one["added"]["ipv4"] == {"addresses": "1049216", "prefixes": 4}
