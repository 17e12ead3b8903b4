"""The table of all targets, in the order they are listed to people."""

from blockc.errors import PolicyError, suggestion
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.targets.core.target import Target
from blockc.targets.data.json_list import JSON_LIST
from blockc.targets.data.plain import PLAIN
from blockc.targets.kernel.ipset import IPSET
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.web.nginx_geo import NGINX_GEO

ALL: tuple[Target, ...] = (
    PLAIN,
    JSON_LIST,
    NGINX_GEO,
    HAPROXY_MAP,
    IPSET,
    NFTABLES,
    AWS_WAFV2_IPSET,
)


def target_named(name: str) -> Target:
    """Return the target called `name`.

    Raises:
        PolicyError: If there is none.
    """
    for target in ALL:
        if target.name == name:
            return target
    known = [target.name for target in ALL]
    raise PolicyError(
        f"unknown target {name!r}{suggestion(name, known)}", hint=f"known are {', '.join(known)}"
    )
