"""MaxMind DB files in Envoy's geoip filter, which knows only the fields of MaxMind's own files."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.targets.core.target import Target
from blockc.targets.data.mmdb_list import MMDB, MMDB_MAXMIND
from blockc.verify.proof import consulted
from tests.real.probes import ends, listed, verdicts
from tests.real.test_envoy import TRUSTING, TYPE, statuses
from tests.targets.artifacts import written

pytestmark = [pytest.mark.real, pytest.mark.slow]
PROVIDER = "type.googleapis.com/envoy.extensions.geoip_providers.maxmind.v3.MaxMindConfig"


def filters(path: Path, database: str, key: str, value: str) -> Mapping[str, object]:
    """Return what the connection manager is told: look a client up, refuse who has a value."""
    provider = {
        "@type": PROVIDER,
        database: str(path),
        "common_provider_config": {"geo_headers_to_add": {key: "x-said"}},
    }
    geoip = {
        "@type": f"{TYPE}http.geoip.v3.Geoip",
        "xff_config": {"xff_num_trusted_hops": 0},
        "provider": {"name": "envoy.geoip_providers.maxmind", "typed_config": provider},
    }
    said = {"header": {"name": "x-said", "string_match": {"exact": value}}}
    policy = {"permissions": [{"any": True}], "principals": [said]}
    rules = {"action": "DENY", "policies": {"x": policy}}
    return TRUSTING | {
        "http_filters": [
            {"name": "envoy.filters.http.geoip", "typed_config": geoip},
            {"name": "rbac", "typed_config": {"@type": f"{TYPE}http.rbac.v3.RBAC", "rules": rules}},
            {"name": "router", "typed_config": {"@type": f"{TYPE}http.router.v3.Router"}},
        ]
    }


@pytest.mark.parametrize(
    ("target", "options", "database", "key", "value"),
    [
        (MMDB, {"field": "country.iso_code"}, "country_db_path", "country", "block"),
        (MMDB_MAXMIND, {}, "country_db_path", "country", "block"),
        (MMDB_MAXMIND, {}, "city_db_path", "country", "block"),
        (MMDB_MAXMIND, {"field": "is_anonymous", "boolean": True}, "anon_db_path", "anon", "true"),
    ],
)
def test_envoy_finds_what_the_list_blocks_under_the_names_it_knows(
    tmp_path: Path,
    target: Target,
    options: Mapping[str, object],
    database: str,
    key: str,
    value: str,
) -> None:
    addresses = listed(17)
    path = tmp_path / "list.mmdb"
    path.write_bytes(written(target, addresses, options)[0].data)
    intent = consulted(target, AddrMap.of_set(addresses))
    wanted = dict[str, str]()
    for family in FAMILIES:
        said = verdicts(intent, family, ends(intent, family, 100))
        wanted |= {text: "403" if verdict else "200" for text, verdict in said.items()}
    spaces = [ip_network(str(prefix)) for prefix in target.never_consulted]
    wanted = {
        text: status
        for text, status in wanted.items()
        if not any(ip_address(text) in space for space in spaces)
    }
    assert {*wanted.values()} == {"200", "403"}

    found = statuses(tmp_path, b"", list(wanted), filters(path, database, key, value))

    assert dict(zip(wanted, found, strict=True)) == wanted
