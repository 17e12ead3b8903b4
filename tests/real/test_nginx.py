"""A served nginx, asked about both ends of a thousand slots of each family on one connection."""

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_geo import NGINX_GEO
from tests.real.probes import ends, listed, mapped, verdicts
from tests.real.servers import nginx
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    nested,
    prefixes,
    rules_of,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]
FLAGS = {"": "0", "block": "1"}


def asked_by_argument(intent: AddrMap, texts: tuple[ArtifactFile, ...]) -> None:
    """Check nginx's answer at both ends of the slots of `intent`."""
    with nginx(texts) as server:
        for family in FAMILIES:
            asked = verdicts(intent, family, ends(intent, family))
            wanted = {text: FLAGS[said] for text, said in asked.items() if not mapped(text)}
            assert server.answers(wanted) == wanted


OPTIONS = {"source": "arg_ip"}


def test_nginx_blocks_what_the_list_blocks_and_nothing_else() -> None:
    addresses = listed(5)
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, addresses), OPTIONS)
    asked_by_argument(AddrMap.of_set(addresses), render(NGINX_GEO, one, PATH, TEMPLATES))


@pytest.mark.parametrize("case", EDGES)
def test_nginx_agrees_at_the_edges_of_the_space(case: str) -> None:
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, EDGES[case]), OPTIONS)
    asked_by_argument(AddrMap.of_set(EDGES[case]), render(NGINX_GEO, one, PATH, TEMPLATES))


def test_nginx_lets_an_exception_inside_an_entry_through() -> None:
    rules = nested(
        ("10.1.2.0/24", 1), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 0),
        ("2001:db8:8::1/128", 1), ("2001:db8::/32", 1), ("2001:db8:8::/48", 0),
    )  # fmt: skip
    texts = render(NGINX_GEO, draft(NGINX_GEO, rules, OPTIONS), PATH, TEMPLATES)
    asked_by_argument(meaning(Match.LONGEST, rules.values(), NAMES), texts)


def test_what_is_no_address_is_treated_as_the_last_one() -> None:
    """As the module's documentation says: such clients are blocked where 255.255.255.255 is."""
    for last, flag in (("255.255.255.255/32", "1"), ("255.255.255.254/32", "0")):
        one = draft(NGINX_GEO, rules_of(NGINX_GEO, prefixes(last)), OPTIONS)
        with nginx(render(NGINX_GEO, one, PATH, TEMPLATES)) as server:
            odd = ["", "nonsense", "1.2.3"]
            assert server.answers(odd) == dict.fromkeys(odd, flag)


def test_a_mapped_address_is_asked_as_ipv4() -> None:
    addresses = prefixes("192.0.2.0/24", "::/1") - prefixes("192.0.2.7/32")
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, addresses), OPTIONS)
    wanted = {"::ffff:192.0.2.1": "1", "::ffff:192.0.2.7": "0", "::ffff:8.8.8.8": "0"}
    with nginx(render(NGINX_GEO, one, PATH, TEMPLATES)) as server:
        assert server.answers(wanted) == wanted


def test_a_map_of_lists_says_words_and_nothing_where_no_list_is() -> None:
    rules = nested(
        ("10.0.0.0/8", 1), ("10.1.0.0/16", 2), ("10.1.2.0/24", 0), ("10.1.2.3/32", 3),
        ("2001:db8::/32", 3), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    names = ("", "block", "monitor", "warn")
    intent = meaning(Match.LONGEST, rules.values(), names)
    one = draft(NGINX_GEO, rules, OPTIONS, PROVENANCE, ContentKind.VERDICTS, names)
    with nginx(render(NGINX_GEO, one, PATH, TEMPLATES)) as server:
        for family in FAMILIES:
            wanted = verdicts(intent, family, ends(intent, family))
            assert len(set(wanted.values())) > 2
            assert server.answers(wanted) == wanted


def test_a_blocked_client_gets_403_and_another_is_served() -> None:
    """A client on a local socket has no address, so a list of everything blocks it."""
    for case, status in (("everything", 403), ("ipv4 only", 200)):
        one = draft(NGINX_GEO, rules_of(NGINX_GEO, EDGES[case]))
        with nginx(render(NGINX_GEO, one, PATH, TEMPLATES)) as server:
            assert server.status() == status
