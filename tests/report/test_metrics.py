"""Metrics are what Prometheus' own parser reads them to be."""

from prometheus_client.parser import text_string_to_metric_families

from blockc.report.metrics import Metric, metrics_text, sample_of

MANY = Metric(
    "blockc_list_addresses",
    "Addresses of a list.",
    [
        ({"list": "embargo", "family": "ipv4"}, 61_538_560),
        ({"list": 'a"b\\c\nd', "family": "ipv6"}, 2**120 + 1),
    ],
)
ONE = Metric("blockc_refresh_exit_code", "How the last refresh ended.", [({}, 4)])
NONE = Metric("blockc_nothing", "Nothing.", [])


def test_prometheus_reads_what_was_meant() -> None:
    text = metrics_text([MANY, ONE, NONE])
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert sorted(found) == ["blockc_list_addresses", "blockc_refresh_exit_code"]
    assert found["blockc_list_addresses"].documentation == "Addresses of a list."
    assert {family.type for family in found.values()} == {"gauge"}
    read = [(s.labels, s.value) for s in found["blockc_list_addresses"].samples]
    assert read == MANY.samples


def test_a_number_can_be_read_again() -> None:
    text = metrics_text([MANY, ONE, Metric("blockc_x", "X.", [({}, 1764244800.5)])])
    assert sample_of(text, "blockc_refresh_exit_code") == 4
    assert sample_of(text, "blockc_x") == 1764244800.5
    assert sample_of(text, "blockc_list_addresses") is None
    assert sample_of(text, "blockc_y") is None
