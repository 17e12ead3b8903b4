"""A history that is kept elsewhere than in the published folder, so that it outlives the folder.

    dist/.generations/history.jsonl -> /var/lib/blockc/history.jsonl
    /var/lib/blockc/history.jsonl            the events
    /var/lib/blockc/history.jsonl.folder -> /srv/policy/dist      whose they are

Everything else goes on reading and appending by the name in the folder. A file holds the history
of one folder: what is published into another one, to try something, has a history of its own.
"""

from pathlib import Path

from blockc.errors import Location, OutputError
from blockc.publish.history import HISTORY, history_bytes
from blockc.storage.atomic import Advice, sync_folder, write_whole

_OWNER = ".folder"
_FRESH_LINK = ".new-history"


def keep_history_at(inside: Path, wanted: Path, advice: Advice) -> None:
    """Keep the history of a published folder at `wanted`, with all that it has until now.

    Stopped anywhere, it is done by whoever comes next. Call it while nobody else can publish.

    Args:
        inside: The folder that holds the generations.
        wanted: Where to, absolute.
        advice: What to say where the disk refuses.

    Raises:
        OutputError: Another history is there already, or the disk refuses.
        OSError: The disk refuses.
    """
    link = inside / HISTORY
    if _leads_to(link, wanted):
        return
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if not _claimed(wanted, inside):
        return
    ours, there = history_bytes(link), history_bytes(wanted)
    if not (ours.startswith(there) or there.startswith(ours)):
        raise OutputError(
            "holds another history than the one that is to be kept there",
            at=Location(str(wanted)),
            hint=f"move it away; that of {inside.parent} is in {link}",
        )
    if len(ours) > len(there):
        write_whole(wanted, ours, advice)
    fresh = inside / _FRESH_LINK
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(wanted)
    fresh.rename(link)
    sync_folder(inside)


def _leads_to(link: Path, wanted: Path) -> bool:
    return link.is_symlink() and link.readlink() == wanted


def _claimed(wanted: Path, inside: Path) -> bool:
    """Return whether the file belongs to our folder: to nobody else, or to one that has gone."""
    mark = wanted.with_name(wanted.name + _OWNER)
    while True:
        try:
            mark.symlink_to(inside.parent)
        except FileExistsError:
            owner = mark.readlink()
            if owner == inside.parent:
                return True
            if _leads_to(owner / inside.name / HISTORY, wanted):
                return False
            mark.unlink()
        else:
            sync_folder(wanted.parent)
            return True
