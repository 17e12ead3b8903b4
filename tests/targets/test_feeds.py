"""Feeds of appliances: what each vendor's device takes, and the location that serves them."""

import pytest

from blockc.addresses import AddrMap
from blockc.errors import DoesNotFit, PolicyError, SourceSyntaxError, Unproved
from blockc.targets.appliance.feeds import (
    CISCO_SI_FEED,
    FORTIGATE_FEED,
    JUNIPER_FEED,
    PALOALTO_EDL,
    PFSENSE_TABLE,
)
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionContext
from blockc.targets.syntax.line_grammar import ListReader
from blockc.targets.syntax.tokens import Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, nested, prefixes, rules_of

GUARDED = {"allow": "192.0.2.1 2001:db8::/32", "users": "/etc/nginx/devices"}
FEED = "feed.nginx.conf.j2"


@pytest.mark.parametrize("target", [PALOALTO_EDL, FORTIGATE_FEED, JUNIPER_FEED])
def test_a_feed_for_a_device_without_comments_has_entries_and_nothing_else(target: Target) -> None:
    one = draft(target, rules_of(target, EDGES["ipv4 only"]))
    feed, location = render(target, one, PATH, TEMPLATES)
    assert feed.data == b"192.0.2.0/24\n198.51.100.7\n"
    assert b"# list export-control" in location.data
    commented = Text(PATH, "# a remark\n192.0.2.0/24\n").encoded()
    with pytest.raises(SourceSyntaxError, match="takes no comments"):
        target.reader([commented, location])


def test_an_empty_list_is_an_empty_feed() -> None:
    feed = render(
        PALOALTO_EDL, draft(PALOALTO_EDL, rules_of(PALOALTO_EDL, EDGES["nothing"])), PATH, TEMPLATES
    )[0]
    assert feed.data == b""


def test_a_device_counts_the_entries_of_both_families_together() -> None:
    both = rules_of(PALOALTO_EDL, prefixes("10.0.0.0/8", "12.0.0.0/8", "2001:db8::/32"))
    assert render(PALOALTO_EDL, draft(PALOALTO_EDL, both, {"most_entries": 3}), PATH, TEMPLATES)
    one = draft(PALOALTO_EDL, both, {"most_entries": 2})
    with pytest.raises(DoesNotFit, match="holds 2 entries, the list has 3") as refused:
        render(PALOALTO_EDL, one, PATH, TEMPLATES)
    assert refused.value.hint == "raise the option most_entries"


def test_what_is_read_is_counted_over_both_families_too() -> None:
    both = prefixes("10.0.0.0/8", "12.0.0.0/8", "2001:db8::/32")
    files = render(
        PFSENSE_TABLE, draft(PFSENSE_TABLE, rules_of(PFSENSE_TABLE, both)), PATH, TEMPLATES
    )
    assert PFSENSE_TABLE.max_entries
    limit = replace(PFSENSE_TABLE.max_entries, count=2, option="")
    with pytest.raises(Unproved, match="holds 2 entries, this is one more") as refused:
        prove(replace(PFSENSE_TABLE, max_entries=limit), files, AddrMap.of_set(both))
    assert refused.value.at
    assert refused.value.at.text == "2001:db8::/32"


def test_an_operator_cannot_ask_for_more_than_any_model_keeps() -> None:
    with pytest.raises(PolicyError, match="is 150001, expected a number from 1 to 150000"):
        PALOALTO_EDL.settle({"most_entries": 150_001}, OptionContext("x"))


def test_cisco_takes_no_network_without_a_length_and_no_range() -> None:
    whole, one = (draft(CISCO_SI_FEED, nested((text, 1))) for text in ("::/0", "::1/128"))
    with pytest.raises(DoesNotFit, match="::/0 is a /0"):
        render(CISCO_SI_FEED, whole, PATH, TEMPLATES)
    _, location = render(CISCO_SI_FEED, one, PATH, TEMPLATES)
    with pytest.raises(SourceSyntaxError, match="is not an address"):
        CISCO_SI_FEED.reader([Text(PATH, "10.0.0.0-10.0.0.9\n").encoded(), location])


@pytest.mark.parametrize("device", ["1.2.3", "10.0.0.1/8", "1.2.3.4 ::1 2001:db8::/129"])
def test_a_device_that_is_not_an_address_is_refused_before_anything_is_written(
    device: str,
) -> None:
    with pytest.raises(PolicyError, match="pfsense-table: allow: "):
        PFSENSE_TABLE.settle({"allow": device}, OptionContext("x"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("deny all", "deny 192.0.2.2", "expected all, found '192.0.2.2'"),
        ("    deny all;\n", "", "the other devices 'denied' is ordered and missing"),
        ("    alias", "    deny all;\n    alias", "denied before this one is allowed"),
        ("allow {{ device }};", "allow {{ device }};\n    allow {{ device }};", "said twice"),
        ("allow {{ device }}", "allow 192.0.2.1", "this is said twice"),
        ("auth_basic blocklists", "auth_basic off", "the realm is 'off', ordered is 'blocklists'"),
        ("    auth_basic blocklists;\n", "", "the realm 'blocklists' is ordered and missing"),
        ("{{ option.users }}", "/dev/null", "the password file is '/dev/null'"),
    ],
)
def test_a_location_that_guards_the_feed_less_than_ordered_is_refused(
    old: str, new: str, message: str
) -> None:
    target = PFSENSE_TABLE
    document = draft(target, rules_of(target, EDGES["ipv4 only"]), GUARDED)
    orders, intent = document.orders(target, PATH), AddrMap.of_set(EDGES["ipv4 only"])
    prove(target, render(target, document, PATH, TEMPLATES), intent, "", orders)
    assert old in TEMPLATES[FEED].text
    wrong = Text(FEED, TEMPLATES[FEED].text.replace(old, new))
    files = render(target, document, PATH, {**TEMPLATES, FEED: wrong})
    with pytest.raises(Unproved) as refused:
        prove(target, files, intent, "", orders)
    assert message in refused.value.message


def test_feeds_that_are_read_together_say_what_each_says_of_its_location() -> None:
    drafts = [draft(PALOALTO_EDL, rules_of(PALOALTO_EDL, EDGES[name])) for name in EDGES]
    feeds = [render(PALOALTO_EDL, one, PATH, TEMPLATES) for one in drafts]
    assert isinstance(PALOALTO_EDL.reader, ListReader)
    together = PALOALTO_EDL.reader.together(feeds)
    assert together
    for reading, files in zip(together, feeds, strict=True):
        alone = PALOALTO_EDL.reader(files)
        assert reading.found
        said = [[(one.what, one.value) for one in each.found] for each in (reading, alone)]
        assert said[0] == said[1]
