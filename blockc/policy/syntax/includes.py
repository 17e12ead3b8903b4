"""The files of one policy, read through `include`, with the variables of `[vars]` filled in."""

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any

from blockc.errors import Location, Mistakes, PolicyError, os_reason, suggestion
from blockc.policy.syntax.policy_tables import PolicyTable
from blockc.tomlio.tables import Findings, Place, TomlDocument, from_table
from blockc.values import Changing, Value, field

ReadFile = Callable[[str], bytes]
Variables = Mapping[str, str | tuple[str, ...]]
MAX_INCLUDES = 20  # files that include each other in a row
VARIABLE = re.compile(r"\$\{([^{}]*)\}")


class PolicyFile(Value):
    """One file of a policy: where it is, what it says, and the same as plain TOML."""

    place: Place
    table: PolicyTable
    raw: Mapping[str, Any]


class _Includes(Changing):
    """The files met so far, by path."""

    read_file: ReadFile
    findings: Findings
    raw: dict[str, tuple[Place, dict[str, Any]]] = field(default_factory=dict)

    def add(self, document: TomlDocument, including: tuple[str, ...]) -> None:
        table = document.table(PolicyError)
        place = Place(document)
        self.raw[document.path] = (place, table)
        wanted = table.get("include", ())
        for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
            if isinstance(name, str):
                self.include(place / "include" / index, name, (*including, document.path))

    def include(self, place: Place, name: str, including: tuple[str, ...]) -> None:
        path = beside(place.document, name)
        if path in including:
            chain = " -> ".join([*including, path])
            self.findings.add(place, f"{path} includes itself", hint=chain)
        elif path not in self.raw and len(including) >= MAX_INCLUDES:
            said = f"includes are more than {MAX_INCLUDES} deep"
            hint = f"include {path} from the first file"
            self.findings.add(place, said, hint=hint)
        elif path not in self.raw:
            self.read(path, place, name, including)

    def read(self, path: str, place: Place, name: str, including: tuple[str, ...]) -> None:
        try:
            text = text_of(path, read_beside(place, name, self.read_file))
            self.add(TomlDocument(path, text), including)
        except PolicyError as mistake:
            self.findings.add_error(place, mistake)
        except Mistakes as found:
            self.findings.add_error(Place(TomlDocument(path, "")), found.errors[0])


def read_includes(
    document: TomlDocument, read_file: ReadFile, findings: Findings
) -> tuple[tuple[PolicyFile, ...], Variables]:
    """Return `document` and every file it includes, in order of path, and their variables."""
    includes = _Includes(read_file, findings)
    includes.add(document, ())
    files = [includes.raw[path] for path in sorted(includes.raw)]
    variables = _variables(files, findings)
    return tuple(_policy_file(place, raw, variables, findings) for place, raw in files), variables


def beside(document: TomlDocument, path: str) -> str:
    """Return the path of a file that `document` names from its own folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(document.path), path))


def read_beside(place: Place, name: str, read_file: ReadFile) -> bytes:
    """Return the bytes of a file that the document of `place` names.

    Raises:
        PolicyError: At `place`, if it cannot be read.
    """
    path = beside(place.document, name)
    try:
        return read_file(path)
    except OSError as reason:
        said = os_reason(reason)
        raise PolicyError(f"cannot read {path}: {said}", at=place.location(name)) from None


def text_of(path: str, data: bytes) -> str:
    """Return `data` as text.

    Raises:
        PolicyError: It is UTF-16, or else at the first line that is not UTF-8.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        hint = "save it as UTF-8"
        raise PolicyError("UTF-16 text, expected UTF-8", at=Location(path), hint=hint)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as reason:
        line = data.count(b"\n", 0, reason.start) + 1
        at = Location(path, line)
        raise PolicyError("not UTF-8 text", at=at, hint="save it as UTF-8") from None


def _variables(files: list[tuple[Place, dict[str, Any]]], findings: Findings) -> Variables:
    found: dict[str, str | tuple[str, ...]] = {}
    for place, raw in files:
        table = raw.get("vars")
        for name, value in table.items() if isinstance(table, dict) else ():
            here = place / "vars" / name
            if name in found:
                findings.add_name(here, f"variable {name!r} is set twice")
            found[name] = tuple(map(str, value)) if isinstance(value, list) else str(value)
            if "${" in str(value):
                findings.add(here, "a variable cannot use variables", hint="write the value out")
                found[name] = ()
    return found


def _policy_file(
    place: Place, raw: dict[str, Any], variables: Variables, findings: Findings
) -> PolicyFile:
    if "version" not in raw:
        findings.add_missing(place / "version", hint="write version = 1 as the first line")
    text = place.document.text
    filled: Mapping[str, Any] = raw
    if "${" in text or "\\" in text:  # an escape may spell a variable
        filled = {
            key: value if key == "vars" else _filled(value, place / key, variables, findings)
            for key, value in raw.items()
        }
    return PolicyFile(place, from_table(PolicyTable, filled, place, findings), filled)


def _filled(value: Any, place: Place, variables: Variables, findings: Findings) -> Any:
    """Return `value` with every `${name}` in its texts replaced."""
    if isinstance(value, dict):
        return {k: _filled(v, place / k, variables, findings) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, place / n, variables, findings) for n, v in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    return VARIABLE.sub(lambda found: _value(found, place, variables, findings), value)


def _value(found: re.Match[str], place: Place, variables: Variables, findings: Findings) -> str:
    value = variables.get(found[1])
    if value is None:
        hint = suggestion(found[1], variables).removeprefix("; ") or "set it in [vars]"
        findings.add(place, f"unknown variable {found[1]!r}", hint=hint, part=found[0])
    elif isinstance(value, tuple):
        if found[0] == found.string and isinstance(place.key[-1], int):
            return found[0]  # a list in a list: whoever reads the entries puts it in their place
        findings.add(place, f"variable {found[1]!r} is a list", hint="use it as a whole entry")
    return value if isinstance(value, str) else ""
