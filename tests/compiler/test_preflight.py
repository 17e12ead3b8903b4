"""What fails on a coming day is told today, and is what fails on that day."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from blockc.compiler.compile import Build, compile_policy
from blockc.errors import DoNotFit
from blockc.passes.plan import compile_rules
from blockc.policy.meaning.coming import coming_changes, resolve_later
from blockc.targets.core.render import render_each
from blockc.tomlio.when import When
from tests.compiler.toy import DATA, INPUTS, TARGETS, TODAY, output, resolved

BEGIN = date(2026, 12, 24)
STAGES = """stages = [
  { from = 2026-11-01, action = "warn" },
  { from = 2026-12-24, action = "block" },
]
"""
LATER = 'stages = [{ from = 2026-12-24, action = "block" }]\n'
MANY = 'block = ["10.1.0.0/24", "10.3.0.0/24", "10.5.0.0/24"]\n'
EXCEPTION = (
    'block = ["10.1.0.0/24"]\n'
    'except = [{ prefix = "10.1.0.128/25", owner = "o", reason = "r", until = 2026-12-23 }]\n'
)


PROTECTED = '[protect]\nnever_block = ["10.1.0.192/26"]\n'


def ahead(text: str, within: int | None = 365) -> Build:
    """Build a policy in the small world, with a look at the coming days."""
    today = resolved(text)
    coming = coming_changes(today.policy, today.moment, within)
    return compile_policy(today, DATA, TARGETS, INPUTS, coming=coming)


def told(build: Build) -> list[tuple[date, str, str]]:
    return [(one.when.written, one.path, one.problem.message) for one in build.foreseen]


@pytest.mark.parametrize(
    "text",
    [
        f"[list.a]\n{MANY}{STAGES}",
        f"[list.a]\n{EXCEPTION}",
        f'[list.a]\n{EXCEPTION}[list.b]\nblock = ["CN", "list:a"]\n[list.c]\nallow = ["list:b"]\n',
        f'[list.a]\nallow = ["list:b"]\n[list.b]\n{EXCEPTION}{LATER}{PROTECTED}',
    ],
)
def test_a_later_day_means_what_it_means_when_it_comes(text: str) -> None:
    today = resolved(text)
    assert coming_changes(today.policy, today.moment) == [When(BEGIN)]
    foreseen = resolve_later(today, When(BEGIN).begin)
    then = resolved(text, BEGIN, allow_expired=True)
    for one, other in zip(foreseen.lists, then.lists, strict=True):
        assert one.addresses == other.addresses
        assert one.schedule == other.schedule
    assert today.matrix.lists.keys() == {one.name for one in today.lists}
    assert [one.addresses for one in today.lists] == [one.addresses for one in resolved(text).lists]


def test_an_output_that_will_not_fit_is_told_with_its_day_and_fails_on_it() -> None:
    text = f"[list.a]\n{MANY}{LATER}" + output("a", "a.txt", more="max_entries = 2")
    build = ahead(text)
    assert told(build) == [(BEGIN, "a.txt", "ipv4: 3 entries, the limit is 2")]
    assert str(build.foreseen[0]).startswith(
        "p.toml:5:3: from 2026-12-24 on this build fails: a.txt: ipv4: 3 entries, the limit is 2;"
    )
    with pytest.raises(DoNotFit, match=r"a\.txt: ipv4: 3 entries, the limit is 2"):
        compile_policy(resolved(text, BEGIN), DATA, TARGETS, INPUTS)


def test_a_build_can_refuse_today_what_fails_later() -> None:
    text = f"[list.a]\n{MANY}{LATER}" + output("a", "a.txt", more="max_entries = 2")
    with pytest.raises(DoNotFit, match=r"from 2026-12-24 on this build fails: a\.txt: ipv4: 3 ent"):
        ahead(f'{text}[guard]\npreflight = "refuse"\n')


def test_an_exception_that_ends_is_a_change_and_so_is_a_list_that_refers_to_it() -> None:
    spared = '{ prefix = "10.1.0.0/24", owner = "o", reason = "r", until = 2026-12-23 }'
    lists = f'[list.a]\nblock = ["10.1.0.0/24", "10.5.0.0/24"]\nexcept = [{spared}]\n'
    lists += '[list.b]\nblock = ["10.3.0.0/24", "list:a"]\n'
    outputs = output("a", "a.txt", more="max_entries = 2")
    outputs += output("b", "b.txt", more="max_entries = 2")
    assert told(ahead(lists + outputs)) == [(BEGIN, "b.txt", "ipv4: 3 entries, the limit is 2")]


def test_a_list_split_by_country_is_told_once_with_the_number_of_its_files() -> None:
    more = 'split_by = "country"\nmax_entries = 1'
    block = "10.64.0.0/24", "10.64.2.0/24", "10.129.0.0/24", "10.129.2.0/24"
    lists = f"[list.a]\nblock = {list(block)}\n{LATER}"
    (one,) = ahead(lists + output("a", "{country}.txt", more=more)).foreseen
    assert (one.when.written, one.path, one.more) == (BEGIN, "{country}.txt", 1)
    assert "and 1 more" in str(one)


def test_only_what_changes_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[object] = []
    rendered: list[object] = []

    def counting(*asked: object) -> object:
        passes.append(asked)
        return compile_rules(*asked)  # type: ignore[arg-type]

    def writing(*asked: object) -> Iterator[object]:
        for files in render_each(*asked):  # type: ignore[arg-type]
            rendered.append(files)
            yield files

    monkeypatch.setattr("blockc.compiler.artifacts.compile_rules", counting)
    monkeypatch.setattr("blockc.compiler.artifacts.render_each", writing)

    def counts(text: str) -> tuple[int, int]:
        passes.clear()
        rendered.clear()
        ahead(text)
        return len(passes), len(rendered)

    words = output("a", "a.map", "nginx-geo").replace('list = "a"', 'lists = ["a"]')
    other = '[list.b]\nblock = ["CN"]\n' + output("b", "b.txt")
    assert counts(f"[list.a]\n{MANY}{other}{output('a', 'a.txt')}") == (2, 2)
    assert counts(f"[list.a]\n{MANY}{STAGES}{other}{words}") == (2, 2)
    assert counts(f"[list.a]\n{MANY}{LATER}{other}{output('a', 'a.txt')}") == (3, 2)
    two = output("a", "a.txt") + output("a", "c.txt")
    assert counts(f"[list.a]\n{EXCEPTION}{other}{two}") == (3, 3)


def test_a_canary_that_comes_out_wrong_later_is_told() -> None:
    text = f'[list.a]\n{EXCEPTION}[protect]\nmust_allow = ["10.1.0.200"]\n' + output("a", "a.txt")
    ((day, path, said),) = told(ahead(text))
    assert (day, path) == (BEGIN, "")
    assert said == (
        "10.1.0.200 must be allowed, and list 'a' blocks it: p.toml:3:10: block 10.1.0.0/24"
    )


def test_a_year_is_looked_ahead_and_each_change_counts_when_it_comes_into_sight() -> None:
    begin = TODAY + timedelta(days=366)
    text = f'[list.a]\n{MANY}stages = [{{ from = {begin}, action = "block" }}]\n'
    text += output("a", "a.txt", more="max_entries = 2")
    assert told(ahead(text)) == []
    assert [day for day, *_ in told(ahead(text, None))] == [begin]
    policy = resolved(text).policy
    assert coming_changes(policy, When(TODAY + timedelta(days=1)).begin) == [When(begin)]
    assert coming_changes(policy, When(begin).begin, None) == []


def test_what_fails_from_an_instant_on_is_told_with_the_instant() -> None:
    instant = "2026-12-24T00:00:00+01:00"
    lists = f"[list.a]\n{MANY}{LATER.replace('2026-12-24', instant)}"
    (one,) = ahead(lists + output("a", "a.txt", more="max_entries = 2")).foreseen
    assert str(one).startswith("p.toml:5:3: from 2026-12-24T00:00:00+01:00 on this build fails: a.")
