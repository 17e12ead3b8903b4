"""The country map of the whole world, the fewest entries of the longest match, asked everywhere.

Between two boundaries no answer can change, so both ends of every slot are the whole space.
"""

from collections.abc import Sequence

import pytest

from blockc.addresses import FAMILIES, V4, AddrMap
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, PassRequest
from blockc.policy.meaning.resolve import countries_map
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.verify.proof import prove
from tests.compiler.worlds import sample_world
from tests.real.probes import ends, mapped, verdicts
from tests.real.servers import Server, haproxy, nginx
from tests.targets.artifacts import PATH, PROVENANCE, TEMPLATES, draft

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def world() -> AddrMap:
    """Return the registered country of every address of the bundled sample."""
    return countries_map(sample_world())


def compiled(target: Target, world: AddrMap) -> Compiled:
    """Return the fewest rules that say the map."""
    lengths = {family: target.lengths.of(family) for family in FAMILIES} if target.lengths else {}
    return compile_rules(world, target.match, PassRequest(lengths=lengths))


def written(target: Target, world: AddrMap, options: dict[str, object]) -> Sequence[ArtifactFile]:
    """Return the map of the world, proved."""
    rules = compiled(target, world).rules
    one = draft(target, rules, options, PROVENANCE, ContentKind.COUNTRIES, world.names)
    texts = render(target, one, PATH, TEMPLATES)
    assert prove(target, texts, world).slots > 180_000
    return texts


def require_agreement(server: Server, world: AddrMap) -> None:
    """Check the answers at both ends of every slot there is."""
    for family in FAMILIES:
        asked = verdicts(world, family, ends(world, family, None))
        wanted = {text: said for text, said in asked.items() if not mapped(text)}
        assert len(wanted) > 150_000
        answers = server.answers(wanted)
        assert {text: said for text, said in answers.items() if said != wanted[text]} == {}


def test_the_map_takes_as_few_entries_as_published(world: AddrMap) -> None:
    """A /0 is one of them, which HAProxy takes; nginx wants its two halves."""
    assert len(compiled(HAPROXY_MAP, world).rules[V4]) == 80_314
    assert len(compiled(NGINX_GEO, world).rules[V4]) == 80_315


def test_nginx_gives_every_address_of_the_world_its_country(world: AddrMap) -> None:
    with nginx(written(NGINX_GEO, world, {"source": "arg_ip"})) as server:
        require_agreement(server, world)


def test_haproxy_gives_every_address_of_the_world_its_country(world: AddrMap) -> None:
    with haproxy(written(HAPROXY_MAP, world, {}), default="ZZ") as server:
        require_agreement(server, world)
