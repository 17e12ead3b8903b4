"""Templates of web servers and proxies that say the wrong status, name or header are refused."""

from dataclasses import dataclass

import pytest

from blockc.addresses import AddrMap
from blockc.errors import Unproved
from blockc.targets.cloud.fastly import FASTLY_VCL
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.proxy.haproxy_list import HAPROXY_LIST
from blockc.targets.proxy.squid import SQUID
from blockc.targets.proxy.varnish import VARNISH
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.apache import APACHE
from blockc.targets.web.nginx_stream import NGINX_STREAM
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import EDGES, LINK, PATH, TEMPLATES, draft, rules_of

ADDRESSES = EDGES["neighbours"]
APACHE_FILE, VARNISH_FILE = "apache.conf.j2", "varnish.vcl.j2"
STREAM_FILE, FASTLY_FILE = "nginx-stream.conf.j2", "fastly-vcl.vcl.j2"
SQUID_FILE, HAPROXY_FILE = "squid.squid.conf.j2", "haproxy-list.rules.cfg.j2"
OTHER_LINK = '<http://x>; rel="blocked-by"'


@dataclass(frozen=True)
class Case:
    """A target, one of its templates, and what it does to who is listed."""

    target: Target
    template: str
    action: str = "block"

    def prove(self, old: str, new: str) -> None:
        """Prove the artifact of the template in which something was changed."""
        text = TEMPLATES[self.template].text
        assert old in text
        templates = {**TEMPLATES, self.template: Text(self.template, text.replace(old, new))}
        dialect = self.target.responding()
        document = draft(dialect, rules_of(dialect, ADDRESSES), names=("", self.action))
        refuses = self.action == "block" and self.target.responses.statuses
        answer = Response(451, LINK) if refuses else None
        document = replace(document, action=self.action, response=answer)
        files = render(dialect, document, PATH, templates)
        orders = document.orders(dialect, PATH)
        prove(dialect, files, AddrMap.of_set(ADDRESSES, self.action), "", orders)


CASES = [
    Case(target, template, action)
    for target, template in (
        (APACHE, APACHE_FILE),
        (FASTLY_VCL, FASTLY_FILE),
        (HAPROXY_LIST, HAPROXY_FILE),
        (NGINX_STREAM, STREAM_FILE),
        (SQUID, SQUID_FILE),
        (VARNISH, VARNISH_FILE),
    )
    for action in ("block", "monitor", "warn")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.target.name}-{case.action}")
def test_our_own_templates_say_what_is_ordered_in_every_stage(case: Case) -> None:
    case.prove("", "")


@pytest.mark.parametrize(
    ("case", "old", "new", "message"),
    [
        (Case(APACHE, APACHE_FILE), "{{ response.status if response else 403 }}", "403",
         "the status is 403, ordered"),
        (Case(APACHE, APACHE_FILE), "{{ response.status if response else 403 }}", "499",
         "a status that Apache knows"),
        (Case(APACHE, APACHE_FILE), "response.header |", f"'{OTHER_LINK}' |", "the link is 'http"),
        (Case(APACHE, APACHE_FILE), '| replace("%", "%%")', "", "with %% for %"),
        (Case(APACHE, APACHE_FILE), "{ENV:{{ option.name }}}", "{ENV:x}", "found 'env=block"),
        (Case(APACHE, APACHE_FILE, "warn"), "warn env={{ option.name }}", "warn env=x",
         "nothing sets this variable"),
        (Case(APACHE, APACHE_FILE), "{{ option.name }}", "x", "the Apache variable is 'x'"),
        (Case(APACHE, APACHE_FILE), "RewriteEngine On", "RewriteEngine Off", "expected 'On'"),
        (Case(APACHE, APACHE_FILE), "={{ action }}", "=monitor", "expected nothing after"),
        (Case(APACHE, APACHE_FILE), "=block", "=monitor", "expected '=block', found '=monitor'"),
        (Case(APACHE, APACHE_FILE, "monitor"), "={{ action }}", "=block", "expected what is done"),
        (Case(APACHE, APACHE_FILE, "warn"), "{{ option.header }}", "X-Forwarded-For",
         "the header for the origin is 'X-Forwarded-For'"),
        (Case(APACHE, APACHE_FILE, "warn"), "RequestHeader unset {{ option.header }}\n", "",
         "expected 'unset', found 'set'"),
        (Case(APACHE, APACHE_FILE), "| batch(100)", "| batch(1)", ""),
        (Case(HAPROXY_LIST, HAPROXY_FILE), "{{ option.name }}", "x", "HAProxy acl is 'x', ordered"),
        (Case(HAPROXY_LIST, HAPROXY_FILE), "src -f", "src,ipmask(24) -f", "expected 'src'"),
        (Case(HAPROXY_LIST, HAPROXY_FILE), "{{ main }}", "x.lst", "the list is 'x.lst', its file"),
        (Case(HAPROXY_LIST, HAPROXY_FILE), "{{ option.folder }}", "/x", "folder of the list is"),
        (Case(HAPROXY_LIST, HAPROXY_FILE), " if {{ option.name }}\n{% else", " if x\n{% else",
         "expected 'blockc_export_control', found 'x'"),
        (Case(HAPROXY_LIST, HAPROXY_FILE), "{{ response.status if response else 403 }}", "403",
         "the status is 403, ordered is 451"),
        (Case(HAPROXY_LIST, HAPROXY_FILE), "response.header |", f"'{OTHER_LINK}' |",
         "the link is 'http://x'"),
        (Case(HAPROXY_LIST, HAPROXY_FILE, "warn"), "txn.{{ option.name }}", "txn.x",
         "the HAProxy acl is 'x'"),
        (Case(HAPROXY_LIST, HAPROXY_FILE, "monitor"), '"block"', '"monitor"', "is 403, ordered"),
        (Case(HAPROXY_LIST, HAPROXY_FILE, "warn"), "del-header {{ option.header }}", "del-header X",
         "expected 'X', found 'X-Blockc-export-control'"),
        (Case(SQUID, SQUID_FILE), "{{ option.name }}", "x", "the Squid acl is 'x'"),
        (Case(SQUID, SQUID_FILE), " src ", " dst ", "expected 'src', found 'dst'"),
        (Case(SQUID, SQUID_FILE), "{{ main }}", "x.txt", "the list is 'x.txt', its file"),
        (Case(SQUID, SQUID_FILE), "{{ option.folder }}", "/x", "folder of the list is '/x'"),
        (Case(SQUID, SQUID_FILE), "{{ response.status if response else 403 }}", "403",
         "the status is 403, ordered is 451"),
        (Case(SQUID, SQUID_FILE), "response.header |", f"'{OTHER_LINK}' |", "the link is 'http:"),
        (Case(SQUID, SQUID_FILE), "http_access deny", "http_access allow", "expected 'deny'"),
        (Case(SQUID, SQUID_FILE, "monitor"), '"block"', '"monitor"', "is 403, ordered"),
        (Case(SQUID, SQUID_FILE, "warn"), "{{ option.header }}", "Via", "for the origin is"),
        (Case(SQUID, SQUID_FILE, "warn"), "request_header_access {{ option.header }} deny all\n",
         "", "expected 'request_header_access'"),
        (Case(VARNISH, VARNISH_FILE), "acl {{ option.name }} +table", "acl {{ option.name }}",
         "without which many entries take minutes"),
        (Case(VARNISH, VARNISH_FILE), "{{ option.name }}", "x", "the Varnish acl is 'x'"),
        (Case(VARNISH, VARNISH_FILE), 'if option.source else "client.ip"',
         'if option.source else "std.ip(req.http.X-Who, client.ip)"',
         "the header with the client is 'X-Who', ordered is ''"),
        (Case(VARNISH, VARNISH_FILE), "::ffff:([0-9.]+)$", "x", "expected '\"^::ffff:"),
        (Case(VARNISH, VARNISH_FILE), "{{ response.status if response else 403 }}", "403",
         "expected '403', found '451'"),
        (Case(VARNISH, VARNISH_FILE), "{{ response.header }}", OTHER_LINK, "the link is 'http://x'"),
        (Case(VARNISH, VARNISH_FILE), "return (synth", "return (pass); #", "expected 'synth'"),
        (Case(VARNISH, VARNISH_FILE, "monitor"), '{% if action == "block" %}', "{% if true %}",
         "expected '}', found 'return'"),
        (Case(VARNISH, VARNISH_FILE, "warn"), "{{ option.header }}", "Host", "for the origin is"),
        (Case(VARNISH, VARNISH_FILE, "warn"), "\tunset req.http.{{ option.header }};\n", "",
         "expected '}', found 'set'"),
        (Case(FASTLY_VCL, FASTLY_FILE), "{{ option.name }}", "x",
         "the Fastly VCL acl is 'x', ordered"),
        (Case(FASTLY_VCL, FASTLY_FILE), "{{ option.endpoint }}", "x", "the log endpoint is 'x'"),
        (Case(FASTLY_VCL, FASTLY_FILE), "\t\"'", "\t! \"'", "does by a ! is not the same"),
        (Case(FASTLY_VCL, FASTLY_FILE), "fastly.ff.visits_this_service == 0 && ", "",
         "expected 'fastly.ff.visits_this_service', found 'req.restarts'"),
        (Case(FASTLY_VCL, FASTLY_FILE), "(client.ip ~", "(req.http.Fastly-Client-IP ~",
         "expected 'client.ip', found 'req.http.Fastly-Client-IP'"),
        (Case(FASTLY_VCL, FASTLY_FILE), "{{ action }} ", "monitor ", "expected '}', found 'error'"),
        (Case(FASTLY_VCL, FASTLY_FILE), "{{ response.status if response else 403 }}", "403",
         "expected '403', found '451'"),
        (Case(FASTLY_VCL, FASTLY_FILE), "{{ response.header }}", OTHER_LINK, "the link is 'http:"),
        (Case(FASTLY_VCL, FASTLY_FILE, "monitor"), '{% if action == "block" %}\n\t\t\terror',
         "{% if true %}\n\t\t\terror", "expected '}', found 'error'"),
        (Case(FASTLY_VCL, FASTLY_FILE, "warn"), "{{ option.header }}", "Host", "origin is 'Host'"),
        (Case(FASTLY_VCL, FASTLY_FILE, "warn"), "\t\tunset req.http.{{ option.header }};\n", "",
         "expected '}', found 'set'"),
        (Case(NGINX_STREAM, STREAM_FILE), "{{ option.variable }}", "x", "variable is '$x', "),
        (Case(NGINX_STREAM, STREAM_FILE), "{{ option.source }}", "proxy_protocol_addr",
         "the nginx source is '$proxy_protocol_addr', ordered is '$remote_addr'"),
        (Case(NGINX_STREAM, STREAM_FILE), "{{ option.upstream }}", "x", "nginx upstream is 'x'"),
        (Case(NGINX_STREAM, STREAM_FILE), "map ${{ option.variable }} ", "map $x ",
         "expected '$blockc_export_control_stream', found '$x'"),
        (Case(NGINX_STREAM, STREAM_FILE), '    1 "";\n', "", "the log says block, and the"),
        (Case(NGINX_STREAM, STREAM_FILE), '1 "";', "1 honeypot;", "expected no upstream for who"),
        (Case(NGINX_STREAM, STREAM_FILE), "{{ action }}", "monitor", "the log says monitor, and"),
        (Case(NGINX_STREAM, STREAM_FILE, "monitor"), '{% if action == "block" %}', "{% if true %}",
         "the log says monitor, and the connection is not treated so"),
    ],
)  # fmt: skip
def test_a_wrong_template_is_refused_with_the_place(
    case: Case, old: str, new: str, message: str
) -> None:
    if not message:  # what may be written otherwise
        case.prove(old, new)
        return
    with pytest.raises(Unproved) as refused:
        case.prove(old, new)
    assert message in refused.value.message
    place = refused.value.at
    assert place
    assert place.line
