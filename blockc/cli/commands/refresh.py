"""`blockc refresh`: the nightly job, from new data to reloaded servers."""

import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from blockc.cli.commands.build import BuildCall, publish_and_tell
from blockc.cli.commands.generations import now
from blockc.cli.commands.update import UpdateCall, update_and_tell
from blockc.cli.console import info, print_error, show, show_json, warn
from blockc.cli.input_options import PATH, InputCall, input_options, project
from blockc.cli.options import Settings, verb
from blockc.cli.progress import Stages
from blockc.errors import BlockcError, OutputError, UsageError, printable

if TYPE_CHECKING:
    from blockc.compiler.compile import Build
    from blockc.workspace.project import ProjectDay

Result = TypeVar("Result")


class RefreshCall(InputCall, kw_only=True):
    """What to refresh, and whom to tell."""

    output: Path | None
    summary: Path | None
    metrics: Path | None
    strict: bool

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        if self.as_of or self.at:
            said = "a refresh is for today"
            raise UsageError(said, hint="`blockc build --as-of` builds for another day")

    @property
    def fetches(self) -> bool:
        """Return whether sources are fetched: not where somebody says which data to use."""
        return not (self.sample or self.folder or self.locked)

    def build(self) -> BuildCall:
        """Return the build of this refresh."""
        return BuildCall(
            sample=self.sample,
            folder=self.folder,
            locked=self.locked,
            as_of=None,
            at=None,
            allow_expired=self.allow_expired,
            output=self.output,
            publish_as_of=False,
            dry_run=False,
            keep_failed=None,
            rebuild=False,
            depfile=None,
            depfile_target=None,
            accept=None,
            by=None,
            reason=None,
        )


@click.command("refresh")
@input_options
@click.option(
    "-o", "--output", type=PATH, help="Folder to publish.  [default: dist beside the policy]"
)
@click.option("--summary", type=PATH, metavar="FILE", help="Write the summary as Markdown.")
@click.option(
    "--metrics", type=PATH, metavar="FILE", help="Write metrics for Prometheus' node exporter."
)
@click.option("--strict", is_flag=True, help="End with 3 where a source could not be fetched.")
@verb(RefreshCall, shows=("file", "store", "offline", "json", "quiet", "verbose"))
def command(settings: Settings, asked: RefreshCall) -> int:
    """Do all that a night needs: update, build, publish, reload, and say what came of it.

    Fetches the sources as `blockc update` does (not with --locked, --from or --sample), builds and
    publishes as `blockc build` does, with its guard and its look ahead, and then runs on_change of
    each output whose files changed. Before anything is published the real programs that are
    installed read each artifact that changed, as with `blockc verify --native`: if one refuses it,
    nothing is published. [guard] native = "off" asks none.

    New data that is refused or cannot be fetched leaves the source its last good data, and the
    build is made all the same: a stage begins on its day also in a night without data. If a
    command of on_change fails, the generation before is published again.

    Plans that revoke keys are made too, as `blockc revoke` does, if the policy has any; what is
    wrong with them keeps nothing else from being done, and the other way round.

    A command that was not run, or failed, is run by the next refresh, also where nothing changed.
    The history says what was reloaded. The webhook that [refresh] of the policy names gets the
    summary.

    Reads what `update` and `build` read. Writes what they write, the files of --summary and
    --metrics, and into the store what `blockc lookup` would say that day of each address. Prints
    their tables and the summary.

    \b
    Exit codes: 0 done, 2 somebody must act, or a command of on_change failed,
    3 a source has no data, 4 a change or new data needs approval, 5 a target's
    limit is exceeded or its program refuses a file, 70 an artifact does not
    mean what the policy says. Of several the one of the build comes first, then
    those of on_change and of the keys.
    """
    run, tried = _Run(settings), _Tried(asked.build().place(settings.file))
    update = run.step("update", lambda: _update(settings, asked, run)) if asked.fetches else None
    publishing = asked.build()
    build = run.step(
        "build", lambda: publish_and_tell(settings, publishing, wanted=True, ready=tried)
    )
    reload = run.step("reload", lambda: _reload(settings, asked, run)) if build else None
    lists = run.step("build", lambda: _lists(settings, asked)) if build else None
    revoke = run.step("revoke", lambda: _plans(settings)) if _has_plans(settings) else None
    report = {
        "at": now().isoformat(timespec="seconds"),
        "exit_code": run.exit_code,
        "generation": _shown(settings, asked),
        "update": update,
        "build": build,
        "programs": tried.report,
        "reload": reload,
        "revoke": revoke,
        "lists": lists or [],
        "failures": run.failures,
    }
    code = _tell(settings, asked, report)
    if build:
        _keep_answers(settings, asked)
    return code


class _Tried:
    """Asks the real programs before a build is published, and keeps what they said."""

    def __init__(self, folder: Path) -> None:
        self.report: list[dict[str, str]] = []
        self._folder = folder

    def __call__(self, day: "ProjectDay", build: "Build", stages: Stages) -> None:
        from blockc.workspace.trials import require_taken, try_changed

        if day.resolved.policy.guard.native == "off":
            return
        trials = try_changed(build, self._folder, stages)
        self.report = [
            {
                "output": one.spec.output.path,
                "file": one.path,
                "target": one.spec.target.name,
                "answer": str(one.outcome.answer),
                "said": one.outcome.reason,
            }
            for one in trials
        ]
        require_taken(trials, day, build, self._folder, now())


class _Run:
    """The failures of a refresh: one step failing does not keep the others from being tried."""

    def __init__(self, settings: Settings) -> None:
        self.failures: list[dict[str, Any]] = []
        self._settings = settings

    def step(self, name: str, work: Callable[[], Result]) -> Result | None:
        """Return what a step returns, None if it failed; its failure is said at once."""
        try:
            return work()
        except BlockcError as failure:
            self.failed(name, failure)
            return None

    def failed(self, step: str, failure: BlockcError) -> None:
        """Keep a failure, and say it unless another step has: all of them read the policy."""
        errors = getattr(failure, "errors", (failure,))
        said = "; ".join(str(one).partition("\n")[0] for one in errors)
        if said not in (one["error"] for one in self.failures):
            print_error(failure, as_json=self._settings.json)
        self.failures.append({"step": step, "exit_code": failure.exit_code, "error": said})

    @property
    def exit_code(self) -> int:
        """Return the exit code of the failure that matters most; 0 without any."""
        from blockc.workspace.refresh_report import STEPS

        found = sorted(self.failures, key=lambda one: STEPS.index(one["step"]))
        return found[0]["exit_code"] if found else 0


def _update(settings: Settings, asked: RefreshCall, run: _Run) -> dict[str, object]:
    call = UpdateCall(sources=(), force=False, dry_run=False, accept=(), strict=asked.strict)
    done, report = update_and_tell(settings, call)
    from blockc.workspace.refresh import note_refused

    note_refused(asked.build().place(settings.file), done.outcomes, now)
    try:
        done.require_fit()
        done.require_current(strict=asked.strict and not settings.offline)
    except BlockcError as failure:
        run.failed("update", failure)
    return report


def _reload(settings: Settings, asked: RefreshCall, run: _Run) -> dict[str, object]:
    from blockc.workspace.refresh import reload_changed

    place = asked.build().place(settings.file)
    done = reload_changed(project(settings).policy(), place, now)
    for one in done.runs:
        words = printable(shlex.join(one.words))
        if not one.failure:
            info(settings, f"{words}: done in {one.seconds:.1f} s")
            continue
        for line in one.said:
            warn(f"{words}: {line}")
    for one in done.failed[:1]:
        went = f"generation {done.back_to} is shown again" if done.back_to else done.failure
        said = f"{printable(shlex.join(one.words))} {one.failure}; {went}"
        hint = f"mend that, then run `blockc refresh`; it was run for {', '.join(one.outputs)}"
        run.failed("reload", OutputError(said, hint=hint))
    return {
        "runs": [
            {
                "command": list(one.words),
                "outputs": list(one.outputs),
                "failure": one.failure,
                "said": list(one.said),
                "seconds": round(one.seconds, 3),
            }
            for one in done.runs
        ],
        "back_to": done.back_to,
        "failure": done.failure,
    }


def _has_plans(settings: Settings) -> bool:
    """Return whether the policy has plans that revoke keys."""
    try:
        return bool(project(settings).policy().revokes)
    except BlockcError:
        return False  # what is wrong with it was said


def _plans(settings: Settings) -> dict[str, object]:
    """Publish the plans that revoke keys: a stage may have begun."""
    from blockc.cli.commands.revoke import again, plans_folder
    from blockc.cli.views.revoke import revoke_errors, revoke_report
    from blockc.workspace.audit.planning import plan_keys
    from blockc.workspace.audit.revoking import KeysNotApproved, forgotten_keys, publish_keys

    place, moment = plans_folder(None, settings.file), now()
    day = plan_keys(project(settings), moment)
    for text in forgotten_keys(day, place):
        warn(text)
    try:
        published, found = publish_keys(day, place, moment)
    except KeysNotApproved as refused:
        raise revoke_errors(refused, again(settings)) from None
    return revoke_report(day, published, found, None)


def _lists(settings: Settings, asked: RefreshCall) -> list[dict[str, Any]]:
    from blockc.workspace.refresh_report import lists_report

    return lists_report(project(settings).on(asked.inputs()).resolved)


def _keep_answers(settings: Settings, asked: RefreshCall) -> None:
    """Let `blockc lookup` answer at once tomorrow morning; the night is as good without that."""
    from blockc.workspace.lookup.keeping import keep_all

    place = asked.build().place(settings.file)
    with suppress(BlockcError), Stages(settings)("keep answers for look-ups", str(place)):
        keep_all(project(settings), place, asked.inputs())


def _shown(settings: Settings, asked: RefreshCall) -> str:
    """Return the generation that is shown now; nothing if none is."""
    from blockc.publish.generations import history_of

    try:
        return history_of(asked.build().place(settings.file))[1]
    except BlockcError:
        return ""


def _tell(settings: Settings, asked: RefreshCall, report: dict[str, Any]) -> int:
    """Tell everybody who wants to know, and return the exit code: it is bad if that fails."""
    from blockc.cli.views.refresh import headline, summary_lines, summary_markdown
    from blockc.report.metrics import metrics_text
    from blockc.workspace.refresh_report import refresh_metrics

    code = int(report["exit_code"])
    try:
        if asked.summary:
            _write(asked.summary, summary_markdown(report))
        if asked.metrics:
            metrics = refresh_metrics(report, now(), _text(asked.metrics))
            _write(asked.metrics, metrics_text(metrics))
    except BlockcError as failure:
        print_error(failure, as_json=settings.json)
        code = code or failure.exit_code
    lines = [headline(report), *summary_lines(report)]
    unsent = _sent(settings, {"text": "\n".join(lines), "report": report})
    if unsent:
        warn(f"the webhook was not told: {unsent}")
    if settings.json:
        show_json(report)
    elif not settings.quiet:
        show("".join(f"{printable(line)}\n" for line in lines))
    return code


def _write(path: Path, text: str) -> None:
    from blockc.storage.atomic import write_files

    write_files({path: text.encode()})


def _text(path: Path) -> str:
    """Return the metrics of the run before, nothing if there are none."""
    from blockc.storage.local import read_local

    try:
        return read_local(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _sent(settings: Settings, message: dict[str, Any]) -> str:
    """Tell the webhook of the policy, if there is one; return why it was not told, or nothing."""
    try:
        name = project(settings).policy().webhook_env
    except BlockcError:
        return ""  # which was said
    if not name:
        return ""
    if settings.offline:
        return "--offline"
    url = os.environ.get(name, "").strip()
    if not url:
        return f"the environment has no {name}"
    from blockc.fetch.webhook import tell

    return tell(url, message)
