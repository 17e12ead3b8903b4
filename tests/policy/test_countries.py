"""Codes that can be selected, and what to write in place of those that cannot."""

import pytest

from blockc.registries import countries


def test_the_249_codes_of_iso_3166_are_known_and_user_assigned_ones_are_not() -> None:
    assert len(countries.names()) == 249
    assert list(countries.names()) == sorted(countries.names())
    assert "XK" not in countries.names()
    assert not set(countries.PSEUDO) & set(countries.names())


@pytest.mark.parametrize("code", ["EU", "AP", "ZZ", "CN", "GB"])
def test_codes_and_pseudo_codes_can_be_selected_and_have_a_name(code: str) -> None:
    assert countries.is_code(code)
    assert countries.name_of(code) != code


def test_a_code_nobody_knows_is_its_own_name() -> None:
    assert countries.name_of("QQ") == "QQ"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cn", "CN"),
        ("uk", "GB"),
        ("CHN", "CN"),
        ("Germany", "DE"),
        ("germny", "DE"),
        ("Russia", "RU"),
        ("SYRIA", "SY"),
        ("Viet Nam", "VN"),
        ("vietnam", "VN"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Iran", "IR"),
        ("South Korea", "KR"),
        ("Bolivia", "BO"),
    ],
)
def test_the_country_that_was_meant_is_suggested(text: str, code: str) -> None:
    assert countries.advice(text).startswith(f"did you mean {code!r}")


@pytest.mark.parametrize("text", ["Korea", "Congo", "QQ", "q", "", "Atlantis", "United"])
def test_nothing_is_suggested_where_it_would_be_a_guess(text: str) -> None:
    assert not countries.advice(text)


@pytest.mark.parametrize("code", ["XK", "AN", "SU", "CS", "YU", "zr"])
def test_a_code_without_space_is_explained(code: str) -> None:
    assert "did you mean" not in countries.advice(code)
    assert countries.advice(code)
