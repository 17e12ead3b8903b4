"""What is known to run where: reloads, and what people say that they deployed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from blockc.errors import Location, UsageError
from blockc.explain.edges import Receipt
from blockc.policy.model import Edge
from blockc.publish.events import DEPLOYED, RELOAD_FAILED, RELOADED
from blockc.publish.generations import history_of
from blockc.publish.past import told
from blockc.publish.record import INSIDE, object_of, read_generation
from blockc.storage.local import read_local
from blockc.values import Value, json_bytes
from blockc.vocabulary import MANIFEST


class Receipts(Value):
    """What is known of the machines that use a published folder.

    Attributes:
        live: The generation that is shown; nothing if none is.
        published: The digest of the files of each output that are shown.
        reloaded: The last reload of each output.
        deployed: What was last said to run, by edge and output.
    """

    live: str
    published: Mapping[str, str]
    reloaded: Mapping[str, Receipt]
    deployed: Mapping[tuple[str, str], Receipt]

    def of(self, edges: Iterable[Edge]) -> dict[tuple[str, str], Receipt]:
        """Return the newest receipt by edge and output; a reload is one for every edge."""
        found = {}
        for edge in edges:
            for path in edge.outputs:
                both = [self.reloaded.get(path), self.deployed.get((edge.name, path))]
                known = [one for one in both if one]
                if known:
                    found[edge.name, path] = max(known, key=lambda one: one.n)
        return found


def output_digests(manifest: bytes) -> dict[str, str]:
    """Return a digest of the files of each output; an older manifest does not tell them apart."""
    files: dict[str, dict[str, str]] = {}
    for artifact in json.loads(manifest)["artifacts"]:
        if "output" in artifact:
            named = {one["path"]: one["sha256"] for one in artifact["files"]}
            files.setdefault(artifact["output"], {}).update(named)
    return {path: hashlib.sha256(json_bytes(named)).hexdigest() for path, named in files.items()}


def read_receipts(folder: Path) -> Receipts:
    """Return what is known to run of what a folder shows, or showed.

    Raises:
        OutputError: Nothing was published there, or its history or manifest cannot be read.
    """
    past, live = history_of(folder)
    published = dict[str, str]()
    if live:
        published = output_digests(read_local(folder.absolute() / INSIDE / live / MANIFEST, None))
    reloaded, deployed = dict[str, Receipt](), dict[tuple[str, str], Receipt]()
    for event, facts in told(past):
        for path, digest in facts.get("outputs", {}).items():
            receipt = Receipt(event.generation, event.at, facts["by"], digest, event.n)
            if event.event == RELOADED:
                reloaded[path] = receipt
            elif event.event == RELOAD_FAILED:
                reloaded.pop(path, None)  # it may have taken over anything
            elif event.event == DEPLOYED:
                deployed[facts["edge"], path] = receipt
    return Receipts(live, published, reloaded, deployed)


def outputs_of(folder: Path, name: str) -> tuple[str, dict[str, str]]:
    """Return the whole name of a generation, and the digest of the files of each of its outputs.

    Args:
        folder: What a build publishes.
        name: Of the generation, or how it begins; nothing: the one that is shown.

    Raises:
        UsageError: There is no such generation.
        OutputError: What was recorded of it is missing or was changed.
    """
    _, live = history_of(folder)
    if not (name or live):
        raise UsageError("no generation is shown", at=Location(str(folder)))
    found = read_generation(folder, name or live)
    return found.name, output_digests(object_of(found.inside, found.record.manifest))
