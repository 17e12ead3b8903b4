"""What a policy asks of the passes: limits, what may be given up, and what never may."""

from fractions import Fraction

import pytest

from blockc.addresses import V4, V6, AddrSet
from blockc.compiler.limits import Limits
from blockc.compiler.orders import ArtifactSpec, artifact_groups
from blockc.errors import DoNotFit
from blockc.passes.budget.weights import PARTS
from blockc.passes.request import PassRequest
from blockc.registries.special import protected_addresses
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.vocabulary import WhenOver
from tests.compiler.toy import COUNTRIES, DATA, TARGETS, compiled, output, resolved
from tests.policy.toy import addresses

LIST = '[list.far]\nblock = ["CN"]\n'


def order_of(target: str = "plain", more: str = "", list_: str = LIST) -> ArtifactSpec:
    """Return the one order of a policy with one output."""
    text = list_ + output("far", "far.txt", target, more)
    (group,) = artifact_groups(resolved(text), COUNTRIES, TARGETS)
    (order,) = group.specs
    return order


def requests(protected: AddrSet | None = None) -> Limits:
    return Limits(DATA.world, DATA.records, protected or AddrSet.empty())


def request(target: str = "plain", more: str = "") -> PassRequest:
    """Return what the passes are asked for an output with `more` keys."""
    return requests().of(order_of(target, more))


def test_a_plain_output_asks_for_exact_rules_without_a_limit() -> None:
    asked = request()
    assert asked.max_entries is None
    assert asked.dont_care is None
    assert asked.when_over == WhenOver.FAIL
    assert not asked.lengths
    assert asked.weights is None


def test_the_smaller_of_the_operators_and_the_targets_limit_counts() -> None:
    capacity = AWS_WAFV2_IPSET.capacity({})
    assert request("aws-wafv2-ipset").max_entries == capacity
    assert request("aws-wafv2-ipset", "max_entries = 7").max_entries == 7
    assert request("aws-wafv2-ipset", "max_entries = 1_000_000").max_entries == capacity
    assert request("plain", "max_entries = 1_000_000").max_entries == 1_000_000


def test_a_limit_on_both_families_together_is_asked_for_as_one() -> None:
    asked = request("paloalto-edl", "max_entries = 7")
    assert (asked.max_entries, asked.shared) == (7, True)
    assert not request("aws-wafv2-ipset", "max_entries = 7").shared


def test_lengths_are_those_the_target_takes() -> None:
    asked = request("aws-wafv2-ipset")
    assert 0 not in asked.lengths[V4]
    assert (max(asked.lengths[V4]), max(asked.lengths[V6])) == (32, 128)
    assert request("plain", "lengths = 3").most_lengths == 3


@pytest.mark.parametrize("tier", ["reserved", "unallocated"])
def test_free_space_is_that_of_the_tier_and_never_has_local_users(tier: str) -> None:
    free = request(more=f'dont_care = "{tier}"').dont_care
    assert free is not None
    assert free.isdisjoint(protected_addresses())
    assert free.isdisjoint(DATA.world.delegated())
    assert addresses("2001:db8::/32").isdisjoint(free)
    assert not addresses("5.0.0.0/8") - free, "what no registry lists is free"


def test_no_pass_may_add_protected_space_or_space_with_local_users() -> None:
    own = addresses("5.0.0.0/24")
    asked = requests(own).of(order_of())
    assert asked.protected == own | protected_addresses()


def test_countries_to_spare_are_protected_in_what_is_delegated_to_them() -> None:
    more = 'when_over = "collateral"\nspare = ["US", "EU"]'
    spared = request(more=more).protected
    assert spared is not None
    for text in ("10.128.0.0/10", "10.195.0.0/16"):
        assert not addresses(text) - spared


def rates(more: str) -> set[Fraction]:
    """Return what addresses are worth."""
    weights = request(more=more).weights
    assert weights is not None
    return set(weights.rates)


def test_harm_counts_what_the_output_says() -> None:
    assert rates('when_over = "collateral"') == {0, 1}
    assert rates('when_over = "balance"\nfactors = { US = 100 }') == {0, 1, 100}
    by_delegation = rates('when_over = "coverage"\nweigh = "delegations"')
    assert Fraction(PARTS, 1 << 16) in by_delegation, "a /16 is one delegation"


def test_weights_are_made_only_where_something_is_given_up_and_only_once() -> None:
    assert request(more='when_over = "split"\nmax_entries = 5').weights is None
    maker = requests()
    more = 'when_over = "collateral"'
    one, two = (maker.of(order_of(target, more)) for target in ("plain", "nginx-geo"))
    assert one.weights is two.weights
    assert one.protected is two.protected


def test_mu_is_the_decimal_that_was_written() -> None:
    assert request(more='when_over = "balance"\nmu = 0.1').mu == Fraction(1, 10)


def test_a_limit_does_not_swallow_private_networks() -> None:
    """One prefix would hold both, and nobody but the users of 10.0.0.0/8 between them."""
    fragments = '[list.far]\nblock = ["9.0.0.0/24", "11.0.0.0/24"]\n'
    more = 'when_over = "collateral"\nmax_entries = 1'
    with pytest.raises(DoNotFit, match=r"ipv4: 2 entries are needed to spare protected space"):
        compiled(fragments + output("far", "far.txt", "plain", more))
