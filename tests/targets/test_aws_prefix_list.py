"""VPC prefix lists that say something else than was ordered, or that EC2 would refuse."""

import json

import pytest

from blockc.addresses import AddrMap
from blockc.errors import DoesNotFit, Unproved
from blockc.targets.cloud.aws_prefix_list import AWS_PREFIX_LIST, read_shown
from blockc.targets.core.render import render
from blockc.targets.syntax.tokens import Text
from blockc.verify.proof import prove
from tests.compiler.toy import compiled, output
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, prefixes, rules_of, written

TEMPLATE = AWS_PREFIX_LIST.writer
ADDRESSES = EDGES["neighbours"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"PrefixListName": "', '"PrefixListName": "com.amazonaws.', "not com.amazonaws first"),
        ('"PrefixListName": "', '"PrefixListName": "x', "the EC2 prefix list is 'xblockc-"),
        ("IPv{{ part.version }}", "IPv5", "this is not the family of this file"),
        ("{{ option.size }}", "1", "expected a number from the 2 entries to 1,000"),
        ("{{ option.size }}", "1001", "expected a number from the 2 entries to 1,000"),
        ("{{ option.size }}", "999", "the MaxEntries is 999, ordered is 1000"),
        ('"prefix-list"', '"vpc"', "expected prefix-list"),
        ("{{ provenance.list }}", "x", "the tag blockc:list is 'x'"),
        ('"blockc:policy"', '"team"', "the tag team is "),
        ('{"Cidr": "', '{"CIDR": "', "expected an object with a text 'Cidr'"),
        ('"Entries"', '"Entry"', "unknown key 'Entry'"),
    ],
)
def test_a_template_that_says_something_else_is_found_out(old: str, new: str, said: str) -> None:
    assert isinstance(TEMPLATE, str)
    text = TEMPLATES[TEMPLATE].text
    assert old in text
    own = {**TEMPLATES, TEMPLATE: Text(TEMPLATE, text.replace(old, new))}
    one = draft(AWS_PREFIX_LIST, rules_of(AWS_PREFIX_LIST, ADDRESSES))
    files = render(AWS_PREFIX_LIST, one, PATH, own)
    orders = one.orders(AWS_PREFIX_LIST, PATH)
    with pytest.raises(Unproved, match=said):
        prove(AWS_PREFIX_LIST, files, AddrMap.of_set(ADDRESSES), "x", orders)


def test_the_size_is_said_whatever_the_list_holds_and_never_exceeded() -> None:
    for addresses in (prefixes(), ADDRESSES):
        for file in written(AWS_PREFIX_LIST, addresses, {"size": 7}):
            assert json.loads(file.data)["MaxEntries"] == 7
    one = draft(AWS_PREFIX_LIST, rules_of(AWS_PREFIX_LIST, ADDRESSES), {"size": 1})
    with pytest.raises(DoesNotFit, match="raise the option size"):
        render(AWS_PREFIX_LIST, one, PATH, TEMPLATES)


def test_parts_are_prefix_lists_of_their_own() -> None:
    more = 'when_over = "split"\nsize = 1\n'
    text = '[list.x]\nblock = ["US", "CN"]\n' + output("x", "x.json", "aws-prefix-list", more)
    names = [json.loads(data).get("PrefixListName") for data in compiled(text).files.values()]
    assert names[:4] == [f"blockc-x-{part}-ipv{v}" for part in (1, 2) for v in (4, 6)]


def test_what_ec2_shows_is_read_with_descriptions_of_any_kind() -> None:
    said = {"Entries": [{"Cidr": "10.0.0.0/8", "Description": "x"}, {"Cidr": "2001:db8::/32"}]}
    rules = read_shown([Text("now.json", json.dumps(said))], {}).rules
    assert [len(one) for one in rules.values()] == [1, 1]
