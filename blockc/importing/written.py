"""The files of a first policy: what was imported, and a policy that builds from it."""

import json
import re
from collections.abc import Mapping, Sequence

from blockc.addresses import FAMILIES, AddrSet, Family
from blockc.addresses.lines import prefix_texts
from blockc.importing.findings import ImportFindings
from blockc.importing.forms import FORMS
from blockc.importing.importer import Imported
from blockc.targets.core.target import Layout
from blockc.targets.registry import target_named

FOLDER, LIST = "imported", "imported"
POLICY = "blockc.toml"
_WIDEST = {4: 8, 6: 16}  # what a policy takes without a word
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")


def policy_files(
    files: Sequence[Imported], protect: Mapping[str, AddrSet], found: ImportFindings
) -> dict[str, bytes]:
    """Return path -> bytes of the policy and of the files it names.

    A file that blocks nobody is not named. Where nearly everybody is blocked, there is one file of
    who is allowed.
    """
    sides: dict[str, AddrSet] = {}
    if found.is_allow_list:
        sides[f"{FOLDER}/allowed.txt"] = ~found.blocked
    else:
        for one in files:
            if one.blocked:
                sides[_free(sides, one.path)] = one.blocked
    selected = list(sides)
    for path, addresses in protect.items():
        sides[_free(sides, f"protect-{path.rpartition('/')[2]}")] = addresses
    texts = {name: _listed(addresses) for name, addresses in sides.items()}
    policy = _policy(files, selected, [*sides][len(selected) :], found)
    return {**texts, POLICY: policy.encode()}


def _free(taken: Mapping[str, object], path: str) -> str:
    """Return the path of a side file that is like another path, and not taken."""
    stem = _NOT_IN_NAMES.sub("-", path.rpartition("/")[2]).strip("-.") or "list"
    stem = stem.removesuffix(".txt")
    number, found = 1, f"{FOLDER}/{stem}.txt"
    lower = {name.lower() for name in taken}  # a file system may ignore case
    while found.lower() in lower:
        number += 1
        found = f"{FOLDER}/{stem}-{number}.txt"
    return found


def _listed(addresses: AddrSet) -> bytes:
    lines = [text for family in FAMILIES for text in prefix_texts(addresses.prefixes(family))]
    return "".join(f"{line}\n" for line in lines).encode()


def _policy(
    files: Sequence[Imported],
    selected: Sequence[str],
    protecting: Sequence[str],
    found: ImportFindings,
) -> str:
    key = "allow" if found.is_allow_list else "block"
    came = ", ".join(one.path.rpartition("/")[2] for one in files)
    title = "".join(c if c.isprintable() else "?" for c in f"Imported from {came}")[:200]
    lines = [
        "# Made by blockc import. What is in the files can go, a file at a time, where a country,",
        "# a group or a feed says the same: blockc list groups, blockc list sources.",
        "version = 1",
        "",
        f"[list.{LIST}]",
        f"title = {json.dumps(title, ensure_ascii=False)}",
        f"{key} = [{_selectors(selected)}]",
        "",
        "[protect]",
        f"never_block = [{_selectors(protecting)}]",
        *_guard(files, found),
        *_outputs(files),
    ]
    return "".join(f"{line}\n" for line in lines)


def _selectors(paths: Sequence[str]) -> str:
    return ", ".join(json.dumps(f"file:{path}") for path in paths)


def _guard(files: Sequence[Imported], found: ImportFindings) -> list[str]:
    """Return what lets the policy block prefixes as wide as were blocked."""
    if found.is_allow_list:
        return []
    widest = {family: _widest(family, files) for family in FAMILIES}
    if all(widest[family] >= _WIDEST[family.version] for family in FAMILIES):
        return []
    said = ", ".join(
        f"{family.name} = {min(widest[family], _WIDEST[family.version])}" for family in FAMILIES
    )
    return ["", "[guard]", f"widest_prefix = {{ {said} }}  # as wide as what is blocked today"]


def _widest(family: Family, files: Sequence[Imported]) -> int:
    lengths = [one.blocked.prefixes(family).length for one in files]
    return min((int(length.min()) for length in lengths if len(length)), default=family.width)


def _outputs(files: Sequence[Imported]) -> list[str]:
    """Return an output for each target that writes what was imported."""
    names = dict.fromkeys(
        FORMS[one.form].target if one.form in FORMS else one.form for one in files
    )
    lines = []
    for name in names:
        target = target_named(name)
        family = ".{family}" if target.layout is Layout.APART else ""
        lines += [
            "",
            f"[[output]]  # {target.title}",
            f'list = "{LIST}"',
            f'target = "{name}"',
            f'path = "{name}/{LIST}{family}.{target.ending}"',
        ]
    return lines


def _target(one: Imported) -> str:
    return FORMS[one.form].target if one.form in FORMS else one.form
