"""Whether addresses are blocked and why: for people, in lines, and as JSON for programs."""

import json
from collections.abc import Sequence

from blockc.cli.console import info, show, show_json
from blockc.cli.options import Settings
from blockc.cli.views.answer import MANY, STRENGTH, show_answer
from blockc.cli.views.answer_source import AnswerSource, source_lines, source_report
from blockc.explain.lookup import Chain, ListReason
from blockc.policy.meaning.deciding import Reason
from blockc.workspace.lookup.explaining import Explained
from blockc.workspace.lookup.report import LookupReports


def show_lookup(
    settings: Settings, source: AnswerSource, found: Sequence[Explained], *, lines: bool
) -> None:
    """Print the answers: as JSON, a line each, or in full."""
    reports = LookupReports(source.day)
    if lines and not settings.json:
        for said in source_lines(source):
            info(settings, said)
        show("".join(map(_Lines(reports).line, found)))
        return
    text = reports.json(found, source_report(source))
    if settings.json and len(found) >= MANY:
        show(f"{text}\n")
        return
    report = json.loads(text)
    if settings.json:
        show_json(report)
        return
    show("".join(f"{said}\n" for said in source_lines(source)))
    unkept = source.generation is not None and not source.generation.files
    for number, one in enumerate(report["asked"]):
        show("\n" * bool(number))
        show_answer(settings, report, one, unkept=unkept)


class _Lines:
    """Says answers in a line each; what many of them share is put into words once."""

    def __init__(self, reports: LookupReports) -> None:
        self._reports = reports
        self._whys: dict[int, tuple[str, tuple[str, ...], str]] = {}

    def line(self, one: Explained) -> str:
        """Return an answer in a line: what was asked, verdict, country, lists, and why."""
        if len(one.pieces) == 1:
            chain = one.pieces[0].piece.chain
            verdict, lists, why = self._why(chain)
            country = chain.country or "-"
            names = ",".join(lists) or "-"
            return f"{one.answer.asked.text}\t{verdict}\t{country}\t{names}\t{why}\n"
        said = list(dict.fromkeys(self._why(piece.piece.chain) for piece in one.pieces))
        countries = ",".join(dict.fromkeys(p.piece.chain.country or "-" for p in one.pieces))
        verdicts = {verdict for verdict, _, _ in said}
        verdict = verdicts.pop() if len(verdicts) == 1 else "mixed"
        names = ",".join(dict.fromkeys(name for _, lists, _ in said for name in lists)) or "-"
        why = said[0][2] if len(said) == 1 else f"{len(one.pieces)} pieces"
        return f"{one.answer.asked.text}\t{verdict}\t{countries}\t{names}\t{why}\n"

    def _why(self, chain: Chain) -> tuple[str, tuple[str, ...], str]:
        """Return the strongest verdict of a chain, which lists say it, and why the first does."""
        if id(chain) not in self._whys:
            verdicts = {one.verdict for one in chain.lists}
            verdict = next((one for one in STRENGTH if one in verdicts), "allow")
            lists = [one for one in chain.lists if one.verdict == verdict]
            names = () if verdict == "allow" else tuple(one.of_list.name for one in lists)
            telling = [one for one in lists if one.reason is not Reason.NOT_LISTED] or lists
            why = self._because(telling[0]) if telling else "there is no list"
            self._whys[id(chain)] = verdict, names, why
        return self._whys[id(chain)]

    def _because(self, one: ListReason) -> str:
        """Return why a list has addresses or not: the reason, and the first entry that decides."""
        deciding = one.deciding
        if not deciding:
            return str(one.reason)
        more = f" and {len(deciding) - 1} more" if len(deciding) > 1 else ""
        at = self._reports.place(deciding[0])
        return f"{one.reason}: {deciding[0].located.selector} at {at}{more}"
