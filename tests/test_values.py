"""Values: frozen, compared by their fields, and written as the standard library writes JSON."""

import json

import pytest

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
