"""What every target must do that says countries by their codes in place of addresses."""

import pytest

from blockc.addresses import AddrMap, AddrSet
from blockc.errors import Unproved
from blockc.registries import countries
from blockc.targets.core.document import BY_THE_PLATFORM, Document
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ACTIONS, ContentKind
from blockc.targets.registry import TARGETS
from blockc.verify.proof import prove
from tests.targets.artifacts import LINK, PATH, TEMPLATES, of_countries
from tests.targets.test_option_values import HOSTILE, refusal

OF_CODES = [target for target in TARGETS.values() if target.codes]
pytestmark = pytest.mark.parametrize("target", OF_CODES, ids=lambda target: target.name)
NOBODY = AddrMap.of_set(AddrSet.empty())


def known(target: Target) -> list[str]:
    """Return every code that a target takes."""
    assert target.codes
    found = [code for code in countries.names() if code not in target.codes.unknown]
    return found[: target.codes.most or len(found)]


def proved(target: Target, document: Document) -> None:
    files = render(target, document, PATH, TEMPLATES)
    prove(target, files, NOBODY, "x", document.orders(target, PATH))


@pytest.mark.parametrize("count", [0, 1, 2, 10, 11, 50, 51, 101, 300])
def test_any_number_of_countries_is_read_back(target: Target, count: int) -> None:
    proved(target, of_countries(target, *known(target)[:count]))


def test_every_action_it_claims_is_read_back(target: Target) -> None:
    for action in (one for one in ACTIONS if target.can_say(ContentKind.CODES, one)):
        for codes in ((), ("CN", "KP")):
            proved(target, of_countries(target, *codes, action=action))
    for status in target.responses.statuses:
        link = LINK if target.responses.links else ""
        proved(target, of_countries(target, "CN", response=Response(status, link)))


def test_another_country_is_found_out(target: Target) -> None:
    said = of_countries(target, "CN", "KP")
    files = render(target, said, PATH, TEMPLATES)
    for codes in (("CN",), ("CN", "KP", "RU"), ("CN", "RU"), ()):
        ordered = of_countries(target, *codes).orders(target, PATH)
        with pytest.raises(Unproved, match="the country"):
            prove(target, files, NOBODY, "x", ordered)


def test_another_action_is_found_out(target: Target) -> None:
    files = render(target, of_countries(target, "CN"), PATH, TEMPLATES)
    for action in ("monitor", "warn"):
        ordered = of_countries(target, "CN", action=action).orders(target, PATH)
        with pytest.raises(Unproved, match="the action"):
            prove(target, files, NOBODY, "x", ordered)


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_hostile_option_is_refused_or_does_no_harm(target: Target, value: str) -> None:
    for option in target.options:
        if not refusal(target, {option.name: value}, "export-control"):
            proved(target, of_countries(target, "CN", options={option.name: value}))


def test_a_header_says_that_the_platform_decides(target: Target) -> None:
    document = of_countries(target, "CN", "KP")
    lines = document.header([])
    assert BY_THE_PLATFORM in lines
    assert "countries: CN KP" in lines
    for file in render(target, document, PATH, TEMPLATES) if target.comment else ():
        assert f"{target.comment} {BY_THE_PLATFORM}".encode() in file.data
