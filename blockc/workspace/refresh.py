"""After a build: what reads the artifacts is told, and if that fails all goes back."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from blockc.errors import BlockcError
from blockc.fetch.update.decision import SourceOutcome
from blockc.policy.model import Hook, Output, Policy
from blockc.publish.events import RELOAD_FAILED, RELOADED
from blockc.publish.generations import append_event, history_of, rollback
from blockc.publish.history import REFUSED
from blockc.publish.past import told
from blockc.publish.place import PublishFolder
from blockc.values import Value
from blockc.workspace.hooks import HookRun, run_hook
from blockc.workspace.receipts import Receipts, read_receipts

BY = "blockc refresh"
Now = Callable[[], datetime]


def note_refused(folder: Path, outcomes: Iterable[SourceOutcome], now: Now) -> None:
    """Put into the history of a folder which new data of sources was refused, each once.

    What is refused again the next night is the same event. A folder into which nothing was ever
    published has no history.

    Raises:
        OutputError: The history cannot be read or written.
    """
    refused = [one for one in outcomes if one.refused]
    if not (refused and PublishFolder.of(folder).live()):
        return
    told_before = {
        facts["source"]: facts["digest"]
        for event, facts in told(history_of(folder)[0])
        if event.event == REFUSED and "source" in facts
    }
    for one in refused:
        digest = one.refused.sha256 if one.refused else ""
        if told_before.get(one.source.name) != digest:
            said = one.problems[-1] if one.problems else ""
            facts = {"source": one.source.name, "digest": digest, "said": said}
            append_event(folder, REFUSED, facts, now())


class Reloaded(Value):
    """What came of telling those that read the artifacts.

    Attributes:
        runs: Every command that was run, in order, those after going back too.
        back_to: The generation that is shown again because a command failed; nothing if none did,
            or there was none to go back to.
        failure: Why it could not go back; nothing if it did, or had not to.
    """

    runs: tuple[HookRun, ...] = ()
    back_to: str = ""
    failure: str = ""

    @property
    def failed(self) -> tuple[HookRun, ...]:
        """Return the commands that failed."""
        return tuple(one for one in self.runs if one.failure)


def reload_changed(policy: Policy, folder: Path, now: Now) -> Reloaded:
    """Run what the policy wants run for each output whose files were not taken over yet.

    What was taken over stands in the history, so a command that never ran, because the machine
    stopped or because it failed, is run the next time. If one fails, the generation before is
    shown again, and those that took the new one over are told once more.

    Args:
        policy: The policy that was published.
        folder: What a build publishes.
        now: Returns the present.

    Raises:
        OutputError: The history cannot be read or written.
    """
    runs = list(_told(policy, folder, now))
    failed = next((one for one in runs if one.failure), None)
    if failed is None:
        return Reloaded(tuple(runs))
    reason = f"{shlex.join(failed.words)} {failed.failure}"
    try:
        back = rollback(folder, BY, reason=reason, now=now(), hold=False)
    except BlockcError as problem:
        return Reloaded(tuple(runs), failure=str(problem))
    runs += _told(policy, folder, now)
    return Reloaded(tuple(runs), back_to=back.generation)


def _told(policy: Policy, folder: Path, now: Now) -> Iterator[HookRun]:
    """Run each command that is due and note what came of it; the first that fails ends that."""
    receipts = read_receipts(folder)
    for hook, outputs in _due(policy.outputs, receipts):
        environment = {
            "BLOCKC_FOLDER": str(folder.absolute()),
            "BLOCKC_GENERATION": receipts.live,
            "BLOCKC_OUTPUTS": "\n".join(outputs),
        }
        place = Path(policy.files[0]).parent
        done = run_hook(hook, tuple(outputs), place, environment)
        facts = {
            "generation": receipts.live,
            "outputs": {path: receipts.published[path] for path in outputs},
            "by": shlex.join(hook.words),
        }
        if done.failure:
            append_event(folder, RELOAD_FAILED, {**facts, "said": done.failure}, now())
            yield done
            return
        append_event(folder, RELOADED, facts, now())
        yield done


def _due(outputs: Sequence[Output], receipts: Receipts) -> Iterator[tuple[Hook, list[str]]]:
    """Yield each command with the outputs it is for whose files are other than it last saw."""
    due: dict[Hook, list[str]] = {}
    for one in outputs:
        published, seen = receipts.published.get(one.path), receipts.reloaded.get(one.path)
        if one.on_change and published and (seen is None or seen.digest != published):
            due.setdefault(one.on_change, []).append(one.path)
    yield from due.items()
