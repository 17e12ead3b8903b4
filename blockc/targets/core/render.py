"""Rules to files: the only door to jinja2.

What a template sees is `template_context`, and docs/templates.md. Loops and conditions are its
business; numbers are counted here.

Nothing is escaped, because nothing needs it: options match their patterns, addresses and words
are made by us, and header lines are printable and short. A user's template runs in a sandbox: it
can make text of what it is given and nothing else.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from itertools import islice
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

from blockc.errors import BlockcError, DefinitionError, Location, counted, suggestion
from blockc.targets.core.document import Document
from blockc.targets.core.layout import File
from blockc.targets.core.target import Target
from blockc.targets.core.template_context import names_of, template_context, top_names
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import Value

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_OWN = "<template>"  # what stands for the file of an operator's own
_MOST_WRITTEN = 1 << 30  # characters of a file; five million ranges in JSON are half of that
#: What an operator's own template may write and take, in all and for each entry.
_WRITTEN, _WRITTEN_EACH = 1 << 22, 1 << 9
_MEMORY, _MEMORY_EACH = 1 << 27, 1 << 10
_SECONDS, _IN_A_SECOND = 5, 30_000
_PIECES = 1 << 12  # that are joined at a time


def render(
    target: Target,
    draft: Document,
    path: str,
    templates: Mapping[str, Text],
    files: Sequence[File] | None = None,
) -> tuple[ArtifactFile, ...]:
    """Return the files of `draft` in the order of `target.files(path)`; see `render_each`.

    Args:
        path: Where the artifact goes, relative to the output folder.
        files: Those to write; all without.
    """
    return next(render_each(target, [(draft, path)], templates, files))


def render_each(
    target: Target,
    documents: Sequence[tuple[Document, str]],
    templates: Mapping[str, Text],
    files: Sequence[File] | None = None,
) -> Iterator[tuple[ArtifactFile, ...]]:
    """Yield the files of each document, which goes to a path.

    Args:
        templates: The text of every template `target` names; to use an operator's own, put it
            in place of ours.

    Raises:
        DoesNotFit: If the list exceeds a limit of the target.
        PolicyError: If the target cannot express a verdict, or the path asks what it cannot.
        DefinitionError: If a template is wrong, with its file and line.
    """
    every = []
    for document, path in documents:
        ours = target.files(path)
        main = ours[0].path
        every.append([_Writing(target, document, f, main, templates) for f in files or ours])
    texts = iter(_filled_confined([one for some in every for one in some if one.is_own]))
    for some in every:
        yield tuple(one.written(next(texts) if one.is_own else None) for one in some)


class _Writing(Value, eq=False):
    """One file that is written of a document; `main` is the path of the first of them."""

    target: Target
    document: Document
    file: File
    main: str
    templates: Mapping[str, Text]

    @property
    def template(self) -> Text:
        """Return its template, where no function writes it."""
        return self.templates[cast("str", self.file.writer)]

    @property
    def is_own(self) -> bool:
        """Return whether a template of the operator's writes it."""
        return not callable(self.file.writer) and not self.template.file

    @property
    def entries(self) -> int:
        """Return how many entries there are to write."""
        return sum(part.count for part in self.document.parts(self.target, self.file))

    def filled(self, hint: str = "") -> str:
        """Return what its template makes; see `_filled`."""
        most = _MOST_WRITTEN
        if self.is_own:
            most = min(most, _WRITTEN + self.entries * _WRITTEN_EACH)
        values = template_context(self.target, self.document, self.file, self.main)
        return _filled(self.template, values, most, hint)

    def written(self, text: str | None) -> ArtifactFile:
        """Return the file, made of the text if there is one already."""
        file = self.file
        if callable(file.writer):
            parts = self.document.parts(self.target, file)
            return ArtifactFile(file.path, file.writer(self.document, file, parts), file.families)
        whole = Text(file.path, self.filled() if text is None else text, file.families)
        try:
            return whole.encoded()
        except UnicodeEncodeError as wrong:
            code = f"U+{ord(whole.text[wrong.start]):04X}"
            said = f"it writes {code}, which is half of a character"
            raise _wrong(self.template, 0, said) from None


def fill(template: Text, values: Mapping[str, object]) -> str:
    """Return the text that a template of ours makes of values.

    Raises:
        DefinitionError: If the template is wrong, with its file and line.
    """
    return _filled(template, values, _MOST_WRITTEN, "")


def _filled_confined(writings: Sequence[_Writing]) -> list[str]:
    """Return what a template of the operator's makes, whatever that is.

    Raises:
        DefinitionError: It is wrong, or takes more than entries are worth, with its file and line.
    """
    if not writings:
        return []
    from blockc.targets.core.confined import Allowance, OverAllowance, confined

    template, entries = writings[0].template, sum(one.entries for one in writings)
    memory = _MEMORY + len(writings) * _WRITTEN + entries * _MEMORY_EACH
    allowed = Allowance(memory, _SECONDS + entries // _IN_A_SECOND)
    hint = (
        f"for {counted(entries, 'line')} of addresses it may take {memory >> 20:,} MB of memory "
        f"and {allowed.seconds} seconds: look for a loop or a filter that makes more than that"
    )
    compiled = _compiled(template)
    try:
        return confined(lambda: [one.filled(hint) for one in writings], allowed)
    except OverAllowance as wrong:
        lines = [line for name, line in wrong.places if name == _OWN]
        line = compiled.get_corresponding_lineno(lines[0]) if lines else 0
        raise _wrong(template, line, str(wrong), hint) from None


def _filled(template: Text, values: Mapping[str, object], most: int, hint: str) -> str:
    """Return the text that a template makes of values, of `most` characters.

    Args:
        hint: What helps where it takes more than it may.
    """
    try:
        return "".join(_bounded(_compiled(template).generate(values), most))
    except BlockcError:
        raise
    except Exception as error:  # noqa: BLE001  a template can raise anything a program can
        raise _at_template(template, error, hint) from None


class _TooLong(Exception):
    """A template writes more than it may."""


def _bounded(pieces: Iterator[str], most: int) -> Iterator[str]:
    """Yield the same text in larger pieces.

    Raises:
        _TooLong: It is longer than `most`, where the template wrote the last piece.
    """
    size = 0
    while some := list(islice(pieces, _PIECES)):
        text = "".join(some)
        size += len(text)
        if size > most:
            reason = _TooLong(f"it writes more than {most:,} characters")
            cast("Generator[str]", pieces).throw(reason)
        yield text


def import_jinja() -> None:
    """Import what fills templates: it takes as long as filling them, and nearly all builds do."""
    import jinja2.sandbox  # noqa: F401  it is imported again where it is used


@lru_cache(maxsize=64)
def _compiled(source: Text) -> "Template":
    from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, __version__
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

    # Ours are code of blockc: to ask about each name and call whether they may costs a third more.
    kind = Environment if source.file else ImmutableSandboxedEnvironment
    environment = kind(undefined=Unknown, **_SYNTAX)
    del environment.globals["lipsum"], environment.filters["random"]  # equal inputs, equal bytes
    environment.filters["tojson"] = _json  # jinja2's own writes ' as \\u0027, for HTML
    if not source.file:
        _compute_nothing_before(environment)
    try:
        code = _code(source, f"{__version__} {kind.__name__} {_SYNTAX}", environment.compile)
    except TemplateSyntaxError as error:
        raise _wrong(source, error.lineno, error.message or "syntax error") from None
    except Exception as error:  # noqa: BLE001  brackets within brackets, a thousand deep
        raise _at_template(source, error) from None
    return environment.template_class.from_code(environment, code, {**environment.globals})


def _compute_nothing_before(environment: "Environment") -> None:
    """Leave all values to the filling, also those that need nothing that is filled in."""
    from jinja2 import nodes
    from jinja2.compiler import CodeGenerator

    class Late(CodeGenerator):
        """Knows no constants but pieces of text."""

        def _output_child_to_const(self, node: Any, *words: Any) -> str:
            if not isinstance(node, nodes.TemplateData):
                raise nodes.Impossible
            return super()._output_child_to_const(node, *words)

    environment.optimized, environment.code_generator_class = False, Late


_SYNTAX: dict[str, Any] = {
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
    return make(source.text, source.path, _OWN)


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


def _at_template(template: Text, error: Exception, hint: str = "") -> DefinitionError:
    """Return the error with the last line of the template that was being filled."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == (template.file or _OWN):
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, MemoryError):
        return _wrong(template, line, "it takes too much memory", hint)
    reason = str(error) or type(error).__name__
    return _wrong(template, line, reason, hint if isinstance(error, _TooLong) else "")


def _wrong(template: Text, line: int, reason: str, hint: str = "") -> DefinitionError:
    reason = reason.rstrip(".")
    lines = template.text.split("\n")
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    at = Location(template.path, line, 0, shown)
    return DefinitionError(f"the template cannot be filled: {reason}", at=at, hint=hint)
