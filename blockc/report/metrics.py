"""Numbers in the text format of Prometheus, as its node exporter reads them from a file.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/, read 2026-11-27.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from blockc.values import Value

Sample = tuple[Mapping[str, str], float]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Metric(Value):
    """Numbers of one kind.

    Attributes:
        name: As `blockc_list_addresses`.
        about: What it counts, in a sentence.
        samples: Labels and the number, whose unit is the end of the name.
    """

    name: str
    about: str
    samples: Sequence[Sample]


def metrics_text(metrics: Iterable[Metric]) -> str:
    """Return the text of metrics; one without samples is left out."""
    return "".join(_metric_text(one) for one in metrics if one.samples)


def _metric_text(metric: Metric) -> str:
    head = f"# HELP {metric.name} {metric.about}\n# TYPE {metric.name} gauge\n"
    return head + "".join(
        f"{metric.name}{_labels(labels)} {_number(value)}\n" for labels, value in metric.samples
    )


def _labels(labels: Mapping[str, str]) -> str:
    pairs = [f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items()]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _number(value: float) -> str:
    """Return a number, whole ones with every digit: an IPv6 count exceeds what a float says.

    >>> _number(2**64), _number(0.5)
    ('18446744073709551616', '0.5')
    """
    return str(value) if isinstance(value, int) else format(Decimal(repr(value)), "f")


def sample_of(text: str, name: str) -> float | None:
    """Return the number of a metric without labels in a text; None if it is not there."""
    found = re.search(rf"^{name} ([0-9.]+)$", text, re.MULTILINE)
    return float(found[1]) if found else None
