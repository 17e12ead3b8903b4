"""What is remembered of a source is read back, and belongs to that source alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blockc.errors import Mistakes
from blockc.fetch.store.state import (
    State,
    load_state,
    parse_state,
    save_state,
    state_path,
    state_text,
)
from blockc.values import replace
from tests.fetch.test_lock import APNIC, FEED
from tests.fetch.toy import SOURCE, source

STATE = State(
    name="apnic",
    checked_at=datetime(2018, 10, 14, 12, 0, tzinfo=UTC),
    good=APNIC,
    etag='W/"1"',
    last_modified="Sat, 13 Oct 2018 00:00:00 GMT",
    refused=FEED,
)


@pytest.mark.parametrize(
    "state",
    [
        STATE,
        replace(STATE, refused=None),
        replace(STATE, good=None, checked_at=None, etag="", last_modified=""),
        State(name="toy", checked_at=None),
    ],
)
def test_what_is_remembered_is_read_back(state: State, tmp_path: Path) -> None:
    path = tmp_path / "state" / "x.toml"
    assert load_state(path) is None
    save_state(path, state)
    assert load_state(path) == state
    assert parse_state("x.toml", state_text(state)) == state


def test_a_state_names_every_blob_it_needs() -> None:
    assert STATE.digests == {APNIC.sha256, FEED.sha256}
    assert State(name="toy", checked_at=None).digests == set()


def test_two_sources_of_one_name_do_not_share_what_is_remembered(tmp_path: Path) -> None:
    one, other = source("https://a.example/list"), source("https://b.example/list")
    assert state_path(tmp_path, one) != state_path(tmp_path, other)
    with_mirror = source("https://a.example/list", "https://mirror.example/list")
    assert state_path(tmp_path, one) == state_path(tmp_path, with_mirror)
    assert state_path(tmp_path, SOURCE).parent == tmp_path / "state"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 7", "expected 1, found 7"),
        ("2018-10-14T12:00:00+00:00", "2018-10-14T12:00:00", "expected a time such as"),
        ("2018-10-14T12:00:00+00:00", "noon", "expected a time such as"),
        ("ab" * 32, "../../etc/passwd", "expected 64 hexadecimal digits"),
        ("[good]", "[god]", "unknown key 'god'; did you mean 'good'?"),
        ("[good]", "[good", "not TOML"),
    ],
)
def test_a_damaged_state_is_told_and_never_believed(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    text = state_text(STATE)
    assert old in text
    path = tmp_path / "state.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Mistakes) as caught:
        load_state(path)
    assert said in str(caught.value)


def test_a_state_that_is_no_text_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(Mistakes, match="cannot be read"):
        load_state(path)
