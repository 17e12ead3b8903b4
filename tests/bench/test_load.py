"""The table of load costs has a row for each form, and every form is read by its program."""

from pathlib import Path

import pytest

from blockc.addresses import V4, AddrSet
from blockc.addresses.rules import Rules
from blockc.targets.registry import TARGETS
from tests.bench.clock import Run
from tests.bench.load import FORMS, PAGE, Form, main, spread, table, with_table, written

SIZES = (10, 100)


def test_prefixes_of_any_number_are_spread_and_touch_nothing() -> None:
    for count in (1, 7, 10_000, 500_000):
        prefixes = spread(V4, count)
        rules = Rules.of_prefixes(prefixes)
        assert len(prefixes) == count
        assert (rules.last[:-1] + 1 < rules.start[1:]).all()
        assert len(AddrSet.of_spans({V4: (rules.start, rules.last)}).spans(V4)[0]) == count


def test_a_row_ends_where_loading_takes_too_long() -> None:
    rows: dict[Form, list[Run | None]] = {
        FORMS[0]: [Run(9, 12.4, 0.123), Run(9, 1234, 4)],
        FORMS[1]: [None],
    }
    assert table(rows, SIZES).splitlines()[2:] == [
        "| nginx | `geo`: `nginx-geo` | 0.12 s, 12 MB | 4.00 s, 1,234 MB |",
        "| nginx | `deny` lines | > 120 s | - |",
    ]


def test_the_page_has_a_place_for_the_table_and_the_table_has_every_form() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = with_table(page, "| x |\n")
    assert "<!-- table load -->\n| x |\n<!-- end -->" in made
    assert with_table(made, "| x |\n") == made
    assert [form.what for form in FORMS if f"| {form.program} | {form.what} |" not in page] == []


def test_what_is_written_by_hand_is_another_text_for_the_same_program() -> None:
    for form in FORMS:
        target = TARGETS[form.target]
        assert target.native
        ours = written(target, spread(V4, 3))
        files = form.made(target, spread(V4, 3))
        assert [file.path for file in files] == [file.path for file in ours]
        assert (files == ours) == (form.made is written)


@pytest.mark.slow
@pytest.mark.real
def test_every_form_is_loaded_by_its_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.bench.load.SIZES", (20,))
    page = tmp_path / "load.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    main([str(page)])
    rows = capsys.readouterr().out.splitlines()
    assert rows
    assert all(row.endswith(" MB") for row in rows)
    assert "| 20 |" in page.read_text(encoding="utf-8")
