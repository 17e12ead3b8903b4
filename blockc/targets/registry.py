"""The table of all targets, in the order they are listed to people; each is imported when needed.

A row is all that is known of a target before its module is imported: a build imports only the
targets its policy names.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from blockc.errors import PolicyError, suggestion
from blockc.targets.core.target import Target


class TargetRow(NamedTuple):
    """Where a target's descriptor stands below `blockc.targets`, and what it is, for the README.

    The descriptor has the target's name in capitals: `nginx-geo` is `NGINX_GEO`.
    """

    module: str
    summary: str

    @property
    def category(self) -> str:
        """Return the folder of the module, which says what kind of platform it is."""
        return self.module.partition(".")[0]


ROWS: Mapping[str, TargetRow] = {
    "plain": TargetRow("data.plain", "one prefix per line"),
    "json": TargetRow("data.json_list", "the same with counts and sources"),
    "mmdb": TargetRow(
        "data.mmdb_list", "a MaxMind DB file for GeoIP modules, of a list or countries"
    ),
    "mmdb-maxmind": TargetRow(
        "data.mmdb_list", "the same for readers of MaxMind's own files alone"
    ),
    "csv": TargetRow("data.csv_table", "a network and its verdict or country per row"),
    "clickhouse": TargetRow(
        "data.csv_table", "the same, and the dictionary of the layout IP_TRIE that reads it"
    ),
    "sql": TargetRow(
        "data.sql_ranges", "two tables of address ranges, filled anew in one transaction"
    ),
    "parquet": TargetRow("data.parquet_ranges", "a table of address ranges for each family"),
    "crowdsec": TargetRow("data.crowdsec", "decisions for `cscli decisions import`"),
    "suricata-iprep": TargetRow(
        "data.suricata_iprep", "IP reputation with its category and the rule about it"
    ),
    "matcher": TargetRow("data.matcher_file", "a file that applications ask by `blockc.load`"),
    "nginx-geo": TargetRow(
        "web.nginx_geo",
        'a `geo` block: a list, `lists = [...]` with their actions, or `map = "country"`',
    ),
    "nginx-stream": TargetRow(
        "web.nginx_stream", "the same of connections of `stream`, and the upstream for each"
    ),
    "apache": TargetRow(
        "web.apache", "`Require not ip`, or a variable with the answer and the log of each stage"
    ),
    "caddy": TargetRow("web.caddy", "a matcher and the error for it, which a site imports"),
    "caddy-json": TargetRow("web.caddy_json", "the same as a route of its JSON, for the API"),
    "haproxy-map": TargetRow("proxy.haproxy_map", "a map file for `map_ip`, of the same three"),
    "envoy-rbac": TargetRow("proxy.envoy_rbac", "an HTTP filter in a file that Envoy watches"),
    "haproxy-list": TargetRow(
        "proxy.haproxy_list", "a list file for `acl -f`, with rules for each stage"
    ),
    "varnish": TargetRow("proxy.varnish", "an acl and the `vcl_recv` that refuses by it"),
    "squid": TargetRow("proxy.squid", "a file for `acl src`, with the lines for each stage"),
    "traefik": TargetRow("proxy.traefik", "an allow list of everybody else, for its file provider"),
    "traefik-middleware": TargetRow("proxy.traefik", "the same as an object of Kubernetes"),
    "ipset": TargetRow(
        "kernel.ipset", "a restore file with swap, and the iptables rules that use it"
    ),
    "nftables": TargetRow(
        "kernel.nftables", "a table with interval sets, replaced in one transaction"
    ),
    "nftables-update": TargetRow(
        "kernel.nft_update", "what is in two sets; rules and counters around them stay"
    ),
    "bpf-lpm": TargetRow("kernel.bpf_lpm", "LPM maps for XDP programs, filled aside and swapped"),
    "paloalto-edl": TargetRow(
        "appliance.feeds", "a feed for Palo Alto firewalls, and the nginx location that serves it"
    ),
    "fortigate-feed": TargetRow("appliance.feeds", "the same for FortiGate"),
    "checkpoint-feed": TargetRow("appliance.feeds", "the same for Check Point gateways"),
    "cisco-si-feed": TargetRow("appliance.feeds", "the same for Cisco Secure Firewall"),
    "juniper-feed": TargetRow("appliance.feeds", "the same for Juniper SRX"),
    "pfsense-table": TargetRow("appliance.feeds", "the same for pfSense and OPNsense"),
    "pf-table": TargetRow(
        "appliance.device_lists", "a file for `pfctl -T replace`, with exceptions; OpenBSD, FreeBSD"
    ),
    "junos-prefix-list": TargetRow(
        "appliance.device_lists", "prefix lists of Junos, for `load replace`"
    ),
    "f5-data-group": TargetRow("appliance.device_lists", "an external data group of F5 BIG-IP"),
    "sophos-hosts": TargetRow(
        "appliance.sophos", "IP hosts and their groups of Sophos Firewall, for its API"
    ),
    "mikrotik-address-list": TargetRow(
        "appliance.device_scripts", "a RouterOS script that fills a list aside and swaps it"
    ),
    "edgeos-network-group": TargetRow(
        "appliance.device_scripts", "network groups of Ubiquiti EdgeOS and VyOS, in one commit"
    ),
    "bind-acl": TargetRow("dns.bind_acl", "an address match list of a name, with exceptions"),
    "unbound": TargetRow("dns.unbound", "`access-control` of one action"),
    "rpz": TargetRow("dns.rpz", "a response policy zone, about clients or about answers"),
    "dnsdist": TargetRow("dns.dnsdist", "a NetmaskGroup in Lua and the rule that uses it"),
    "bird-set": TargetRow("dns.bird_set", "prefix sets for filters of routes"),
    "postfix-cidr": TargetRow("dns.postfix_cidr", "a `cidr:` table, of a list or `lists = [...]`"),
    "aws-wafv2-ipset": TargetRow("cloud.aws_wafv2_ipset", "the body of `aws wafv2 create-ip-set`"),
    "aws-wafv2-geo": TargetRow(
        "cloud.aws_wafv2_geo", "a rule that blocks whole countries by the data of AWS"
    ),
    "aws-cloudformation": TargetRow(
        "cloud.aws_cloudformation", "a template with IP sets and the rule group over them"
    ),
    "aws-prefix-list": TargetRow(
        "cloud.aws_prefix_list", "VPC prefix lists, with the calls of 100 entries that load them"
    ),
    "aws-network-firewall": TargetRow(
        "cloud.aws_network_firewall", "the Suricata rules of a stateful rule group"
    ),
    "cloudflare-list": TargetRow(
        "cloud.cloudflare", "the items of an IP list, and the custom rule that uses it"
    ),
    "cloudflare-country": TargetRow(
        "cloud.cloudflare", "a custom rule that blocks whole countries by the data of Cloudflare"
    ),
    "cloud-armor": TargetRow("cloud.cloud_armor", "rules of ten ranges each"),
    "cloud-armor-group": TargetRow("cloud.cloud_armor", "address groups, and the rule over them"),
    "cloud-armor-country": TargetRow(
        "cloud.cloud_armor", "rules that block whole countries by the data of Google"
    ),
    "azure-frontdoor": TargetRow("cloud.azure_waf", "custom rules of Front Door's firewall"),
    "azure-appgateway": TargetRow("cloud.azure_waf", "the same for Application Gateway"),
    "azure-frontdoor-geo": TargetRow(
        "cloud.azure_waf", "rules that block whole countries by the data of Azure"
    ),
    "azure-ip-group": TargetRow(
        "cloud.azure_ip_group", "IP groups of Azure Firewall, as templates to deploy"
    ),
    "fastly-acl": TargetRow("cloud.fastly", "the entries of an ACL"),
    "fastly-vcl": TargetRow(
        "cloud.fastly", "an acl in VCL, and the subroutines that refuse by it and log"
    ),
    "akamai-list": TargetRow("cloud.akamai", "the body of a network list"),
    "akamai-country": TargetRow("cloud.akamai", "the same, of countries by the data of Akamai"),
    "terraform": TargetRow(
        "terraform.module", "a variable with the list and its checks, for any provider"
    ),
    "terraform-aws": TargetRow(
        "terraform.aws_resources",
        "WAFv2 IP sets and the rule group over them, for Terraform and OpenTofu",
    ),
    "terraform-cloudflare": TargetRow(
        "terraform.cloudflare_resources", "Cloudflare lists and their rule"
    ),
    "terraform-google": TargetRow(
        "terraform.google_resources", "address groups and Cloud Armor rules"
    ),
    "terraform-azure": TargetRow(
        "terraform.azure_resources", "an Azure Front Door firewall policy"
    ),
    "terraform-akamai": TargetRow(
        "terraform.akamai_resources", "Akamai network lists and activations"
    ),
    "terraform-fastly": TargetRow(
        "terraform.fastly_resources", "entries of Fastly ACLs, and the VCL"
    ),
    "terraform-aws-prefix-list": TargetRow("terraform.network_sets", "AWS VPC prefix lists"),
    "terraform-azure-ip-group": TargetRow("terraform.network_sets", "Azure Firewall IP groups"),
    "istio-authorizationpolicy": TargetRow("cluster.mesh", "a policy that denies at gateways"),
    "envoy-gateway": TargetRow("cluster.mesh", "the SecurityPolicy of a gateway"),
    "cilium-policy": TargetRow("cluster.network", "a CIDR group and the policy that denies it"),
    "calico-policy": TargetRow("cluster.network", "a network set and the policy, in a tier"),
    "kubernetes-networkpolicy": TargetRow(
        "cluster.network", "a policy that lets in everybody but the list"
    ),
}


class _Targets(Mapping[str, Target]):
    def __getitem__(self, name: str) -> Target:
        module = import_module(f"blockc.targets.{ROWS[name].module}")
        found: Target = getattr(module, name.upper().replace("-", "_"))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(ROWS)

    def __len__(self) -> int:
        return len(ROWS)


#: name -> target; a target's module is imported when it is looked up.
TARGETS: Mapping[str, Target] = _Targets()


def target_named(name: str) -> Target:
    """Return the target called `name`.

    Raises:
        PolicyError: If there is none.
    """
    if name in ROWS:
        return TARGETS[name]
    raise PolicyError(
        f"unknown target {name!r}{suggestion(name, list(ROWS))}",
        hint=f"known are {', '.join(ROWS)}",
    )
