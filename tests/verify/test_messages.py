"""What the proof says of artifacts that are wrong in their own way, and of those that are not."""

from collections.abc import Sequence

import pytest

from blockc.addresses import V4, V6, AddrMap, AddrSet
from blockc.addresses.rules import Match
from blockc.errors import Location, SourceSyntaxError, Unproved
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.plain import PLAIN
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from blockc.verify.proof import Proof, prove
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, nested, prefixes, written


def test_another_verdict_than_block_is_named() -> None:
    kind, names = ContentKind.VERDICTS, ("", "block", "monitor")
    document = draft(NGINX_GEO, nested(("10.0.0.0/8", 2)), kind=kind, names=names)
    texts = render(NGINX_GEO, document, PATH, TEMPLATES)
    with pytest.raises(Unproved, match="is given 'monitor', the policy blocks it"):
        prove(NGINX_GEO, texts, AddrMap.of_set(prefixes("10.0.0.0/8")))


def test_what_a_reader_advises_is_told() -> None:
    def read(_: Sequence[ArtifactFile]) -> Reading:
        raise SourceSyntaxError("half a list", at=Location("x", 3), hint="write the other half")

    with pytest.raises(Unproved) as found:
        prove(
            replace(PLAIN, reader=read), [ArtifactFile("x", b"")], AddrMap.of_set(EDGES["nothing"])
        )
    said = "x:3: target plain: cannot be read back: half a list; write the other half"
    assert str(found.value) == said


def test_space_that_the_platform_never_looks_up_needs_no_entry() -> None:
    wanted = prefixes("10.0.0.0/8", "2001:db8::/32")
    intent = AddrMap.of_set(wanted | AddrSet.of(HAPROXY_MAP.never_consulted))
    assert HAPROXY_MAP.never_consulted
    prove(HAPROXY_MAP, written(HAPROXY_MAP, wanted), intent)
    with pytest.raises(Unproved, match=r"10\.0\.0\.0/8 is allowed"):
        prove(HAPROXY_MAP, written(HAPROXY_MAP, wanted.only(V6)), intent)


def test_what_no_entry_explains_is_told_with_the_file_of_its_family() -> None:
    both = EDGES["neighbours"]
    texts = written(AWS_WAFV2_IPSET, both.only(V4))
    with pytest.raises(Unproved, match="2001:db8::/64 is allowed, the policy blocks it") as found:
        prove(AWS_WAFV2_IPSET, texts, AddrMap.of_set(both))
    assert found.value.at == Location(texts[1].path)

    only = replace(written(PLAIN, both.only(V4))[0], families=(V4,))
    with pytest.raises(Unproved, match="2001:db8::/64 is allowed") as found:
        prove(PLAIN, [only], AddrMap.of_set(both))
    assert found.value.at == Location(only.path)


def test_an_artifact_that_says_nothing_of_a_family_is_refused_or_means_nothing_of_it() -> None:
    silent = replace(PLAIN, reader=lambda _: Reading(()))
    file = ArtifactFile("x", b"")
    assert prove(silent, [file], AddrMap.of_set(EDGES["nothing"])) == Proof({}, 2, 4)
    with pytest.raises(Unproved, match=r"192\.0\.2\.0/24 is allowed"):
        prove(silent, [file], AddrMap.of_set(EDGES["ipv4 only"]))


def test_entries_of_a_family_that_was_not_asked_for_are_refused() -> None:
    both = AddrMap.of_set(EDGES["neighbours"])
    texts = written(PLAIN, EDGES["neighbours"])
    with pytest.raises(Unproved) as found:
        prove(PLAIN, texts, AddrMap((both.part(V4),), both.names))
    assert str(found.value).startswith(
        f"{PATH}: target plain: entries of ipv6 were not asked for; nothing was published"
    )


def test_rules_that_contradict_each_other_are_refused_with_the_reason() -> None:
    twice = replace(PLAIN, match=Match.LONGEST)
    with pytest.raises(Unproved) as found:
        prove(
            twice,
            [ArtifactFile("x", b"10.0.0.0/8\n10.0.0.0/8\n")],
            AddrMap.of_set(EDGES["nothing"]),
        )
    assert str(found.value) == "x: target plain: a prefix occurs twice; nothing was published"
