"""Drafts and templates: what may enter a header, and whose mistake a broken template is."""

import os
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from jinja2 import Environment
from jinja2.nodes import Template

from blockc.addresses import V4, V6
from blockc.errors import DefinitionError, PolicyError, UsageError
from blockc.targets.core import render as rendering
from blockc.targets.core.document import FamilyEntries, entry_texts
from blockc.targets.core.provenance import Origin, Provenance
from blockc.targets.core.render import _compiled, fill, render, render_each
from blockc.targets.core.response import Response
from blockc.targets.core.target import EntryForm, Target
from blockc.targets.core.template_context import NAMES as DOCUMENTED
from blockc.targets.core.template_context import template_context
from blockc.targets.core.verdicts import BLOCKS
from blockc.targets.data.plain import PLAIN
from blockc.targets.registry import target_named
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from tests.targets.artifacts import DIALECTS, EDGES, PATH, TEMPLATES, draft, prefixes, rules_of


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ option.colour }}", "'colour'"),
        ("{% for x in parts %}", "Unexpected end of template"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ parts[0].entries[0] + 1 }}", "can only concatenate"),
        ("{{ header.__class__.__mro__ }}", "unsafe"),
        ("{{ parts[0].texts.append('0.0.0.0/1') }}", "no attribute 'append'"),
        ("{{ option.update(header=1) }}", "unsafe"),
        ("{{ zzz }}", "'zzz' is undefined; there are action, codes, default, half, header, "),
        ("{{ provenence.list }}", "is undefined; did you mean 'provenance'?; there are action"),
        (
            "{{ provenance.lists }}",
            "Provenance has no 'lists'; did you mean 'list'?; there are header, list, policy",
        ),
        (
            "{{ parts[0].text }}",
            "Part has no 'text'; did you mean 'texts'?; there are addresses, count, entries, ",
        ),
        (
            "{{ parts[0].rules.start.tofile('x') }}",
            "Part has no 'rules'; did you mean 'lines'?; there are",
        ),
        ("{{ parts[0]._entries.rules }}", "unsafe"),
        ("{{ parts[0].lines.__func__.__globals__ }}", "unsafe"),
        ("{{ header.nothing }}", "'tuple object' has no attribute 'nothing'"),
        ("{{ (parts | map(attribute='_entries') | first).rules }}", "unsafe"),
        ("{{ (parts[0] | attr('_entries')).rules }}", "unsafe"),
        ("{{ lipsum() }}", "'lipsum' is undefined"),
        ("{{ header | random }}", "No filter named 'random'"),
        ("{% include 'other.j2' %}", "no loader"),
        ("{{ range(1000000000) | list }}", "Range too big"),
    ],
)
def test_a_mistake_in_a_template_is_told_with_file_and_line(line: str, reason: str) -> None:
    with pytest.raises(DefinitionError) as found:
        filled(f"one\ntwo\n{line}\n")

    assert found.value.exit_code == 2
    assert str(found.value).startswith("mine.j2:3: the template cannot be filled: ")
    assert reason in found.value.message
    assert found.value.at is not None
    assert found.value.at.text == line


@pytest.mark.parametrize("case", EDGES)
def test_lines_made_in_one_go_are_those_of_a_loop(case: str) -> None:
    loop = (
        "{% for part in parts %}{% for text, word in part.entries %}\n"
        "> {{ text }}{{ ' ' if word or unnamed }}{{ word or unnamed }};\n"
        "{% endfor %}{% endfor %}\n"
    )
    at_once = (
        "{% for part in parts %}{% if part.count %}\n"
        "{{ part.lines('> ', ';', unnamed) }}\n"
        "{% endif %}{% endfor %}\n"
    )
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, EDGES[case]))
    for unnamed in ("", '""'):
        texts = [
            render(
                NGINX_GEO, one, PATH, {**TEMPLATES, str(NGINX_GEO.writer): Text("mine.j2", text)}
            )
            for text in (f"{{% set unnamed = {unnamed!r} %}}\n{body}" for body in (loop, at_once))
        ]
        assert texts[0] == texts[1]


def reachable(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield path and value of all that a template can reach without calling anything."""
    if isinstance(value, tuple) and value:
        for item in value:
            yield from reachable(item, f"{path}[]")
    elif isinstance(value, dict) and value:
        for name, item in value.items():
            yield from reachable(item, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, str | int | tuple | dict) or value is None or callable(value):
        yield path, value
    else:
        for name in dir(value):
            if not name.startswith("_"):
                yield from reachable(getattr(value, name), f"{path}.{name}")


def seen_by_templates() -> Iterator[tuple[str, object]]:
    """Yield path and value of all that any template of any target can reach."""
    answers = None, Response(451, "https://example.com")
    for param, case, answer in product(DIALECTS, ("nothing", "neighbours"), answers):
        (target,) = param.values
        assert isinstance(target, Target)
        one = draft(target, rules_of(target, EDGES[case]))
        one = replace(one, response=answer, codes=("CN", "RU") if answer else ())
        for file in target.files(PATH):
            yield from reachable(template_context(target, one, file, PATH))


def test_a_template_reaches_texts_and_numbers_and_one_function_that_makes_text() -> None:
    for path, value in seen_by_templates():
        if path == "parts[].lines":
            assert isinstance(value("", ""), str) if callable(value) else False
        else:
            kinds = str, int, bool, tuple, dict, type(None), StrEnum
            assert isinstance(value, kinds), path
            assert not isinstance(value, np.generic), path


def test_all_that_a_template_reaches_is_on_its_page_and_nothing_else() -> None:
    names = re.compile(r"^(option|part_options\[\])\..*")
    found = {names.sub(r"\1.NAME", path) for path, _ in seen_by_templates()}
    found -= {"part_options[]"}  # of a target without options
    found -= {"response", "option", "provenance.sources", "parts[].texts", "parts[].entries"}
    found -= {"shards", "shards[].texts", "codes"}
    named = {name.partition("(")[0] for name in DOCUMENTED}
    assert {path.replace("entries[][]", "entries[]") for path in found} == named


def test_a_template_sees_what_the_documentation_promises() -> None:
    text = filled(
        "{{ header | length > 3 }} {{ provenance.list }} {{ provenance.header }} {{ registered }}\n"
        "{% for part in parts %}\n"
        "{{ part.name }} {{ part.version }} {{ part.count }} {{ part.addresses }}\n"
        "{{ part.texts | join(' ') }}\n"
        "{% for text, word in part.entries %}{{ text }}{{ word }};{% endfor %}\n"
        "{% endfor %}\n"
    )
    assert text == (
        "True export-control full "
        "the country of an address is where it is registered, not where it is used\n"
        "ipv4 4 2 257\n192.0.2.0/24 198.51.100.7/32\n192.0.2.0/24;198.51.100.7/32;"
        "ipv6 6 0 0\n\n"
    )


def test_addresses_are_spelled_in_the_form_of_the_target() -> None:
    addresses = prefixes("10.0.0.0/31", "10.0.0.2/32", "10.0.0.9/32", "2001:db8::/127", "::1/128")
    v4, v6 = rules_of(PLAIN, addresses).values()

    assert entry_texts(v4, EntryForm.PREFIX) == ["10.0.0.0/31", "10.0.0.2/32", "10.0.0.9/32"]
    assert entry_texts(v4, EntryForm.HOST) == ["10.0.0.0/31", "10.0.0.2", "10.0.0.9"]
    assert entry_texts(v6, EntryForm.HOST) == ["::1", "2001:db8::/127"]
    v4, v6 = rules_of(target_named("nftables"), addresses).values()
    assert entry_texts(v4, EntryForm.RANGE) == ["10.0.0.0-10.0.0.2", "10.0.0.9"]
    assert entry_texts(v6, EntryForm.RANGE) == ["::1", "2001:db8::-2001:db8::1"]


def test_a_slash_32_of_ipv6_keeps_its_length_among_hosts() -> None:
    v6 = rules_of(NGINX_GEO, prefixes("2001:db8::/32"))[V6]
    assert entry_texts(v6, EntryForm.HOST) == ["2001:db8::/32"]


@pytest.mark.parametrize("title", ["a\nflush x", "a\rb", "a\x1b[31m", "a\u2028b", "a\0b"])
def test_a_title_that_does_not_print_is_refused(title: str) -> None:
    with pytest.raises(PolicyError, match="do not print"):
        Provenance(list="x", policy="y", title=title)


def test_names_and_digests_are_words() -> None:
    with pytest.raises(ValueError, match="printable words"):
        Provenance(list="a b", policy="y")
    with pytest.raises(ValueError, match="printable words"):
        Provenance(list="a", policy="y", sources=(Origin("ripencc", "2018\n", "z"),))


def test_no_header_line_is_long_however_long_the_title() -> None:
    one = draft(PLAIN, rules_of(PLAIN, EDGES["ipv4 only"]))
    long = replace(one, provenance=replace(one.provenance, title="word " * 400 + "x" * 500))
    parts = [FamilyEntries(long.rules[V4], 1, PLAIN.form, BLOCKS, NAMES)]
    lines = long.header(parts)

    assert max(map(len, lines)) <= 110
    assert "ipv4: 2 entries, 1 address" in lines


def test_an_output_needs_a_file_name() -> None:
    with pytest.raises(UsageError, match="names no file"):
        target_named("ipset").files("/")


def test_an_unknown_target_is_told_with_what_was_meant() -> None:
    with pytest.raises(PolicyError, match="'ngin-geo'; did you mean 'nginx-geo'"):
        target_named("ngin-geo")


def test_what_was_compiled_of_a_shipped_template_is_kept_as_that_of_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    compiled: list[str] = []
    parse = Environment._parse

    def noted(self: Environment, source: str, name: str | None, file: str | None) -> Template:
        compiled.append(source)
        return parse(self, source, name, file)

    monkeypatch.setattr(Environment, "_parse", noted)

    def in_a_new_process(text: str) -> str:
        _compiled.cache_clear()
        return fill(Text("x.j2", text, file=str(tmp_path / "x.j2")), {"value": 0})

    one, other = "a{{ value }}", "b{{ value }}"
    assert [in_a_new_process(one), in_a_new_process(one)] == ["a0", "a0"]
    assert compiled == [one]
    assert [in_a_new_process(other), in_a_new_process(other)] == ["b0", "b0"]
    assert compiled == [one, other]
    (kept,) = (tmp_path / "__pycache__").iterdir()
    kept.write_bytes(kept.read_bytes()[:-20])
    assert in_a_new_process(other) == "b0"
    assert compiled == [one, other, other]


def test_a_mistake_in_a_template_that_was_kept_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    template = Text("x.j2", "1\n{{ 1 / value }}\n", file=str(tmp_path / "x.j2"))
    for _ in range(2):
        _compiled.cache_clear()
        with pytest.raises(DefinitionError, match="division by zero") as caught:
            fill(template, {"value": 0})
        assert str(caught.value).startswith("x.j2:2: the template cannot be filled")


def filled(template: str) -> str:
    """Return what the template makes of a small plain list."""
    one = draft(PLAIN, rules_of(PLAIN, EDGES["ipv4 only"]))
    templates = {**TEMPLATES, str(PLAIN.writer): Text("mine.j2", template)}
    return render(PLAIN, one, PATH, templates)[0].data.decode()


SHARED = (
    "{% set held = namespace(one=[1], other=[1]) %}\n"
    "{% for i in range(64) %}{% set held.one = [held.one, held.one] %}"
    "{% set held.other = [held.other, held.other] %}{% endfor %}\n"
)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{{ 'x' * 10 ** 10 }}", 2, "too much memory"),
        ("{{ ([0] * 10 ** 10) | length }}", 2, "too much memory"),
        ("{{ 'x' | center(10 ** 10) }}", 2, "too much memory"),
        ("{{ '%9999999999d' % 1 }}", 2, "too much memory"),
        ("{{ '%9999999999d' | format(1) }}", 2, "too much memory"),
        ("{{ '{:>9999999999}'.format(1) }}", 2, "too much memory"),
        ("{{ 'x'.zfill(10 ** 10) }}", 2, "too much memory"),
        ("{{ [1] | batch(10 ** 10, 0) | list }}", 2, "too much memory"),
        (
            "{% for i in range(9999) %}\n{{ 'x' * 999 }}{% endfor %}",
            3,
            "writes more than 4,195,328",
        ),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}\n{% endfor %}", 2, ""),
        (SHARED + "{{ held.one == held.other }}", 4, "too long"),
    ],
)
def test_a_template_that_takes_more_than_its_entries_are_worth_is_stopped(
    text: str, line: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "_SECONDS", 1)
    with pytest.raises(DefinitionError, match=f"{said}.*; for 2 lines of addresses") as caught:
        filled(f"one\n{text}")
    at = caught.value.at
    assert at
    assert (at.path, at.line) == ("mine.j2", line)


def test_all_files_of_an_output_are_filled_in_one_process_and_ours_in_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[object] = []
    fork = os.fork

    def counted() -> int:
        begun.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", counted)
    one = draft(PLAIN, rules_of(PLAIN, EDGES["ipv4 only"]))
    pages = [(one, f"{number}.txt") for number in range(3)]
    own = {**TEMPLATES, str(PLAIN.writer): Text("mine.j2", "{{ main }}")}

    assert len(list(render_each(PLAIN, pages, TEMPLATES))) == 3
    assert not begun
    found = [file.data for (file,) in render_each(PLAIN, pages, own)]
    assert (found, begun) == ([b"0.txt", b"1.txt", b"2.txt"], [1])


def test_only_a_template_of_an_operator_is_asked_what_it_may_see(tmp_path: Path) -> None:
    shipped = Text("x.j2", "{{ value._inside }}", file=str(tmp_path / "x.j2"))
    values = {"value": SimpleNamespace(_inside=1)}
    assert fill(shipped, values) == "1"
    with pytest.raises(DefinitionError, match="access to attribute '_inside'"):
        fill(replace(shipped, file=""), values)
