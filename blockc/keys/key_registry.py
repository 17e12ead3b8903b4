"""The key targets there are."""

from collections.abc import Mapping

from blockc.keys.gateways import APIGEE, AWS, AZURE, CLOUDFLARE, HTTP, KONG
from blockc.keys.key_documents import CSV_KEYS, JSON_KEYS, SQL_KEYS
from blockc.keys.key_target import KeyTarget

KEY_TARGETS: Mapping[str, KeyTarget] = {
    one.name: one
    for one in (JSON_KEYS, CSV_KEYS, SQL_KEYS, AWS, KONG, APIGEE, AZURE, CLOUDFLARE, HTTP)
}
