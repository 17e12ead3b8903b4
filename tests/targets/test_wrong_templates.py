"""Templates that write every address right and something else wrong are refused with the place."""

import pytest

from blockc.addresses import AddrMap
from blockc.errors import Unproved
from blockc.targets.appliance.device_lists import F5_DATA_GROUP, JUNOS_PREFIX_LIST, PF_TABLE
from blockc.targets.appliance.device_scripts import EDGEOS_NETWORK_GROUP, MIKROTIK_ADDRESS_LIST
from blockc.targets.appliance.feeds import PALOALTO_EDL
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.crowdsec import CROWDSEC
from blockc.targets.data.csv_table import CLICKHOUSE, CSV
from blockc.targets.data.json_list import JSON
from blockc.targets.data.plain import PLAIN
from blockc.targets.data.suricata_iprep import SURICATA_IPREP
from blockc.targets.dns.bind_acl import BIND_ACL
from blockc.targets.dns.bird_set import BIRD_SET
from blockc.targets.dns.dnsdist import DNSDIST
from blockc.targets.dns.postfix_cidr import POSTFIX_CIDR
from blockc.targets.dns.rpz import RPZ
from blockc.targets.dns.unbound import UNBOUND
from blockc.targets.kernel.ipset import IPSET
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.caddy import CADDY
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    DIALECTS,
    EDGES,
    LINK,
    PATH,
    TEMPLATES,
    changed,
    draft,
    nested,
    prefixes,
    rules_of,
)

ADDRESSES = EDGES["neighbours"]
AWS_RULE = AWS_WAFV2_IPSET.in_two_sets()
NGINX_SERVER = NGINX_GEO.responding()
HAPROXY_RULES = HAPROXY_MAP.responding()
IPREP = "suricata-iprep.rules.j2"
TRIE = "clickhouse.dictionary.sql.j2"
AWS = "aws-wafv2-ipset.rule.json.j2"
RULES = "haproxy-map.rules.cfg.j2"
AWS_ANSWER = AWS_WAFV2_IPSET.responding()
SERVER = "nginx-geo.server.conf.j2"
FEED = "feed.nginx.conf.j2"


def proved(target: Target, template: str, old: str, new: str) -> None:
    """Prove the artifact of a template in which something was changed."""
    assert old in TEMPLATES[template].text
    other = Text(template, TEMPLATES[template].text.replace(old, new))
    document = draft(target, rules_of(target, ADDRESSES))
    texts = render(target, document, PATH, {**TEMPLATES, template: other})
    prove(target, texts, AddrMap.of_set(ADDRESSES), "x", document.orders(target, PATH))


@pytest.mark.parametrize("target", DIALECTS)
def test_our_own_templates_write_what_is_ordered(target: Target) -> None:
    if not callable(target.writer):
        proved(target, target.writer, "", "")


@pytest.mark.parametrize(
    ("target", "old", "new", "message"),
    [
        (PLAIN, "part.lines()", "part.lines(after='\\r')",
         "a character that a program may not take"),
        (PLAIN, "part.lines()", "part.texts | join(' ')",
         "one address, prefix or range and nothing beside"),
        (PLAIN, "# {{ line }}", "# {{ line | replace('entries', 'entry') }}",
         "the ipv4 in the header is"),
        (HAPROXY_MAP, "# {{ line }}", "# {{ line | replace('list export', 'list import') }}",
         'the list in the header is "list import-control: '),
        (JSON, "{{ provenance.list | tojson }}", '"another"', "the list is 'another', ordered is"),
        (JSON, "{{ provenance.title | tojson }}", '""', "the title is ''"),
        (JSON, "{{ provenance.policy | tojson }}", '"sha256:0"', "the policy is 'sha256:0'"),
        (JSON, "{{ provenance.sample | tojson }}", "true", "the sample is True"),
        (JSON, "{{ source.date | tojson }}", '"2026-01-01"', "the sources is ["),
        (JSON, "{{ registered | tojson }}", '"nothing"', "the note is 'nothing'"),
        (JSON, "{{ part.count }}", "{{ part.count + 1 }}", "the lists have"),
        (JSON, "{{ part.addresses }}", "7", "the addresses is {'ipv4': '7'"),
        (NGINX_GEO, "${{ option.variable }} {", "$others {", "the nginx variable is '$others'"),
        (NGINX_GEO, "${{ option.source }}", "$http_x_forwarded_for",
         "the nginx source is '$http_x_forwarded_for', ordered is '$remote_addr'"),
        (NGINX_GEO, "geo ${{ option.source }} $", "geo $binary_remote_addr $", "nginx source is"),
        (NFTABLES, "delete table inet {{ option.table }}", "delete table inet filter",
         "'blockc_export_control' to be deleted first"),
        (NFTABLES, "{{ option.table }}", "filter", "the nft table is 'inet filter', ordered is"),
        (NFTABLES, "hook {{ option.hook }}", "hook forward", "the nft hook is 'forward', ordered"),
        (NFTABLES, "{{ option.priority }}", "filter", "the nft priority is 0, ordered is -150"),
        (NFTABLES, 'iif "lo" accept', 'iif "eth0" accept', "this rule is not understood"),
        (IPSET, "{{ option.maxelem }}", "65536", "the maxelem is 65536, ordered is 1048576"),
        (IPSET, "{{ option.hashsize }}", "64", "the hashsize is 64, ordered is 4096"),
        (IPSET, "flush {{ new }}", "create -exist f2b hash:net\nflush f2b\nflush {{ new }}",
         "the ipset set is 'f2b', ordered is 'blockc_export_control_v4' or"),
        (IPSET, "flush {{ new }}\n", "", "may hold entries from before"),
        (IPSET, "create -exist", "create", "cannot be loaded a second time"),
        (CADDY, "@{{ option.matcher }}", "@others", "the Caddy matcher is '@others', ordered is"),
        (CADDY, "{{ response.status }}", "404", "the status is 404, ordered is 403"),
        (CADDY, "option.ip ~", "'client_ip' ~", "compared is 'client_ip', ordered is 'remote_ip'"),
        (JUNOS_PREFIX_LIST, "{{ option.name }}", "others", "the prefix list is 'others-v4'"),
        (MIKROTIK_ADDRESS_LIST, 'list="{{ option.list }}"', "list=others",
         "the address list is 'others', ordered is 'blockc_export_control'"),
        (EDGEOS_NETWORK_GROUP, "~ option.name", '~ "others"',
         "the network group is 'network-group others_v4', ordered is"),
        (EDGEOS_NETWORK_GROUP, '== "edgeos"', '== "vyos"', "the platform is 'vyos'"),
        (PF_TABLE, "word_first=true", 'before="! "', "with ! before an exception"),
        (F5_DATA_GROUP, '"network "', '"host "', "expected `host ADDRESS,` or `network PREFIX,`"),
        (BIND_ACL, "{{ option.name }}", "others", "the BIND acl is 'others', ordered is 'blockc-"),
        (UNBOUND, "option.action", "'deny'", "the unbound action is 'deny', ordered is 'refuse'"),
        (DNSDIST, "{{ option.group }}", "x", "the dnsdist group is 'x', ordered is 'blockc_"),
        (DNSDIST, "[option.action]", "['truncate']", "the dnsdist action is 'TCAction()'"),
        (POSTFIX_CIDR, "part.lines()", "part.lines(' ')", "to Postfix this goes on with the line"),
        (RPZ, "option.trigger", "'ip'", "the RPZ trigger is 'ip', ordered is 'client-ip'"),
        (RPZ, "[option.action]", "['drop']", "the RPZ action is 'rpz-drop.', ordered is '.'"),
        (RPZ, "{{ option.serial }}", "7", "the zone serial is 7, ordered is 1"),
        (BIRD_SET, "{{ option.name }}", "x", "the BIRD sets is 'x', ordered is 'blockc_export_"),
        (CSV, "provenance.list %}", "'x' %}", "the list is 'x', ordered is 'export-control'"),
        (CROWDSEC, "option.duration", "'4h'", "the duration is '4h', ordered is '25h'"),
        (CROWDSEC, "option.type", "'captcha'", "the type is 'captcha', ordered is 'ban'"),
        (CROWDSEC, '"blockc/"', '"x/"', "the reason is 'x/export-control', ordered is 'blockc/"),
        (CROWDSEC, "Range", "Ip", "the scope Ip of a prefix, expected Range"),
        (SURICATA_IPREP, "option.category_id", "7", "the category id is 7, ordered is 1"),
        (SURICATA_IPREP, "option.score", "0", "the score is 0, ordered is 127"),
        (CSV, "network,", "address,", "expected the columns network, verdict or country, and"),
        (AWS_WAFV2_IPSET, "{{ option.name }}", "others", "the AWS IP set is 'REGIONAL others-"),
        (AWS_WAFV2_IPSET, '{{ part.name }}",\n  "Scope', 'x",\n  "Scope', "the AWS IP set is"),
        (AWS_WAFV2_IPSET, "{{ option.scope }}", "CLOUDFRONT", "the AWS IP set is 'CLOUDFRONT "),
        (AWS_WAFV2_IPSET, "{{ provenance.policy }}", "sha256:" + "0" * 64, "the policy is 'sha256"),
    ],
)  # fmt: skip
def test_a_wrong_template_is_refused_with_the_place(
    target: Target, old: str, new: str, message: str
) -> None:
    require_refused(target, str(target.writer), old, new, message)


@pytest.mark.parametrize(
    ("target", "template", "old", "new", "message"),
    [
        (IPSET, "ipset.rules.j2", "{{ option.set }} -", "INPUT -", "is a chain of the kernel"),
        (IPSET, "ipset.rules.j2", ":{{ option.set }} -", ":f2b -", "is not understood"),
        (IPSET, "ipset.rules.j2", 'option.set ~ "_v"', 'option.set ~ "_w"', "does not exist"),
        (IPSET, "ipset.rules.j2", " src", " dst", "this rule is not understood"),
        (SURICATA_IPREP, IPREP, "{{ option.category }}", "x", "the Suricata category is 'x'"),
        (SURICATA_IPREP, IPREP, "{{ option.score }}", "30", "the score is 30, ordered is 127"),
        (SURICATA_IPREP, IPREP, "{{ option.sid }}", "1", "the Suricata sid is 1, ordered"),
        (SURICATA_IPREP, IPREP, "list {{ provenance.list }}", "x", "the message is 'x', ordered"),
        (SURICATA_IPREP, IPREP, "iprep:src", "iprep:dst", "expected one rule about iprep:src"),
        (SURICATA_IPREP, IPREP, '"drop"', '"pass"', "expected one rule about iprep:src"),
        (SURICATA_IPREP, "suricata-iprep.categories.txt.j2", "{{ option.category_id }}", "2",
         "the category id is 2, ordered is 1"),
        (CLICKHOUSE, TRIE, "{{ option.dictionary }}", "x", "the ClickHouse dictionary is 'x'"),
        (CLICKHOUSE, TRIE, "{{ option.folder }}", "/x", "the folder of the table is '/x'"),
        (CLICKHOUSE, TRIE, "MAX {{ option.lifetime }}", "MAX 7", "the lifetime is 7, ordered"),
        (CLICKHOUSE, TRIE, "{{ main }}", "x.csv", "this is not the file beside it"),
        (AWS_RULE, AWS, '"{{ option.name }}",\n  "P', '"x",\n  "P',
         "the AWS rule is 'x', ordered is 'blockc-export-control'"),
        (AWS_RULE, AWS, "{{ option.arn }}", "arn:aws:wafv2:a:b",
         "the ARN of the sets is 'arn:aws:wafv2:a:b:regional'"),
        (AWS_RULE, AWS, "{{ scope }}", "global",
         "the ARN of the sets is 'arn:aws:wafv2:REGION:ACCOUNT:global'"),
        (NGINX_SERVER, SERVER, "{{ response.status }}", "403", "the status is 403, ordered is 451"),
        (NGINX_SERVER, SERVER, "{{ response.header }}", '<http://x>; rel="blocked-by"',
         "the link is 'http://x', ordered is 'https://example.com/legal"),
        (NGINX_SERVER, SERVER, "{{ response.header }}", "<$host>; rel=blocked-by",
         'expected <URL>; rel="blocked-by" without variables'),
        (NGINX_SERVER, SERVER, " always", "", "expected 'always', found ';'"),
        (NGINX_SERVER, SERVER, "Link $blockc_link", "Link '<http://x>'", "found \"'<http://x>'\""),
        (NGINX_SERVER, SERVER, "set $blockc_link", "set $link", "expected '$blockc_link'"),
        (NGINX_SERVER, SERVER, "${{ option.variable }}", "$others",
         "expected ($blockc_export_control), found ($others)"),
        (NGINX_SERVER, SERVER, "    recursive_error_pages off;\n", "",
         "expected 'recursive_error_pages', found 'add_header'"),
        (HAPROXY_RULES, RULES, "{{ response.status }}", "403", "the status is 403, ordered is 451"),
        (HAPROXY_RULES, RULES, '| replace("%", "%%")', "", "with %% for %"),
        (HAPROXY_RULES, RULES, "{{ main }}", "other.map",
         "the map is 'other.map', its file is 'list.conf'"),
        (HAPROXY_RULES, RULES, "{{ option.folder }}", "/srv", "the folder of the map is '/srv'"),
        (HAPROXY_RULES, RULES, "txn.{{ option.variable }}", "txn.x", "HAProxy variable is 'txn.x'"),
        (HAPROXY_RULES, RULES, "src,map_ip", "hdr_ip(x-forwarded-for),map_ip", "expected src,map"),
        (HAPROXY_RULES, RULES, "-m str block", "-m found", "expected 'str', found 'found'"),
        (HAPROXY_RULES, RULES, " if {", " unless {", "expected 'if', found 'unless'"),
        (AWS_ANSWER, AWS, "{{ response.status }}", "404", "the status is 404, ordered is 403"),
        (AWS_ANSWER, AWS, "{{ response.status }}", "451", "AWS WAF cannot answer with 451"),
        (AWS_ANSWER, AWS, '"Name": "Link"', '"Name": "X"', "expected the header Link with"),
        (AWS_ANSWER, AWS, "response.header |", "'<http://x>; rel=\"blocked-by\"' |",
         "the link is 'http://x', ordered is"),
        (NGINX_SERVER, SERVER, "error_page {{ response.status }}", "error_page 404",
         "expected '451', found '404'"),
        (PALOALTO_EDL, FEED, "{{ option.url }}", "/others", "the nginx location is '/others'"),
        (PALOALTO_EDL, FEED, "location =", "location", "expected '=', found '/blocklists/"),
        (PALOALTO_EDL, FEED, "{{ main }}", "list.txt", "expected the feed 'list.conf', found"),
        (PALOALTO_EDL, FEED, "{{ option.folder }}", "/srv", "the folder of the feed is '/srv'"),
        (PALOALTO_EDL, FEED, "    etag on;\n", "", "expected `etag on;`"),
        (PALOALTO_EDL, FEED, "satisfy all", "satisfy any", "this directive is not understood"),
        (PALOALTO_EDL, FEED, "    alias", "    allow 10.0.0.0/8;\n    alias",
         "the allowed device is '10.0.0.0/8', ordered is nothing of the kind"),
        (PALOALTO_EDL, FEED, "    alias", "    auth_basic blocklists;\n    alias", "the realm is"),
    ],
)  # fmt: skip
def test_a_wrong_template_of_a_file_beside_is_refused_with_the_place(
    target: Target, template: str, old: str, new: str, message: str
) -> None:
    require_refused(target, template, old, new, message)


def test_a_wrong_line_of_a_header_is_pointed_at_and_remarks_are_nobodys_business() -> None:
    remarks = "# anybody's remark\n# list of things\n"
    template = TEMPLATES["plain.txt.j2"].text
    with pytest.raises(Unproved) as refused:
        proved(
            PLAIN, "plain.txt.j2", template, f"{remarks}# ipv4: 9 entries, 1 address\n{template}"
        )
    place = refused.value.at
    assert place
    assert (place.line, place.column) == (3, 1)
    assert place.text == "# ipv4: 9 entries, 1 address"
    proved(PLAIN, "plain.txt.j2", template, remarks + template)
    proved(PLAIN, "plain.txt.j2", template, f"{template}# ipv4: 9 entries, 1 address\n")


def test_a_chain_of_others_is_refused() -> None:
    template = TEMPLATES["ipset.rules.j2"].text
    others = {
        **TEMPLATES,
        "ipset.rules.j2": Text(
            "x",
            template.replace(" {{ option.set }} ", " f2b ").replace(":{{ option.set }} ", ":f2b "),
        ),
    }
    document = draft(IPSET, rules_of(IPSET, ADDRESSES))
    files = render(IPSET, document, PATH, others)
    with pytest.raises(Unproved, match="the iptables chain is 'f2b', ordered is 'blockc_export_"):
        prove(IPSET, files, AddrMap.of_set(ADDRESSES), "", document.orders(IPSET, PATH))


def test_words_where_numbers_were_ordered_are_refused() -> None:
    name = str(NGINX_GEO.writer)
    template = TEMPLATES[name].text
    lines = """{{ part.lines("    ", ";", '""') }}"""
    for old, new in {
        """{{ default or '""' }}""": '""',
        lines: lines.replace(" }}", " | replace(' 1;', ' block;') }}"),
    }.items():
        assert old in template
        template = template.replace(old, new)
    changed = {**TEMPLATES, name: Text("x.j2", template)}
    document = draft(NGINX_GEO, rules_of(NGINX_GEO, ADDRESSES))
    texts = render(NGINX_GEO, document, PATH, changed)
    with pytest.raises(Unproved, match="values is 'words for actions', ordered is '1 and 0'"):
        prove(NGINX_GEO, texts, AddrMap.of_set(ADDRESSES), "", document.orders(NGINX_GEO, PATH))


def require_refused(target: Target, template: str, old: str, new: str, message: str) -> None:
    """Check that the proof fails with the message and a place in the text."""
    with pytest.raises(Unproved) as refused:
        proved(target, template, old, new)
    assert message in refused.value.message
    place = refused.value.at
    assert place
    assert place.line
    assert place.text.encode() in refused.value.files[place.path]


def test_what_was_read_must_fit_the_platform_also_where_a_template_wrote_it() -> None:
    rules = nested(("10.0.0.0/8", 1), ("12.0.0.0/8", 1))
    assert AWS_WAFV2_IPSET.max_entries
    texts = render(AWS_WAFV2_IPSET, draft(AWS_WAFV2_IPSET, rules), PATH, TEMPLATES)
    one = replace(AWS_WAFV2_IPSET.max_entries, count=1)
    intent = AddrMap.of_set(EDGES["nothing"])
    with pytest.raises(Unproved, match="holds 1 entries, this is one more") as refused:
        prove(replace(AWS_WAFV2_IPSET, max_entries=one), texts, intent)
    assert refused.value.at
    assert '"12.0.0.0/8"' in refused.value.at.text
    with pytest.raises(Unproved, match="takes prefixes of /1 to /32, this is a /0") as refused:
        prove(
            AWS_WAFV2_IPSET,
            [changed(texts[0], "12.0.0.0/8", "0.0.0.0/0"), texts[1]],
            intent,
        )
    assert refused.value.at
    assert '"0.0.0.0/0"' in refused.value.at.text


def test_an_answer_that_is_ordered_and_missing_is_refused() -> None:
    for page in ("error_page", "location"):
        assert page in TEMPLATES[SERVER].text
    alone = TEMPLATES[SERVER].text.replace("{% if response.link %}", "{% if false %}")
    files = {**TEMPLATES, SERVER: Text(SERVER, alone)}
    document = draft(NGINX_SERVER, rules_of(NGINX_SERVER, ADDRESSES))
    texts = render(NGINX_SERVER, document, PATH, files)
    with pytest.raises(Unproved, match=r"the link 'https://.*' is ordered and missing"):
        prove(
            NGINX_SERVER, texts, AddrMap.of_set(ADDRESSES), "", document.orders(NGINX_SERVER, PATH)
        )


def test_a_word_for_an_action_is_compared_with_block_and_not_taken_for_true() -> None:
    kind, names = ContentKind.VERDICTS, ("", "block", "monitor")
    document = draft(NGINX_SERVER, nested(("10.0.0.0/8", 2)), kind=kind, names=names)
    wrong = Text(SERVER, TEMPLATES[SERVER].text.replace(" = block", ""))
    intent = AddrMap.of_set(prefixes("10.0.0.0/8"), "monitor")
    orders = document.orders(NGINX_SERVER, PATH)
    prove(NGINX_SERVER, render(NGINX_SERVER, document, PATH, TEMPLATES), intent, "", orders)
    texts = render(NGINX_SERVER, document, PATH, {**TEMPLATES, SERVER: wrong})
    with pytest.raises(
        Unproved, match=r"expected \(\$blockc_export_control_action = block\), found"
    ):
        prove(NGINX_SERVER, texts, intent, "", orders)


@pytest.mark.parametrize(
    ("target", "old", "new", "message"),
    [
        (CADDY, "{{ response.header }}", '<http://x>; rel="blocked-by"', "the link is 'http://x'"),
        (CADDY, "error @{{ option.matcher }} {{ response.status }}", "abort @{{ option.matcher }}",
         "the status 451 is ordered and missing"),
        (CADDY, "response.link", "false", "the link 'https://example.com/legal"),
        (CADDY, "header @{{ option.matcher }}", "header *", "or everybody gets the link"),
        (CADDY, "header @{{", "error @{{ option.matcher }} 451\nheader @{{", "refused before this"),
        (JSON, "{{ response.status }}", "403", "the response is {'status': 403"),
        (JSON, "{% if response %}", "{% if false %}", "ordered and missing"),
    ],
)  # fmt: skip
def test_an_answer_in_the_same_file_is_compared_too(
    target: Target, old: str, new: str, message: str
) -> None:
    name = str(target.writer)
    document = replace(draft(target, rules_of(target, ADDRESSES)), response=Response(451, LINK))
    orders, intent = document.orders(target, PATH), AddrMap.of_set(ADDRESSES)
    prove(target, render(target, document, PATH, TEMPLATES), intent, "", orders)
    assert old in TEMPLATES[name].text
    wrong = Text(name, TEMPLATES[name].text.replace(old, new, 1))
    texts = render(target, document, PATH, {**TEMPLATES, name: wrong})
    with pytest.raises(Unproved) as refused:
        prove(target, texts, intent, "", orders)
    assert message in refused.value.message


@pytest.mark.parametrize("target", [AWS_ANSWER, AWS_RULE])
@pytest.mark.parametrize("action", ["monitor", "warn"])
def test_a_rule_that_blocks_where_it_should_count_is_refused(target: Target, action: str) -> None:
    document = draft(target, rules_of(target, ADDRESSES), names=("", action))
    watched = replace(document, action=action)
    intent, orders = AddrMap.of_set(ADDRESSES, action), watched.orders(target, PATH)
    prove(target, render(target, watched, PATH, TEMPLATES), intent, "", orders)
    with pytest.raises(Unproved, match=f"is blocked, the policy gives it '{action}'"):
        prove(target, render(target, replace(document), PATH, TEMPLATES), intent)
