"""The files `blockc init` writes: texts from `templates/init/` with their gaps filled.

A gap is a word in capitals between two `@`. What fills it is spelled as the language of the file
wants it: a name that TOML, a shell, cron or systemd could act on is quoted or refused.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from blockc.errors import UsageError
from blockc.resources import templates_dir
from blockc.targets.core.target import Layout, Target
from blockc.values import Value

IGNORE = ".gitignore"
POLICY, SCHEMA = "blockc.toml", "blockc.schema.json"
LIST = "blocked"
#: Where each file goes, what it is made from, and what it is for.
FILES: Mapping[str, tuple[str, str]] = {
    POLICY: ("blockc.toml", "the policy"),
    "blockc.mk": ("blockc.mk", "for your Makefile"),
    "blockc-refresh.sh": ("blockc-refresh.sh", "the nightly refresh, used by both jobs"),
    ".github/workflows/blockc.yml": ("github.yml", "nightly job that opens a pull request"),
    ".gitlab/blockc.yml": ("gitlab.yml", "nightly job that opens a merge request"),
    "systemd/blockc.service": ("blockc.service", "nightly refresh on a machine"),
    "systemd/blockc.timer": ("blockc.timer", "its hour"),
    IGNORE: ("gitignore", "keeps what is made out of version control"),
    "blockc.cron": ("blockc.cron", "the same where there is no systemd"),
}
_INSTALLABLE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9._/@:+=%~-]*")
_GAP = re.compile(r"@([A-Z_]+)@")


class Scaffold(Value):
    """What the files are about.

    Attributes:
        folder: Where they go, absolute.
        selectors: What the policy blocks.
        targets: A target per output.
        program: The blockc that services run, absolute.
        user: Who owns the folder.
        install: What the jobs give to `pip install`.
    """

    folder: Path
    selectors: Sequence[str]
    targets: Sequence[Target]
    program: str
    user: str
    install: str

    def __post_init__(self) -> None:
        for path in (str(self.folder), self.program):
            odd = not path.isprintable() or path != path.rstrip()
            if odd or '"' in path or "\\" in path:
                raise UsageError(
                    f"systemd cannot be told of the path {path!r}",
                    hint="choose a folder without quotes, backslashes, control characters and a "
                    "blank at its end",
                )
        if not _INSTALLABLE.fullmatch(self.install):
            raise UsageError(
                f"--install {self.install!r} is not one word that pip and a shell read alike",
                hint="expected such as git+https://git.example.com/blockc@v1.2",
            )

    @property
    def gaps(self) -> Mapping[str, str]:
        """Return what fills each gap."""
        folder, program = str(self.folder), self.program
        return {
            "LIST": LIST,
            "BLOCK": ", ".join(map(json.dumps, self.selectors)),
            "OUTPUTS": "".join(map(_output, self.targets)),
            "INSTALL": self.install,
            "USER": self.user,
            "FOLDER": folder.replace("%", "%%"),
            "FOLDER_QUOTED": _systemd(folder),
            "BLOCKC": _systemd(program).replace("$", "$$"),
            "FOLDER_CRON": _cron(folder),
            "BLOCKC_CRON": _cron(program),
        }


def scaffold(project: Scaffold) -> dict[str, str]:
    """Return path -> text of every file but the schema."""
    gaps = project.gaps
    return {path: _filled(template, gaps) for path, (template, _) in FILES.items()}


def output_path(target: Target) -> str:
    """Return where an artifact of `target` goes: in a folder of its own, with the usual ending.

    >>> from blockc.targets.registry import target_named
    >>> output_path(target_named("nginx-geo"))
    'nginx-geo/blocked.conf'
    """
    family = ".{family}" if target.layout is Layout.APART else ""
    return f"{target.name}/{LIST}{family}.{target.ending}"


def _output(target: Target) -> str:
    said = f'list = "{LIST}"\ntarget = "{target.name}"\npath = "{output_path(target)}"\n'
    if not target.can_say(target.kind_of_list, "monitor"):
        said += '#until_block = "empty"  # goes with stages: no entry before the list blocks\n'
    return f"\n[[output]]  # {target.title}\n{said}"


def _filled(template: str, gaps: Mapping[str, str]) -> str:
    text = (templates_dir() / "init" / template).read_text(encoding="utf-8")
    return _GAP.sub(lambda gap: gaps[gap[1]], text).rstrip("\n") + "\n"


def _systemd(path: str) -> str:
    """Return a path as one word of a systemd unit."""
    word = path.replace("%", "%%")
    return f'"{word}"' if re.search(r"[^\w./%-]", word) else word


def _cron(path: str) -> str:
    """Return a path as one word of a command in a crontab, where `%` would end the line."""
    return shlex.quote(path).replace("%", r"\%")
