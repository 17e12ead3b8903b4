"""What a file may cost that somebody imports: whatever is in it, not much more than its bytes."""

import tracemalloc
from random import Random
from typing import Any

import pytest

from blockc.addresses import lines, plain_text
from blockc.addresses.rules import Match
from blockc.errors import SourceUnfit
from blockc.importing import decide as decide_module
from blockc.importing import entries, importer
from blockc.importing.decide import decide
from blockc.importing.entries import Entry, EntryColumns, Scope
from blockc.importing.forms import FORMS, guess
from blockc.importing.importer import import_files
from blockc.targets.syntax.tokens import ArtifactFile
from tests.support.counting import calls_of
from tests.support.memory import growth

_BOMBS = (
    "{", "}", "{}\n", "[", "[],", ";", ":", "-", "1.", ".", "a ", "a,", "x\n", "\n", " ", '"', '""',
    "\\", "\0", "#\n", "a {", "set a {\n", "set a { elements = { 1.2.3.4,", "ip saddr {",
    "chain a {\n", "a:1.2.3.4-", "deny 1.2.3.4", "geo $a {", "Require not ip ", "<Limit>\n",
    '"Addresses":[', "-A a -s ", "add a 1.2.3.4 ", "1.2.3.4 - ",
)  # fmt: skip


@pytest.mark.parametrize("piece", _BOMBS)
def test_a_form_is_guessed_with_a_few_looks_at_each_line(piece: str) -> None:
    # Looking on from each place to the end of 300,000 characters would take hours.
    assert guess(piece * (300_000 // len(piece))) in {"", *FORMS}


@pytest.mark.parametrize(
    ("form", "piece"),
    [
        ("nginx", "{"),
        ("nginx", "a "),
        ("apache", "<Limit>\n"),
        ("lines", "x\n"),
        ("map", "x\n"),
        ("p2p", "a:1.2.3.4-"),
        ("iptables", "-A a -s "),
        ("ipset", "add a 1.2.3.4 "),
        ("nft", "set a {\n"),
        ("nft", "ip saddr {"),
        ("aws", '"Addresses":['),
    ],
)
def test_a_text_of_anything_takes_little_memory(
    form: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "MOST_KEPT", 10)
    monkeypatch.setattr(importer, "guess", lambda _: form)
    assert growth(lambda text: import_files({"f": text.encode()}, form), piece) < 60


@pytest.mark.parametrize(
    ("form", "piece"),
    [
        ("lines", "1.2.3.4\n"),
        ("lines", "1.2.3.4/8\n"),
        ("lines", "[],"),
        ("map", "1.2.3.4 block\n"),
        ("nginx", "deny all;\n"),
        ("nginx", "deny 1.2.3.4;\n"),
        ("apache", "Deny from all\n"),
        ("ipset", "add a 1.2.3.4\n"),
        ("iptables", "-A a -s 1.2.3.4 -j DROP\n"),
        ("p2p", "a:1.2.3.4-1.2.3.5\n"),
    ],
)
def test_entries_are_kept_in_columns(
    form: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    monkeypatch.setattr(lines, "_BATCH", 1 << 11)
    monkeypatch.setattr(entries, "MOST_KEPT", 10)
    read = FORMS[form].read

    def decided(text: str) -> None:
        for scope in read(text, ()).scopes:
            decide(scope)

    assert growth(decided, piece) < 30


def test_a_short_text_that_stood_before_is_not_decoded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    monkeypatch.setattr(lines, "_BATCH", 1 << 11)
    found = import_files({"f": b"::\n2::\n" * 500 + b"x:\n::1/9\n" * 10})
    assert (found[0].entries, len(found[0].unread)) == (1010, 10)
    assert growth(lambda text: import_files({"f": text.encode()}), "::\n") < 30


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("seed", range(30))
def test_entries_decide_the_same_if_short_ones_are_decoded_once(
    match: Match, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(seed)
    known = ["::", "1::", "1::/3", "x:", "1::1", "1:1::/32", "1.2.3.4/9", "2.0.0.0/7", "-", ""]
    texts = rng.choices(known, k=40)
    first = match is Match.FIRST
    found = EntryColumns(
        Entry(n, one, not first or rng.random() < 0.5) for n, one in enumerate(texts)
    )
    told = []
    for short in (0, 6):
        monkeypatch.setattr(decide_module, "_SHORT", short)
        said = decide(Scope("s", match, found))
        told.append(
            (
                said.blocked,
                said.count,
                [*said.unread],
                *map(list, (said.cleared, said.dead, said.redundant)),
            )
        )
    assert told[0] == told[1]


def test_a_line_of_apache_about_something_else_is_not_cut_into_words() -> None:
    assert growth(lambda text: FORMS["apache"].read(text, ()), '"" ') < 12


def test_quotes_of_nft_are_blotted_out_in_little_memory() -> None:
    assert growth(lambda text: FORMS["nft"].read(text, ()), '"" ') < 16


@pytest.mark.parametrize(
    ("form", "piece"),
    [
        ("nginx", "a { deny 1.2.3.4; }\n"),
        ("aws", '"Addresses":["1.2.3.4"],'),
        ("apache", "<a>\nDeny from 1.2.3.4\n</a>\n"),
    ],
)
def test_of_too_many_blocks_no_more_is_read(
    form: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "_MOST_SCOPES", 100)
    few, many = (lambda count=count: refused(form, piece * count) for count in (200, 2_000))
    assert calls_of(many) < 1.2 * calls_of(few)


def refused(form: str, text: str) -> None:
    """Read a text that says too much."""
    with pytest.raises(entries.TooMuch):
        FORMS[form].read(text, ())


def test_who_is_asked_in_vain_about_a_form_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        kept = bytearray(1_000_000)
        try:
            raise ValueError(kept)
        except ValueError:
            raise SourceUnfit(f"{len(kept):,} bytes") from None

    monkeypatch.setattr(importer, "_meant", refuse)
    monkeypatch.setattr(importer, "ArtifactFile", lambda *_: ArtifactFile("f", b""))
    tracemalloc.start()
    with pytest.raises(SourceUnfit):
        import_files({"f": b"dear all"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_a_file_whose_form_is_guessed_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()
    read = importer._read

    def counted(path: str, *given: Any) -> Any:
        asked.append(path)
        return read(path, *given)

    monkeypatch.setattr(importer, "_read", counted)
    found = import_files({"a": b"deny 1.2.3.4;\ndeny all;\n", "b": b"1.2.3.4\n"})
    assert [one.form for one in found] == ["nginx", "lines"]
    assert asked == ["a", "b"]
    asked.clear()
    import_files({"a": b":a DROP\n1.2.3.4 DROP\n"})  # more of it is wrong than read
    assert asked == ["a"]


def test_lines_that_are_not_read_are_counted_and_the_first_are_named() -> None:
    text = "1.2.3.4\n" + f"what is {'x' * 500}\n" * 5_000
    (found,) = import_files({"f": text.encode()}, "lines")

    assert (found.entries, len(found.unread)) == (1, 5_000)
    kept = [*found.unread]
    assert [one.line for one in kept] == [*range(2, 1_002)]
    assert {len(one.text) for one in kept} == {200}


_FEW = "add a 1.2.3.4\nadd a 1.2.3.6\nadd a 1.2.3.8\n"
_SETS = "".join(f"add a{n} 1.2.3.4\n" for n in range(5))
_RULE = "-A INPUT -m set --match-set a src -j DROP\n"
_TABLE = "table inet a {\nset a { type ipv4_addr\nelements = { 1.2.3.4, 1.2.3.6, 1.2.3.8 }\n}\n"


@pytest.mark.parametrize(
    ("limit", "form", "text", "message"),
    [
        ("entries._MOST_OF_SETS", "ipset", _FEW, ""),
        ("entries._MOST_OF_SETS", "nft", _TABLE + "chain a {\nip saddr @a drop\n}\n}\n", ""),
        ("entries._MOST_OF_SETS", "nft", _TABLE + "chain a {\n" + "ip saddr @a drop\n" * 2, "sets"),
        ("servers._DEEPEST", "nginx", "a {" * 4 + "deny 1.2.3.4;" + "}" * 4, ""),
        ("servers._DEEPEST", "nginx", "a {" * 5 + "deny 1.2.3.4;" + "}" * 5, "are open"),
        ("servers._DEEPEST", "apache", "<Limit>\n" * 5 + "Deny from 1.2.3.4\n", "are open"),
        ("entries._MOST_SCOPES", "nginx", "a { deny 1.2.3.4; }\n" * 4, ""),
        ("entries._MOST_SCOPES", "nginx", "a { deny 1.2.3.4; }\n" * 5, "decide about addresses"),
        ("entries._MOST_SCOPES", "apache", "<a>\nDeny from 1.2.3.4\n</a>\n" * 5, "decide about"),
        ("entries._MOST_SCOPES", "aws", '"Addresses":["1.2.3.4"],' * 5, "decide about addresses"),
        ("entries._MOST_SCOPES", "ipset", _SETS, "decide about addresses"),
        ("entries._MOST_NAMES", "ipset", _SETS, "more than 4 chains or sets"),
    ],
)
def test_what_is_too_much_is_refused_with_its_limit(
    limit: str, form: str, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"blockc.importing.{limit}", 4)
    if message:
        with pytest.raises(SourceUnfit, match=message):
            import_files({"f": text.encode()}, form)
    else:
        assert import_files({"f": text.encode()}, form)[0].blocked


def test_sets_that_rules_name_again_and_again_are_put_in_place_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {"sets": _FEW.encode(), "rules": (_RULE * 2).encode()}
    assert import_files(files)[1].entries == 6
    monkeypatch.setattr(entries, "_MOST_OF_SETS", 5)
    with pytest.raises(SourceUnfit, match="sets that have more than 5 entries together"):
        import_files(files)


def test_a_file_that_is_too_long_for_a_form_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importer, "_MOST_BYTES", 10)
    with pytest.raises(SourceUnfit, match=r"f: 14 bytes, a file in this form may have 10"):
        import_files({"f": b"deny 1.2.3.4;\n"}, "nginx")


def test_all_targets_are_asked_about_short_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    def refuse(name: str, *_: Any) -> tuple[None, list[Any]]:
        asked.append(name)
        return None, []

    monkeypatch.setattr(importer, "_artifact", refuse)
    monkeypatch.setattr(importer, "_MOST_TRIED", 10)
    for text, tried in (("dear all!!", True), ("dear all!!!", False)):
        asked.clear()
        with pytest.raises(SourceUnfit, match="in no form that blockc knows"):
            import_files({"f": text.encode()})
        assert bool(asked) == tried


def test_a_level_of_very_many_digits_is_a_line_that_is_not_read() -> None:
    text = f"1.2.3.4 - 1.2.3.5 , 0 , x\n1.2.3.4 - 1.2.3.5 , {'1' * 5_000} , x\n"
    (found,) = import_files({"f": text.encode()}, "dat")
    assert [one.line for one in found.unread] == [2]


def test_words_of_nginx_are_found_with_few_calls_for_each() -> None:
    assert calls_of(lambda: FORMS["nginx"].read(";" * 10_000, ())) < 20_000
    assert calls_of(lambda: FORMS["nginx"].read("{}" * 10_000, ())) < 260_000
    assert calls_of(lambda: FORMS["nginx"].read(" " * 1_000_000, ())) < 100
