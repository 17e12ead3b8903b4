"""Files for `blockc.load`: what an application asks about each request, in its own process.

The first line is `blockc-matcher 1`. The second is JSON about the file: `list`, `title`, `policy`,
`sample`, `note`, `stages` (sentences), `addresses` (texts by family), `verdicts` (the words that
labels stand for, the first one for addresses that are not listed) and `runs` (a number by family);
`response`, with `status` and perhaps `link`, where a stage says what blocked clients get. Then
come, for IPv4 and then for IPv6, the first address of each run of addresses that get the same
verdict (4 or 16 bytes) and the label of each run (2 bytes), all numbers with the highest byte
first. The first run begins at address 0. The last 32 bytes are the SHA-256 of all before them.

The format is ours, and so is the program that reads it: `blockc.runtime.matcher`.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import V4, Family, columns
from blockc.addresses.columns import Column
from blockc.addresses.partition import Partition, laid_out
from blockc.addresses.rules import Match, Rules
from blockc.targets.core.document import REGISTERED, Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.response import HTTP_ERRORS
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
from blockc.targets.core.verdicts import ACTIONS, ContentKind, Vocabulary
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Ordered, Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Text, Where

FIRST_LINE = b"blockc-matcher 1\n"
_DIGEST_SIZE = hashlib.sha256().digest_size
_ABOUT = {
    "list": str,
    "title": str,
    "policy": str,
    "sample": bool,
    "note": str,
    "stages": list,
    "addresses": dict,
    "verdicts": list,
    "runs": dict,
}
_PERHAPS = {"response": dict}
_COMPARED = ("list", "title", "policy", "sample", "note", "stages", "addresses", "response")
_ACTIONS = Vocabulary(ACTIONS)


def write_matcher(document: Document, _: File, parts: Sequence[FamilyEntries]) -> bytes:
    """Return the file of a document."""
    pictures = {
        part.family: laid_out(part.family, part.rules.start, part.rules.last, part.rules.verdict)
        for part in parts
    }
    about = {
        **_about(document, parts),
        "verdicts": list(document.names),
        "runs": {family.name: len(picture.starts) for family, picture in pictures.items()},
    }
    line = json.dumps(about, ensure_ascii=False).encode() + b"\n"
    body = b"".join(_packed(picture) for picture in pictures.values())
    whole = FIRST_LINE + line + body
    return whole + hashlib.sha256(whole).digest()


def _packed(picture: Partition) -> bytes:
    """Return the first address of each run of a family and the label of each."""
    labels = picture.labels.astype(">u2").tobytes()
    if picture.family == V4:
        return picture.starts.astype(">u4").tobytes() + labels
    halves = columns.split(columns.widen(picture.starts))
    return np.stack(halves, axis=1).astype(">u8").tobytes() + labels


def _about(document: Document, parts: Sequence[FamilyEntries]) -> dict[str, Any]:
    made_of, answer = document.provenance, document.response
    about: dict[str, Any] = {
        "list": made_of.list,
        "title": made_of.title,
        "policy": made_of.policy,
        "sample": made_of.sample,
        "note": REGISTERED,
        "stages": list(map(str, document.stages)),
        "addresses": {part.name: str(part.addresses) for part in parts},
    }
    if answer:
        link = {"link": answer.link} if answer.link else {}
        about["response"] = {"status": answer.status, **link}
    return about


def read_matcher(files: Sequence[ArtifactFile]) -> Reading:
    """Return the rules of a file: every run of addresses that are listed.

    Raises:
        SourceSyntaxError: It is not such a file, or not as `write_matcher` writes it.
    """
    (file,) = files
    about, at = _second_line(file)
    words = about["verdicts"].texts()
    names, labels = _ACTIONS.read(words[1:])
    if words[:1] != [""] or -1 in labels or len(set(words)) < len(words):
        expected = f"an empty text, then any of {', '.join(ACTIONS)}, each once"
        raise about["verdicts"].error(f"expected {expected}")
    label = np.array([0, *labels], np.int32)
    runs = about["runs"].fields({family.name: int for family in file.families})
    parts = []
    for family in file.families:
        count = runs[family.name].value
        picture, end = _picture(file, at, family, count)
        if (picture.labels >= len(label)).any():
            raise file.error("a label that stands for no verdict", at)
        listed = picture.labels > 0
        rules = Rules(family, *picture.runs(listed), label[picture.labels[listed]])
        parts.append(Part(rules, _where(file, at, np.flatnonzero(listed), family)))
        at = end
    if at != len(file.data) - _DIGEST_SIZE:
        raise file.error("something stands between the runs and the digest", at)
    found = tuple(about[key].found(key) for key in _COMPARED if key in about)
    return Reading(tuple(parts), names, found)


def _second_line(file: ArtifactFile) -> tuple[Mapping[str, JsonNode], int]:
    """Return what the second line says, and at which byte the runs begin."""
    data, end = file.data, len(file.data) - _DIGEST_SIZE
    if not data.startswith(FIRST_LINE):
        raise file.error(f"expected {FIRST_LINE.decode().strip()!r}", 0)
    if end < 0 or hashlib.sha256(data[:end]).digest() != data[end:]:
        raise file.error("the digest is not that of what stands before it", max(0, end))
    runs = data.find(b"\n", len(FIRST_LINE), end) + 1
    if not runs:
        raise file.error("the second line has no end", len(FIRST_LINE))
    line = ArtifactFile(file.path, data[:runs]).decoded()
    # Blanks in place of the first line keep the places in messages right.
    text = Text(file.path, f"{' ' * (len(FIRST_LINE) - 1)}\n{line.text[len(FIRST_LINE) :]}")
    return json_object(text).fields(_ABOUT, optional=_PERHAPS), runs


def _picture(file: ArtifactFile, at: int, family: Family, count: int) -> tuple[Partition, int]:
    """Return the runs of a family that begin at byte `at`, and the byte after them."""
    width = family.width // 8
    middle, end = at + count * width, at + count * (width + 2)
    if count < 1 or end > len(file.data) - _DIGEST_SIZE:
        raise file.error(f"there are not {count:,} runs of {family.name}", at)
    labels = np.frombuffer(file.data[middle:end], ">u2").astype(np.int32)
    raw = file.data[at:middle]
    if width == 4:
        starts: Column = np.frombuffer(raw, ">u4").astype(np.uint64)
    else:
        halves = np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2)
        starts = columns.narrow(columns.join(halves[:, 0], halves[:, 1]))
    try:
        return Partition(family, starts, labels), end
    except ValueError as wrong:
        raise file.error(str(wrong), at) from None


def _where(file: ArtifactFile, begin: int, runs: NDArray[np.intp], family: Family) -> Where:
    return lambda row, why: file.error(why, begin + int(runs[row]) * (family.width // 8))


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    return itertools.starmap(Ordered, _about(document, parts).items())


_NOTES = """\
For applications in Python, which ask it about every request: `blockc.load("dist")` returns a
matcher, and `blockc.runtime` has middleware for ASGI and WSGI: [docs/library.md](../library.md).

It needs no other package, and a running process takes a new file over by itself."""

_NATIVE = NativeCheck(
    programs=("python3",),
    packages=("python3",),
    argv=("python3", "@package@/runtime/matcher.py", "@0@"),
)

MATCHER = Target(
    name="matcher",
    title="File for `blockc.load`, in applications",
    match=Match.INTERVALS,
    form=EntryForm.RANGE,
    layout=Layout.TOGETHER,
    writer=write_matcher,
    ending="blockc",
    reader=read_matcher,
    orders=_orders,
    words={ContentKind.LIST: _ACTIONS, ContentKind.VERDICTS: _ACTIONS},
    responses=Responses(statuses=HTTP_ERRORS, links=True),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(Reference("https://www.rfc-editor.org/rfc/rfc7725", checked="2026-11-27"),),
    deployment=Deployment(
        load="python -m blockc.runtime.matcher list.blockc  # a running process sees it by itself",
        rollback="blockc rollback  # a running process sees it by itself",
    ),
)
