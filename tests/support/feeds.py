"""Small files of formats that are not text, made here."""

from collections.abc import Mapping
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

LOCATIONS = """\
geoname_id,locale_code,continent_code,continent_name,country_iso_code,country_name,is_in_european_union
2077456,en,OC,Oceania,AU,Australia,0
1814991,en,AS,Asia,CN,China,0
2921044,en,EU,Europe,DE,Germany,1
6255147,en,AS,Asia,,,0
"""
HEAD = (
    "network,geoname_id,registered_country_geoname_id,represented_country_geoname_id,"
    "is_anonymous_proxy,is_satellite_provider,is_anycast\n"
)
BLOCKS4 = HEAD + "1.0.0.0/24,2077456,2077456,,0,0,\n1.0.1.0/24,,1814991,,0,0,\n"
BLOCKS6 = (
    HEAD + "2a00:1450::/32,2921044,1814991,,0,0,\n2a01::/32,,,,1,0,\n2a02::/32,6255147,,,0,0,\n"
)
TABLES = {"Blocks-IPv4": BLOCKS4, "Blocks-IPv6": BLOCKS6, "Locations-en": LOCATIONS}
RECORDS = {
    "1.0.0.0/24": {"country": {"iso_code": "AU"}, "asn": 13335},
    "1.0.1.0/24": {"country": {"iso_code": "CN"}},
    "2a00:1450::/32": {"country": {"iso_code": "DE"}, "asn": 15169},
    "2a01:0:0:1::/65": {"country": {"iso_code": "FR"}},
}


def geolite2(day: str = "20260501", **tables: str | None) -> bytes:
    """Return a zip file of GeoLite2 Country; `tables` replace its own or are left out."""
    changed = {name.replace("_", "-"): text for name, text in tables.items()}
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr(f"GeoLite2-Country-CSV_{day}/LICENSE.txt", "terms")
        for name, text in {**TABLES, **changed}.items():
            if text is not None:
                path = f"GeoLite2-Country-CSV_{day}/GeoLite2-Country-{name}.csv"
                archive.writestr(path, text)
    return packed.getvalue()


def mmdb(records: Mapping[str, Any] = RECORDS, version: int = 6) -> bytes:
    """Return a MaxMind DB file, made in the second 1,770,000,000; IPv4 is below `::/96`."""
    writer_of: Any = import_module("mmdb_writer").MMDBWriter
    ip_set: Any = import_module("netaddr").IPSet
    writer = writer_of(version, "Toy", ipv4_compatible=version == 6)
    for prefix, record in records.items():
        if version == 6 or ":" not in prefix:
            writer.insert_network(ip_set([prefix]), record)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "toy.mmdb"
        writer.to_db_file(str(path))
        return path.read_bytes()
