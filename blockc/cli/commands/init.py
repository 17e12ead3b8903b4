"""`blockc init`: a policy to begin with, and what builds it every night."""

import json
import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from blockc import __version__
from blockc.cli.console import already_done, info, show_json, show_table
from blockc.cli.options import Settings, verb
from blockc.errors import BlockcError, Location, Mistakes, OutputError, PolicyError
from blockc.resources import schemas_dir
from blockc.values import Value

if TYPE_CHECKING:  # what knows the targets is imported when files are written, not for --help
    from blockc.targets.core.target import Target

DEFAULT_BLOCK = "group:us-ofac-comprehensive"
DEFAULT_TARGET = "nginx-geo"
VENDOR = "vendor"
PROGRAM = "/usr/local/bin/blockc"


class InitCall(Value, kw_only=True):
    """Where the files go, and what the policy begins with."""

    folder: Path
    country: tuple[str, ...]
    target: tuple[str, ...]
    install: str
    force: bool


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--country", multiple=True, metavar="CC", help="Block this country; repeatable.")
@click.option(
    "--target",
    multiple=True,
    metavar="NAME",
    help=f"Write for this target; repeatable.  [default: {DEFAULT_TARGET}]",
)
@click.option(
    "--install",
    default="",
    metavar="WHAT",
    help="What the jobs give to pip install, such as git+https://HOST/PATH.  "
    "[default: where this blockc came from]",
)
@click.option("--force", is_flag=True, help="Overwrite what is in the way.")
@verb(InitCall)
def command(settings: Settings, asked: InitCall) -> None:
    """Write a policy to begin with, and what builds it every night.

    Reads nothing and asks nothing. Writes into DIR, or the working folder: blockc.toml with its
    JSON Schema for editors, blockc.mk to include from a Makefile, blockc-refresh.sh with a GitHub
    and a GitLab job that open a change every night with the difference as text, a systemd service
    and timer, a cron line, and a .gitignore where there is none. Prints the files.

    \b
    Exit codes: 0 done, 2 a file is in the way, cannot be written, or a country
    or target does not exist. No file is written then.
    """
    from blockc.cli.scaffold import IGNORE, SCHEMA, Scaffold, scaffold
    from blockc.storage.atomic import write_files

    folder = asked.folder.absolute()
    wrong: list[BlockcError] = []
    selectors = _selectors(settings, asked.country, wrong)
    targets = _targets(asked.target, wrong)
    if wrong:
        raise Mistakes(wrong)
    install, advice = (asked.install, "") if asked.install else _origin(folder)
    project = Scaffold(
        folder=folder,
        selectors=selectors,
        targets=targets,
        program=_program(),
        user=_owner(folder),
        install=install,
    )
    texts = scaffold(project)
    texts[SCHEMA] = (schemas_dir() / "policy.schema.json").read_text(encoding="utf-8")
    if os.path.lexists(folder / IGNORE):
        del texts[IGNORE]  # it is the operator's; what belongs into it is said below
    if not asked.force:
        _require_free(asked.folder, sorted(texts))
    write_files({asked.folder / path: text.encode() for path, text in texts.items()})
    with already_done("the files were written"):
        _tell(settings, asked.folder, sorted(texts))
    if advice:
        info(settings, advice)


def _targets(names: Sequence[str], wrong: list[BlockcError]) -> "list[Target]":
    """Return the targets to write for, each once; what is not a target goes into `wrong`."""
    from blockc.targets.registry import target_named

    found = []
    for name in dict.fromkeys(names or [DEFAULT_TARGET]):
        try:
            found.append(target_named(name))
        except BlockcError as mistake:
            wrong.append(mistake)
    return found


def _selectors(settings: Settings, countries: Sequence[str], wrong: list[BlockcError]) -> list[str]:
    """Return what is to be blocked; every word that is not a country goes into `wrong`."""
    from blockc.policy.syntax.selectors import CountrySelector, note_on, parse_selector

    found: list[str] = []
    for word in countries:
        try:
            selector = parse_selector(word)
            if not isinstance(selector, CountrySelector):
                hint = "write it into the policy afterwards"
                raise PolicyError(f"--country {word!r} is not a country", hint=hint)
        except PolicyError as mistake:
            wrong.append(mistake)
            continue
        if note_on(word):
            info(settings, note_on(word))
        found.append(selector.code)
    return list(dict.fromkeys(found)) or [DEFAULT_BLOCK]


def _program() -> str:
    """Return the blockc that runs now, where a service finds it."""
    beside = Path(sys.executable).with_name("blockc")
    return str(beside) if beside.is_file() else shutil.which("blockc") or PROGRAM


def _origin(folder: Path) -> tuple[str, str]:
    """Return what installs the blockc that runs now, and what there is to do for that.

    A blockc from an index is known there by its version, one from a repository or a server by its
    url. A wheel or a checkout on this machine can only be installed elsewhere if it goes with the
    policy. Source: the record of where a package came from, PEP 610.
    """
    url, vcs = _direct_url()
    if url.startswith("file:"):
        path = Path(unquote(urlsplit(url).path))
        wheel = f"./{VENDOR}/blockc-{__version__}-py3-none-any.whl"
        made = shlex.join(["pip", "wheel", "--no-deps", "-w", str(folder / VENDOR), str(path)])
        return wheel, f"the jobs install {wheel}; make it with: {made}"
    if vcs:
        return f"{vcs['vcs']}+{url}@{vcs['commit_id']}", ""
    return url or f"blockc=={__version__}", ""


def _direct_url() -> tuple[str, Mapping[str, str]]:
    """Return the url blockc was installed from, if any, and what a version control says of it."""
    checkout = Path(__file__).parents[3]
    if (checkout / "setup.cfg").is_file():
        return checkout.as_uri(), {}
    text = distribution("blockc").read_text("direct_url.json")
    said = json.loads(text) if text else {}
    return said.get("url", ""), said.get("vcs_info", {})


def _owner(folder: Path) -> str:
    """Return the name of the user who owns `folder`, or who is to create it."""
    number = folder.stat().st_uid if folder.exists() else os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _require_free(folder: Path, paths: Sequence[str]) -> None:
    """Raise Mistakes naming every file that is in the way."""
    taken = [path for path in paths if os.path.lexists(folder / path)]
    if taken:
        hint = "move it away, or overwrite all with --force"
        raise Mistakes(
            [
                OutputError("is there already", at=Location(str(folder / p)), hint=hint)
                for p in taken
            ]
        )


def _tell(settings: Settings, folder: Path, paths: Sequence[str]) -> None:
    from blockc.cli.scaffold import FILES, IGNORE, POLICY, SCHEMA

    if settings.json:
        show_json({"folder": str(folder), "files": list(paths)})
    elif not settings.quiet:
        purposes = {SCHEMA: "for editors: completes and checks the policy"}
        purposes |= {path: purpose for path, (_, purpose) in FILES.items()}
        rows = [(str(folder / path), purposes[path]) for path in paths]
        show_table(settings, "Written", ["file", "what it is"], rows)
    policy = shlex.quote(str(folder / POLICY))
    info(settings, f"next: read {policy}, then try `blockc build --sample -f {policy}`")
    if IGNORE not in paths:
        info(settings, "keep out of version control, in .gitignore: /dist/ /.blockc/")
