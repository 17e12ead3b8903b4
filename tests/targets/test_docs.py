"""What is made from the descriptors is what they say; `make targets` writes it anew."""

import configparser
import re
from pathlib import Path

import pytest

from blockc.targets.core.target import Maturity, Target
from blockc.targets.registry import ROWS, TARGETS
from scripts.target_pages import by_category, packages, pages
from scripts.validating_tests import CHECKOUT, validating_tests

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_every_file_made_from_the_targets_is_what_they_say(name: str) -> None:
    assert (CHECKOUT / name).read_text(encoding="utf-8") == PAGES[name]


def test_no_page_is_left_of_a_target_that_is_gone() -> None:
    found = {path.stem for path in (CHECKOUT / "docs" / "targets").iterdir()}
    assert found == set(ROWS)


def test_every_target_and_option_is_on_its_page() -> None:
    for target in TARGETS.values():
        text = (CHECKOUT / "docs" / "targets" / f"{target.name}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {target.name}\n")
        for option in target.options:
            assert option.about
            assert f"| `{option.name}` |" in text


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_a_row_leads_to_a_descriptor_that_says_what_stands_behind_it(target: Target) -> None:
    assert TARGETS[target.name] is target
    assert target.native is None or target.maturity is Maturity.PROGRAM
    assert target.maturity is not Maturity.PROGRAM or target.native or target.pypi
    assert target.deployment.load
    assert target.deployment.rollback
    # What is published is a link to a file of a generation, which a program may have mapped.
    assert not re.search(r"\bcp PREVIOUS/(list\.\w+) \1\b", target.deployment.rollback)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_what_says_validated_names_the_test_that_does_it(target: Target) -> None:
    tests = validating_tests(target)
    assert bool(tests) == (target.maturity is not Maturity.GOLDEN)
    assert all((CHECKOUT / path).is_file() for path in tests)


def test_every_target_stands_in_the_readme() -> None:
    assert sorted(name for _, names in by_category() for name in names) == sorted(ROWS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_what_the_tests_of_a_target_need_from_pypi_is_a_test_dependency(target: Target) -> None:
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    wanted = [*extras["test"].split(), *extras["programs"].split()]
    assert set(target.pypi) <= {re.split(r"[<>=]", one)[0] for one in wanted}


def test_ci_installs_what_checks_artifacts() -> None:
    run = Path(CHECKOUT, ".ci", "run").read_text(encoding="utf-8")
    assert "<.ci/packages" in run
    assert {"nginx", "nftables", "iptables", "ipset", "haproxy"} <= set(packages())
