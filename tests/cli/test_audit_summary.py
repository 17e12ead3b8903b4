"""The summary of an audit, one page for people."""

from pathlib import Path

from tests.cli.conftest import Blockc
from tests.cli.test_audit import LINES, line, site, words

__all__ = ["site"]


def test_the_summary_says_who_is_hit_and_what_to_do_by_when(blockc: Blockc, site: Path) -> None:
    done = blockc(*words(site), "--at", "2026-10-05", "--summary", site / "page.md")
    assert done.code == 0, done.err
    page = (site / "page.md").read_text(encoding="utf-8").replace("\\", "")
    assert "Of 6 requests from 2026-10-02 to 2026-10-22, 4 (66.7%) came from" in page
    assert "3 different addresses, 2 keys, 1 account" in page
    assert "| China (CN) | 3 | 50.0% | 2 | 2 |" in page
    assert "| far | is refused | from 2026-10-20 |" in page
    tasks = [row.split(" | ") for row in page.splitlines() if row.startswith("| ")]
    by_when = {row[0][2:]: row[2][:-2] for row in tasks if len(row) == 3}
    assert by_when["Find the owners of keys"] == "before 2026-10-20"
    assert by_when["Tell the owners"] == "before 2026-10-20"
    assert by_when["Decide which keys to revoke"] == "before 2026-10-20"
    assert by_when["Find out where the block does not hold"] == "at once"
    blockc(*words(site), "--at", "2026-12-01", "--summary", site / "late.md")
    assert "at once: the block has begun" in (site / "late.md").read_text("utf-8")
    wrong = blockc(*words(site), "--summary", site / "page.doc")
    assert (wrong.code, ".html or .md" in wrong.err) == (2, True)


def test_nothing_of_a_log_is_markup_in_the_summary(blockc: Blockc, site: Path) -> None:
    evil = "<script>alert(1)</script>"
    text = "".join(LINES).replace("Googlebot", evil).replace("anna", f"{evil}|*x*")
    log = site / f"a{evil.replace('/', '')}.log"
    log.write_text(text + line("1.0.1.3", 2, evil), encoding="utf-8")
    listed = site / "<img src=x>.txt"
    listed.write_text("1.0.1.0/24\n", encoding="utf-8")
    done = blockc(*words(site, log), "--lists", listed, "-o", site / "out",
                  "--summary", site / "page.md", "--key-is", "id", "--key", "user")  # fmt: skip
    assert done.code == 0, done.err
    html = (site / "out" / "summary.html").read_text(encoding="utf-8")
    assert html.count("<script") == html.count("<img") == 0
    assert "&lt;img src=x&gt;.txt" in html
    page = (site / "page.md").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "<script" not in page
