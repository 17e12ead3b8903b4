"""Rules to files: the only door to jinja2.

What a template sees is `template_context`, and docs/templates.md. Loops and conditions are its
business; numbers are counted here.

Nothing is escaped, because nothing needs it: options match their patterns, addresses and words
are made by us, and header lines are printable and short. A user's template runs in a sandbox: it
can make text of what it is given and nothing else.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from itertools import islice
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

from blockc.errors import BlockcError, DefinitionError, Location, suggestion
from blockc.targets.core.document import Document
from blockc.targets.core.layout import File
from blockc.targets.core.target import Target
from blockc.targets.core.template_context import names_of, template_context, top_names
from blockc.targets.syntax.tokens import ArtifactFile, Text

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_WRITTEN = 1 << 30  # characters of a file; five million ranges in JSON are half of that
_MOST_BITS = 1 << 12  # of a power
_PIECES = 1 << 12  # that are joined at a time


def render(
    target: Target,
    draft: Document,
    path: str,
    templates: Mapping[str, Text],
    files: Sequence[File] | None = None,
) -> tuple[ArtifactFile, ...]:
    """Return the files of `draft` in the order of `target.files(path)`.

    Args:
        path: Where the artifact goes, relative to the output folder.
        templates: The text of every template `target` names; to use an operator's own, put it
            in place of ours.
        files: Those to write; all without.

    Raises:
        DoesNotFit: If the list exceeds a limit of the target.
        PolicyError: If the target cannot express a verdict, or the path asks what it cannot.
        DefinitionError: If a template is wrong, with its file and line.
    """
    every = target.files(path)
    wanted = every if files is None else files
    return tuple(_written(target, draft, file, every[0].path, templates) for file in wanted)


def _written(
    target: Target, draft: Document, file: File, main: str, templates: Mapping[str, Text]
) -> ArtifactFile:
    if callable(file.writer):
        data = file.writer(draft, file, draft.parts(target, file))
        return ArtifactFile(file.path, data, file.families)
    template = templates[file.writer]
    text = Text(file.path, _filled(target, draft, file, main, template), file.families)
    try:
        return text.encoded()
    except UnicodeEncodeError as wrong:
        code = f"U+{ord(text.text[wrong.start]):04X}"
        raise _wrong(template, 0, f"it writes {code}, which is half of a character") from None


def _filled(target: Target, draft: Document, file: File, main: str, template: Text) -> str:
    return fill(template, template_context(target, draft, file, main))


def fill(template: Text, values: Mapping[str, object]) -> str:
    """Return the text that a template makes of values.

    Raises:
        DefinitionError: If the template is wrong, with its file and line.
    """
    try:
        return "".join(_bounded(_compiled(template).generate(values)))
    except BlockcError:
        raise
    except Exception as error:  # noqa: BLE001  a template can raise anything a program can
        raise _at_template(template, error) from None


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the same text in larger pieces.

    Raises:
        OverflowError: It does not end: some loops within each other fill every memory.
    """
    size = 0
    while some := list(islice(pieces, _PIECES)):
        text = "".join(some)
        size += len(text)
        if size > _MOST_WRITTEN:
            raise _too_much()
        yield text


def _too_much() -> OverflowError:
    return OverflowError(f"it writes more than {_MOST_WRITTEN:,} characters")


@lru_cache(maxsize=64)
def _compiled(source: Text) -> "Template":
    from jinja2 import StrictUndefined, TemplateSyntaxError, __version__
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import missing

    class Unknown(StrictUndefined):
        """A name that is not there; the message says which are."""

        @property
        def _undefined_message(self) -> str:
            said, inside = super()._undefined_message, self._undefined_obj
            known = top_names() if inside is missing else names_of(inside)
            if self._undefined_hint or not known:
                return said
            name = str(self._undefined_name)
            if inside is not missing:
                said = f"{type(inside).__name__.removeprefix('Template')} has no {name!r}"
            near = suggestion(name, known)
            return f"{said}{near}; there are {', '.join(sorted(known))}"

    class Bounded(ImmutableSandboxedEnvironment):
        """A sandbox in which a product or a power is no more than a file may hold."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            thing, times = (left, right) if isinstance(right, int) else (right, left)
            repeats = isinstance(times, int) and hasattr(thing, "__len__")
            if operator == "*" and repeats and len(thing) * times > _MOST_WRITTEN:
                raise _too_much()
            is_power = operator == "**" and isinstance(left, int) and isinstance(right, int)
            if is_power and left.bit_length() * right > _MOST_BITS:
                raise OverflowError(f"a power of more than {_MOST_BITS:,} bits")
            return super().call_binop(context, operator, left, right)

    environment = Bounded(undefined=Unknown, **_SYNTAX)
    del environment.globals["lipsum"], environment.filters["random"]  # equal inputs, equal bytes
    environment.filters["tojson"] = _json  # jinja2's own writes ' as \\u0027, for HTML
    try:
        code = _code(source, f"{__version__} {_SYNTAX}", environment.compile)
    except TemplateSyntaxError as error:
        raise _wrong(source, error.lineno, error.message or "syntax error") from None
    return environment.template_class.from_code(environment, code, {**environment.globals})


_SYNTAX = {
    "autoescape": False,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
}
_Compile = Callable[[str, str, str], CodeType]  # from a text, its name and that of its file


def _code(source: Text, compiler: str, make: _Compile) -> CodeType:
    """Return the code of a template; that of a shipped one may have been kept.

    Args:
        compiler: What the code depends on besides the text and Python.
        make: Compiles it.
    """
    if source.file:
        loader = _TemplateLoader(source, compiler, make)
        with suppress(EOFError, TypeError, ValueError):  # a full disk cut short what was kept
            return cast("CodeType", loader.get_code(source.path))
    return make(source.text, source.path, source.file or source.path)


class _TemplateLoader(SourceFileLoader):
    """Brings the code of a template as Python brings that of a module.

    What was compiled stays in `__pycache__` beside the file, where Python may write there, and is
    believed as Python believes its own; but by a digest of the text, and not by time and size.
    """

    def __init__(self, source: Text, compiler: str, make: _Compile) -> None:
        super().__init__(source.path, source.file)
        self._source, self._make, self._text = source, make, source.text.encode()
        self._digest = hashlib.sha256(compiler.encode() + self._text).digest()

    def path_stats(self, _path: str) -> dict[str, int]:
        """Return what must stand in what was kept, a digest in the place of the time."""
        return {"mtime": int.from_bytes(self._digest[:4], "little"), "size": len(self._text)}

    def get_data(self, path: str) -> bytes:
        """Return the text, or what was kept of it."""
        return self._text if path == self.path else super().get_data(path)

    def source_to_code(self, *_: Any, **__: Any) -> CodeType:  # type: ignore[override]
        """Return the code, compiled anew."""
        return self._make(self._source.text, self._source.path, self._source.file)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _at_template(template: Text, error: Exception) -> DefinitionError:
    """Return the error with the last line of the template that was being filled."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == (template.file or template.path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return _wrong(template, line, str(error) or type(error).__name__)


def _wrong(template: Text, line: int, reason: str) -> DefinitionError:
    reason = reason.rstrip(".")
    lines = template.text.split("\n")
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    at = Location(template.path, line, 0, shown)
    return DefinitionError(f"the template cannot be filled: {reason}", at=at)
