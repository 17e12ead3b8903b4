"""Values: frozen, compared by their fields, and written as the standard library writes JSON."""

import json

import pytest

from blockc import values
from blockc.values import Value, field, field_names, json_bytes, replace


class Sample(Value, order=True):
    """A value with a field that is made anew for each."""

    first: int
    second: dict[str, int] = field(default_factory=dict)


def test_a_value_is_frozen_and_equal_by_its_fields() -> None:
    one = Sample(1)
    with pytest.raises(AttributeError):
        one.first = 2  # type: ignore[misc]  # that is the point
    assert one == Sample(1) != Sample(2)
    assert Sample(1) < replace(one, first=2)
    assert one.second is not Sample(1).second
    assert field_names(Sample) == ("first", "second")


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": [], "b": {}, "c": [[], {}]},
        {"text": 'é "quoted" \\ \n\t\x00\x1f\x7f \u2028 </script>', "empty": ""},
        [1, -5, 2**63, 0.5, True, None],
        {"nested": [{"a": [1, 2]}, {"b": {"c": "d"}}]},
    ],
)
def test_json_is_what_the_standard_library_writes(value: object) -> None:
    assert json_bytes(value) == (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


@pytest.mark.parametrize(
    "item",
    [
        '"1.1.1.1"',
        '{"ip":"1.1.1.1"}',
        '{"addr":"1.0.0.0","len":8}',
        '{"elem":{"val":{"prefix":{"addr":"1.0.0.0","len":8}}}}',
        '["1.0.0.0","1.0.0.1"]',
        '"2001:db8::1"',
        "7",
        '""',
    ],
)
def test_a_json_text_of_short_items_is_read(item: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_FREE", 0)
    text = f"[{','.join([item] * 1_000)}]"
    assert values.loads_json(text) == json.loads(text)
    text = json.dumps({f"11.0.{n >> 8}.{n & 255}": "x" for n in range(1_000)})
    assert values.loads_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        f"[{'[],' * 10_000}0]",
        f"[{'{},' * 10_000}0]",
        f"[{'[[]],' * 10_000}0]",
        "[" * 10_000,
        '{"a":' * 10_000,
        json.dumps(dict.fromkeys(range(10_000), 0), separators=(",", ":")),
        json.dumps(dict.fromkeys(range(10_000_000, 10_010_000), 0), separators=(",", ":")),
    ],
)
def test_a_json_text_of_hardly_anything_but_brackets_and_keys_is_refused_before_it_is_read(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("json.loads", lambda *_: pytest.fail("it was read"))
    monkeypatch.setattr(values, "_FREE", 0)
    with pytest.raises(values.TooDense, match="hardly anything but brackets and keys"):
        values.loads_json(text)
