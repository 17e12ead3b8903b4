"""Tables of keys: what is read from them, and what is refused with its line and never shown."""

import tracemalloc

import pytest

from blockc.errors import BlockcError, Mistakes, PolicyError
from blockc.keys.key_table import decided_keys, named_keys, read_key_rows

HEADS = b"key,proposal\r\n"
HMAC = "0123456789abcdef" * 2


def test_a_table_is_read_as_spreadsheets_write_it() -> None:
    text = b'\xef\xbb\xbfproposal,key,note\r\nrevoke,"a,1","two\r\nlines"\r\n\r\nkeep,b,\r\n'
    rows = read_key_rows("t.csv", text, ("key", "proposal"))
    assert [(one.key, one.cells["proposal"], one.line) for one in rows] == [
        ("a,1", "revoke", 2),
        ("b", "keep", 5),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "t.csv:1: the table has no column key, proposal"),
        (b"key\r\n", "t.csv:1: the table has no column proposal"),
        (b"key,proposal,key\r\n", "t.csv:1: two columns are called 'key'"),
        (HEADS + b"a,revoke\r\nb\r\n", "t.csv:3: expected 2 cells, found 1"),
        (HEADS + b'a,"revoke"x\r\n', "t.csv:2: not CSV"),
        (HEADS + b'a,"revoke\r\n', "t.csv:2: not CSV"),
        (HEADS + b"a,revoke\r\n\xff,keep\r\n", "t.csv:3: not UTF-8 text"),
    ],
)
def test_what_is_not_such_a_table_is_refused_with_its_line(text: bytes, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read_key_rows("t.csv", text, ("key", "proposal"))
    assert str(refused.value).startswith(said)


def decisions(*rows: str, is_secret: bool = False) -> list[tuple[str, str]]:
    """Return key and action of what a table of these rows decides."""
    text = HEADS + "".join(f"{row}\r\n" for row in rows).encode()
    found = decided_keys(
        read_key_rows("t.csv", text, ("key", "proposal")), ("revoke",), is_secret=is_secret
    )
    return [(one.key, one.action) for one in found]


def test_only_what_people_said_is_done() -> None:
    rows = ("a,revoke", "b,notify", "c,watch", "d,keep", "e,restore")
    assert decisions(*rows) == [("a", "revoke"), ("e", "restore")]
    assert decisions(f"{HMAC},revoke", "not a hash,watch", is_secret=True) == [(HMAC, "revoke")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("'=cmd,revoke", "the audit wrote an apostrophe"),
        ("' +1,restore", "the audit wrote an apostrophe"),
        ('"a\nb",revoke', "characters that print"),
        ("\x1b[2J,revoke", "characters that print"),
        ("\u202eb,revoke", "characters that print"),
        (",revoke", "characters that print"),
        (f"{'a' * 513},revoke", "characters that print"),
        ("a,Revoke", "'Revoke' is not a decision about a key; did you mean 'revoke'?"),
        ("a,", "'' is not a decision about a key; write one of revoke, notify"),
        ("z,keep", "this key is also in line 2"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(row: str, said: str) -> None:
    with pytest.raises(Mistakes) as refused:
        decisions("z,keep", row)
    assert str(refused.value).startswith("t.csv:3: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("decision", ["revoke", "restore", "keep", "notify", "watch"])
def test_a_secret_is_refused_and_not_shown(decision: str) -> None:
    with pytest.raises(Mistakes) as refused:
        decisions(f"s3cret,{decision}", is_secret=True)
    assert "t.csv:2: this is not the HMAC of a key" in str(refused.value)
    rows = read_key_rows("n.csv", b"key,id\r\ns3cret,s3cret\r\n", ("key", "id"))
    with pytest.raises(BlockcError) as named:
        list(named_keys(rows, ("id",), lambda _: HMAC, is_secret=True))
    assert "n.csv:2: the key is named by itself" in str(named.value)
    assert "s3cret" not in f"{refused.value}{named.value}"


def test_a_thousand_mistakes_are_not_all_told() -> None:
    with pytest.raises(Mistakes) as refused:
        decisions(*(f"k{n},nonsense" for n in range(1000)))
    assert len(refused.value.errors) == 20


def test_a_table_of_mistakes_is_refused_with_the_first_of_them_in_little_memory() -> None:
    data = HEADS + b"a,revoke\r\n" * 4000
    tracemalloc.start()
    rows = read_key_rows("t.csv", data, ("key", "proposal"))
    with pytest.raises(Mistakes) as refused:
        decided_keys(rows, ("revoke",), is_secret=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(refused.value.errors) == 20
    assert peak < 45 * len(data)  # a mapping and an error for each row were 80


def test_decisions_that_are_alike_are_kept_once() -> None:
    one, other = read_key_rows("k", b"key,proposal\nab,revoke\nac,revoke\n", ("key", "proposal"))
    assert one.values[1] is other.values[1]
