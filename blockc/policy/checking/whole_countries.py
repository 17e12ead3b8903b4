"""Lists that are whole countries and nothing else: what a target can say by country codes alone.

Such an artifact names countries, and the platform decides by its own data who is in them. So it
can be written only where a list is exactly that: anything else of it would be lost in silence.
"""

from collections.abc import Iterator, Mapping, Sequence

from blockc.policy.checking.checks import Checks
from blockc.policy.model import List, Output, TargetFacts
from blockc.policy.syntax.country_groups import CountryGroup
from blockc.policy.syntax.selectors import CountrySelector, GroupSelector, ListSelector
from blockc.registries.countries import PSEUDO, name_of
from blockc.tomlio.tables import Place
from blockc.vocabulary import DontCare, WhenOver

_WAY_OUT = "put this into a list and an output of its own, or choose a target that takes prefixes"


def codes_of(
    one: List, lists: Mapping[str, List], groups: Mapping[str, CountryGroup]
) -> tuple[str, ...]:
    """Return the codes of the countries that a list names, itself or through others, in order."""
    found = set[str]()
    for each in _with_references(one, lists):
        for located in each.block:
            if isinstance(located.selector, CountrySelector):
                found.add(located.selector.code)
            elif isinstance(located.selector, GroupSelector):
                found.update(groups[located.selector.name].countries)
    return tuple(sorted(found))


def check_country_outputs(outputs: Sequence[Output], lists: Sequence[List], checks: Checks) -> None:
    """Note everything that an output of country codes asks for and no code can say."""
    named = {one.name: one for one in lists}
    for output in outputs:
        facts = checks.known.targets.get(output.target)
        if facts is None or facts.unknown_codes is None:
            continue
        for place, what in _about_addresses(output):
            said = f"{output.target} says countries by their codes, and {what}"
            checks.findings.add_name(place, said, hint="choose a target that takes prefixes")
        for name in output.lists:
            if name in named:
                _check_list(output, named[name], facts, named, checks)


def _about_addresses(output: Output) -> Iterator[tuple[Place, str]]:
    """Yield what an output asks for that has a meaning for addresses alone."""
    fit, place = output.fit, output.place
    given = {
        "split_by": output.split_by_country,
        "when_over": fit.when_over is not WhenOver.FAIL,
        "max_entries": fit.max_entries is not None,
        "dont_care": fit.dont_care is not DontCare.OFF,
        "lengths": fit.lengths is not None,
    }
    for key in (key for key in given if given[key]):
        yield place / key, f"{key} is about addresses"
    if "{part}" in output.path:
        yield place / "path", "such an artifact has no parts"


def _check_list(
    output: Output, one: List, facts: TargetFacts, named: Mapping[str, List], checks: Checks
) -> None:
    at = output.place.location()
    for place, why in _besides_countries(one, named):
        said = f"{why}, and {output.target} in {at.path}:{at.line} can only say whole countries"
        checks.findings.add(place, said, hint=_WAY_OUT)
    refused = (facts.unknown_codes or frozenset()) | PSEUDO.keys()
    for code in codes_of(one, named, checks.known.groups):
        if code in refused:
            said = f"{output.target} does not know {code} ({name_of(code)}), which list "
            checks.findings.add(output.place / "list", f"{said}{one.name!r} names", hint=_WAY_OUT)


def _besides_countries(one: List, named: Mapping[str, List]) -> Iterator[tuple[Place, str]]:
    """Yield the place of everything in a list that is no whole country, and what it is."""
    for each in _with_references(one, named):
        for located in each.allow:
            yield located.place, f"list {each.name!r} blocks all but {located.selector}"
        for located in each.block:
            if not isinstance(located.selector, CountrySelector | GroupSelector | ListSelector):
                yield located.place, f"list {each.name!r} holds {located.selector}"
        for exemption in each.exemptions:
            spared = exemption.located
            yield spared.place, f"list {each.name!r} has the exception {spared.selector}"


def _with_references(one: List, named: Mapping[str, List]) -> Iterator[List]:
    """Yield a list and those it blocks by `list:`, each once; circles have been refused."""
    seen, waiting = set[str](), [one]
    while waiting:
        each = waiting.pop()
        if each.name not in seen:
            seen.add(each.name)
            yield each
            waiting += [named[name] for name in each.references if name in named]
