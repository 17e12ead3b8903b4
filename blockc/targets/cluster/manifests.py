"""What Kubernetes manifests have in common: names, metadata, limits, and how they are applied.

They are JSON, which `kubectl` takes as it takes YAML; their readers are shapes.
"""

from collections.abc import Iterator, Mapping

from blockc.targets.core.document import Document
from blockc.targets.core.facts import Deployment, MaxEntries, Reference
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.json_shape import Labels, Says, Shape
from blockc.targets.syntax.reading import Ordered

NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_PAIR = rf"(?:[a-z0-9.-]{{1,80}}/)?{_WORD}={_WORD}"
LABELS = rf"(?:{_PAIR}(?:,{_PAIR}){{0,7}})?"

NAMES = Reference(
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/", "2026-11-27"
)
_ETCD = Reference("https://etcd.io/docs/latest/dev-guide/limit/", "2026-11-27")

#: A request to etcd has at most 1.5 MiB. With quotes and comma an IPv4 prefix takes at most 21
#: bytes and one of IPv6 at most 46, so 20,000 of each leave 0.2 MiB for all else.
OBJECT = MaxEntries(20_000, _ETCD)

NOTES = """\
The file is JSON, which `kubectl` takes as it takes YAML. Apply it with `--server-side`: without,
`kubectl` keeps a copy of the file in an annotation, and a list of more than 256 KiB is refused
with `metadata.annotations: Too long`. etcd takes an object of up to 1.5 MiB, so one holds 20,000
entries of each family."""

APPLY = Deployment(
    load="""\
kubectl apply --server-side --dry-run=server -f list.json  # what the API server says of it
kubectl apply --server-side -f list.json""",
    rollback="kubectl apply --server-side -f PREVIOUS/list.json",
)


def name_option(about: str) -> Option:
    """Return the option of the object's name."""
    return Option(
        "name",
        "blockc-{list}",
        "1 to 63 lower-case letters, digits or -, no - at the ends",
        pattern=NAME,
        part="-{part}",
        about=about,
    )


def namespace_option(default: str, about: str) -> Option:
    """Return the option of the namespace the object is in."""
    return Option(
        "namespace",
        default,
        "1 to 63 lower-case letters, digits or -, no - at the ends",
        pattern=NAME,
        about=about,
    )


def selector_option(default: str, about: str) -> Option:
    """Return the option of the labels of what the object is for."""
    return Option(
        "selector",
        default,
        "up to 8 labels as key=value, with commas between them, or nothing for all",
        pattern=LABELS,
        about=about,
    )


def metadata(
    kind: str,
    more: Mapping[str, Shape] | None = None,
    annotations: Mapping[str, Shape] | None = None,
) -> Shape:
    """Return the shape of the metadata of an object.

    Args:
        kind: What its name is called in orders.
        more: Keys beside name and annotations.
        annotations: Annotations beside those that say where the list is from.
    """
    about = {f"blockc/{key}": Says(key) for key in ("list", "policy", "note")}
    return {
        "name": Says(kind, NAME),
        **(more or {}),
        "annotations": {**about, **(annotations or {})},
    }


NAMESPACE = {"namespace": Says("namespace", NAME)}


def selector(key: str) -> Shape:
    """Return the shape of the labels of what an object is for."""
    return {key: Labels("selector")}


def orders(document: Document, kind: str) -> Iterator[Ordered]:
    """Yield what a manifest is ordered to say: its own name, where it is, and what it is from."""
    made_of, option = document.provenance, document.options
    place = option.get("namespace")
    yield Ordered(kind, option["name"], claimed=place is None)
    if place is not None:  # the name is the object's own only there
        yield Ordered("namespace", place)
        yield Ordered(kind, f"{place}/{option['name']}", claimed=True, required=False)
    if "selector" in option:
        yield Ordered("selector", option["selector"], required=bool(option["selector"]))
    yield Ordered("list", made_of.list)
    yield Ordered("policy", made_of.policy)
    sample = "SAMPLE DATA, " if made_of.sample else ""
    yield Ordered("note", sample + document.note)
