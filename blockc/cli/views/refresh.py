"""What a refresh came to, as the few lines that people read in a mail, a chat or a job's page."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from blockc.errors import counted, printable

Plain = Mapping[str, Any]
_SOON_DAYS = 30
_ENDS = {0: "done", 2: "somebody must act", 3: "a source must be mended", 4: "approval is needed",
         5: "a target does not take an artifact", 70: "blockc is wrong"}  # fmt: skip


def headline(report: Plain) -> str:
    """Return how a refresh ended, in a line."""
    code = report["exit_code"]
    return f"blockc refresh: {_ENDS.get(code, 'failed')} (exit code {code})"


def summary_lines(report: Plain) -> Iterator[str]:
    """Yield what people want to know of a refresh, the most important first."""
    steps: dict[str, list[str]] = {}
    for one in report["failures"]:
        steps.setdefault(one["error"], []).append(one["step"])
    for error, failed in steps.items():
        yield f"{' and '.join(failed)} FAILED: {error}"
    yield from _published(report)
    yield from _reloads(report["reload"])
    yield from _not_tried(report["programs"])
    yield from _planned(report.get("revoke"))
    for source in (report["update"] or {"sources": []})["sources"]:
        if source["result"] in ("kept", "refused", "no data"):
            yield f"source {source['name']}: {source['result']}"
    for one in report["lists"]:
        if one["next_in_days"] is not None and one["next_in_days"] <= _SOON_DAYS:
            yield f"list {one['name']}: {one['next_action']} from {one['next_from']}"
        for each in one["exceptions"]:
            if each["days_left"] <= _SOON_DAYS:
                what = f"exception {each['select']} ends on {each['until']}"
                yield f"list {one['name']}: {what}; {each['owner']} owns it"


def _published(report: Plain) -> Iterator[str]:
    build = report["build"]
    if not build:
        kept = report["generation"]
        yield f"nothing was published; generation {kept} is shown" if kept else "nothing is shown"
    elif build["pinned"]:
        yield f"nothing was published: pinned to {build['pinned']['generation']}"
    elif build["written"] or build["removed"]:
        count = len(build["written"])
        files = f"{count:,} file{'s' * (count != 1)} written, {len(build['removed']):,} removed"
        yield f"published generation {build['generation']}: {files}"
    else:
        yield f"nothing changed; generation {build['generation']} is shown"


def _reloads(reload: Plain | None) -> Iterator[str]:
    if reload is None:
        return
    for one in reload["runs"]:
        words = shlex.join(one["command"])
        yield f"{words}: {one['failure'] or 'done'}, for {', '.join(one['outputs'])}"
    if reload["back_to"]:
        yield f"went back to generation {reload['back_to']}"


def _planned(revoke: Plain | None) -> Iterator[str]:
    """Yield what plans that revoke keys have, if that changed."""
    if revoke is None or revoke["unchanged"]:
        return
    if revoke["pinned"]:
        yield f"no plan of keys was published: pinned to {revoke['pinned']['generation']}"
        return
    for one in revoke["plans"]:
        count = sum(key["now"] for key in one["keys"])
        yield f"plan {one['path']}: {count:,} of {counted(len(one['keys']), 'key')} decided"


def _not_tried(programs: Iterable[Plain]) -> Iterator[str]:
    """Yield for each reason which outputs changed without their program having read them."""
    found: dict[str, dict[str, None]] = {}
    for one in programs:
        if one["answer"] == "skipped":
            found.setdefault(one["said"], {})[one["output"]] = None
    for reason, outputs in found.items():
        yield f"not tried before publishing: {', '.join(outputs)}: {reason}"


def summary_markdown(report: Plain) -> str:
    """Return a refresh as Markdown, for the page of a job."""
    lines = [_escaped(printable(line)) for line in summary_lines(report)]
    return "\n".join([f"### {headline(report)}", "", *(f"- {line}" for line in lines), ""])


def _escaped(text: str) -> str:
    """Return the text of an item that Markdown shows as it is."""
    begin = "\\" * text.startswith(("#", "+", "-"))  # what begins a block, at the beginning alone
    return begin + "".join(f"\\{c}" if c in r"\`*_{}[]<>!|~&" else c for c in text)
