"""`blockc lookup`: whether an address is blocked, and the whole reason."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.console import show, show_json
from blockc.cli.input_options import PATH, InputCall, input_options, project
from blockc.cli.options import Settings, verb
from blockc.cli.progress import Stages
from blockc.errors import UsageError, os_reason, suggestion

if TYPE_CHECKING:
    from blockc.addresses.addrset import AddrSet
    from blockc.workspace.lookup.looking_back import AskedGeneration
    from blockc.workspace.project import ProjectDay
    from blockc.workspace.unchanged import BuildCheck

STDIN = "-"


class LookupCall(InputCall, kw_only=True):
    """What is asked, of which lists, and where what is published stands."""

    asked: tuple[str, ...]
    lists: tuple[str, ...]
    output: Path | None
    generation: str | None
    artifacts: bool | None
    exit_code: bool

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        if STDIN in self.asked and len(self.asked) > 1:
            raise UsageError("- reads standard input, and nothing else can be asked then")
        if self.at:
            self.inputs()
        if self.generation and (self.sample or self.folder or self.as_of or self.at):
            raise UsageError(
                "--generation answers from what was recorded, so it names its own data and moment",
                hint="leave out --sample, --from, --as-of and --at",
            )

    def time(self) -> tuple[datetime, datetime]:
        """Return the instant that --at names and the one after it, or those of a whole day.

        Raises:
            UsageError: It is neither a day nor an instant.
        """
        from blockc.tomlio.when import When

        try:
            found = When(date.fromisoformat(self.at or ""))
        except ValueError:
            at = InputCall.instant(self) or datetime.now(UTC)
            return at, at + timedelta(microseconds=1)
        return found.begin, found.end

    def instant(self) -> datetime | None:
        """Return the instant that decides: of a day it is the first."""
        return self.time()[0] if self.at else None

    @property
    def looks_back(self) -> bool:
        """Return whether a time is asked about that has begun, and no data of its own is named."""
        own = self.sample or self.folder
        return bool(self.at) and not own and self.time()[0] <= datetime.now(UTC)

    def place(self, policy: Path) -> Path:
        """Return the folder of what is published."""
        return self.output or policy.parent / "dist"

    def check(self, settings: Settings) -> "BuildCheck | None":
        """Return what tells whether kept answers still hold; None where none are kept.

        That is where a time or a generation is asked about, for lines of standard input, and for so
        many addresses that what is printed is laid out in another way.
        """
        from blockc.cli.views.answer import MANY

        if self.at or self.generation or self.many or len(self.asked) >= MANY:
            return None
        from blockc.workspace.unchanged import BuildCheck

        place = self.place(settings.file)
        return BuildCheck.before(settings.store, settings.file, place, self.inputs())

    @property
    def many(self) -> bool:
        """Return whether the questions come from standard input, a line each."""
        return STDIN in self.asked

    def text(self) -> tuple[str, bytes]:
        """Return what is asked, a line each, and what to call it."""
        if self.many:
            from blockc.storage.local import read_stdin

            try:
                return "standard input", read_stdin()
            except OSError as reason:
                said = f"cannot read standard input: {os_reason(reason)}"
                raise UsageError(said) from None
        return "the call", "".join(f"{one}\n" for one in self.asked).encode()


_AT = click.option(
    "--at",
    metavar="DAY|INSTANT",
    help="Of the past: what was published then. Of the future: what the policy of today will mean.",
)


@click.command("lookup")
@click.argument("asked", metavar="ADDRESS|PREFIX|RANGE|ASN...", nargs=-1, required=True)
@click.option("--list", "lists", metavar="NAME", multiple=True, help="Ask this list; repeatable.")
@partial(input_options, at=_AT)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder of what is published.  [default: dist beside the policy]",
)
@click.option(
    "--generation",
    metavar="NAME",
    help="Answer from the record of this generation: what was published, and why.",
)
@click.option(
    "--artifacts/--no-artifacts",
    default=None,
    help="Name the line of each artifact that decides.  [default: unless - is given]",
)
@click.option("--exit-code", is_flag=True, help="End with 1 unless all that is asked is blocked.")
@verb(LookupCall, shows=("file", "store", "offline", "json"))
def command(settings: Settings, asked: LookupCall) -> int:
    """Say whether addresses are blocked, and the whole reason.

    Takes addresses, prefixes, ranges and AS64500; with - one per line from standard input, and
    prints one line for each: what was asked, the verdict, the country, the list and why.

    Reads what `build` reads, and what is published. Writes nothing but into the store, from which
    the next addresses are answered as long as nothing has changed. Prints for each list its
    verdict, the entry of the policy that decides with its place, its owner and its end, what
    never_block spares, the registry's record with file and line, the row of a feed or file, the
    stage in force and the next, and for an address the line of each published artifact that
    decides. Of a prefix, a range or an AS it prints how much gets which verdict, and the pieces.

    With --at a day or an instant of the past the answer is that of the generation that was
    published then, from its record: its policy, its sources, its artifacts. Of a day it is the
    last one that was shown on it. --as-of asks what the policy of today means on another day.

    Nothing is refused because data is old, an exception ended or a canary came out wrong: the
    question why must have an answer then.

    \b
    Exit codes: 0 answered, 1 with --exit-code not blocked, 2 the call or the
    policy is wrong, 3 a source is missing or broken.
    """
    check = asked.check(settings)
    kept = _kept(settings, asked, check) if check else None
    if kept is not None:
        return kept
    from blockc.cli.views.answer_source import AnswerSource
    from blockc.cli.views.lookup import show_lookup
    from blockc.workspace.lookup.explaining import Detail, Explainer, asked_in

    day, folder, generation = _day(settings, asked)
    _require_lists(day, asked)
    questions = asked_in(*asked.text(), lambda number: _announced(day, number))
    looks = asked.artifacts if asked.artifacts is not None else not asked.many
    explainer = Explainer(day, folder if looks else None)
    detail = Detail.RECORDS if settings.json else Detail.VERDICTS
    if looks or not asked.many:
        detail = Detail.ALL
    found = explainer.explain(questions, asked.lists or None, detail)
    source = AnswerSource(day, generation, asked.at or "", published=explainer.published)
    show_lookup(settings, source, found, lines=asked.many)
    if check:
        from blockc.workspace.lookup.keeping import keep

        keep(check, day, explainer)
    return int(asked.exit_code and not all(one.answer.blocked for one in found))


def _kept(settings: Settings, asked: LookupCall, check: "BuildCheck") -> int | None:
    """Answer from what was kept, and return the exit code; None if that does not suffice."""
    from blockc.workspace.lookup.kept import KeptAnswers

    answers = KeptAnswers.of(check)
    folder = None if asked.artifacts is False else asked.place(settings.file)
    report = answers.report(asked.asked, asked.lists, folder) if answers else None
    if report is None:
        return None
    if settings.json:
        show_json(report)
    else:
        from blockc.cli.views.answer import show_answer

        for number, one in enumerate(report["asked"]):
            show("\n" * bool(number))
            show_answer(settings, report, one, unkept=False)
    return int(asked.exit_code and not all(one["blocked"] for one in report["asked"]))


def _day(
    settings: Settings, asked: LookupCall
) -> "tuple[ProjectDay, Path | None, AskedGeneration | None]":
    """Return the day that is asked about, where its artifacts are, and the generation, if any."""
    place, stages = asked.place(settings.file), Stages(settings)
    if not (asked.generation or asked.looks_back):
        from blockc.workspace.lookup.explaining import asked_day

        return asked_day(project(settings), asked.inputs(), stages), place, None
    from blockc.workspace.lookup.looking_back import asked_generation, shown_day

    if asked.generation:
        found = asked_generation(project(settings), place, asked.generation, stages)
    else:
        found = shown_day(project(settings), place, *asked.time(), stages)
    return found.day, found.files, found


def _require_lists(day: "ProjectDay", asked: LookupCall) -> None:
    known = [one.name for one in day.resolved.lists]
    for name in asked.lists:
        if name not in known:
            raise UsageError(
                f"no list {name!r}{suggestion(name, known)}", hint=f"known are {', '.join(known)}"
            )


def _announced(day: "ProjectDay", number: int) -> "AddrSet":
    feeds = day.resolved.matrix.selectors.data.feeds
    if feeds is None:
        raise UsageError("no source says what an AS announces")
    return feeds.asn([number])
