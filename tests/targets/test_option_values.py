"""What every target must do with the values of its options, hostile ones too."""

import re
from collections.abc import Mapping
from datetime import date

import pytest

from blockc.addresses import AddrMap
from blockc.errors import Mistakes, PolicyError
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionContext
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    DIALECTS,
    EDGES,
    written,
)

pytestmark = pytest.mark.parametrize("target", DIALECTS)
HOSTILE = (
    "", "a b", "a;b", 'a"b', "a{b}", "a\nb", "a#b", "a$b", "../x", "ä", "-x", "a" * 300, "\x1b[m",
    "blockc_a\n", "blockc_a b", "INPUT", "filter", "{{ 1 }}", "\\", "x\0y", "'", "0",
)  # fmt: skip
STRANGE: tuple[object, ...] = (1.5, -1, 0, 10**30, [], {}, True, date(2026, 1, 1))


@pytest.mark.parametrize("value", [*HOSTILE, *STRANGE], ids=ascii)
def test_a_hostile_option_is_refused_or_does_no_harm(target: Target, value: object) -> None:
    addresses = EDGES["ipv4 only"]
    for option in target.options:
        refused = refusal(target, {option.name: value}, "export-control")
        if refused:
            assert f"option {option.name!r} is {value!r}, expected" in refused
        else:
            texts = written(target, addresses, {option.name: value})
            prove(target, texts, AddrMap.of_set(addresses))


@pytest.mark.parametrize("value", STRANGE, ids=ascii)
def test_an_option_takes_only_values_of_its_own_type(target: Target, value: object) -> None:
    for option in target.options:
        if type(value) is not type(option.default):
            with pytest.raises(PolicyError, match=f"option '{option.name}' is .*expected"):
                target.settle({option.name: value}, OptionContext("x"))


def test_unknown_options_are_all_named_with_what_was_meant(target: Target) -> None:
    with pytest.raises(PolicyError, match=f"{target.name} has no option 'colour'"):
        target.settle({"colour": 1}, OptionContext("x"))
    with pytest.raises(Mistakes) as mistakes:
        target.settle({"colour": 1, "shape": 2}, OptionContext("x"))
    assert len(mistakes.value.errors) == 2


def test_a_long_list_name_is_taken_whole_or_refused_but_never_cut(target: Target) -> None:
    name = "a" + "-b" * 15
    refused = refusal(target, {}, name)
    if refused:
        assert re.search(r"; set \w+ in the output", refused)
        return
    options = target.settle({}, OptionContext(name))
    for option in target.options:
        if "{" in str(option.default):
            assert re.search(name.replace("-", "[-_]"), str(options[option.name]))


def refusal(target: Target, options: Mapping[str, object], name: str) -> str:
    """Return why the options are refused for a list called `name`, or nothing."""
    try:
        target.settle(options, OptionContext(name))
    except PolicyError as refused:
        return str(refused)
    return ""
