"""What a refresh came to, as plain values: for programs, for people and for metrics."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from blockc.addresses import FAMILIES
from blockc.keys.key_table import RESTORE, REVOKE
from blockc.policy.meaning.resolve import Resolved, ResolvedList
from blockc.report.metrics import Metric, Sample, sample_of
from blockc.tomlio.when import When

Plain = dict[str, Any]
_LAST_SUCCESS = "blockc_refresh_last_success_timestamp_seconds"
_DAY = 24 * 60 * 60
STEPS = ("build", "reload", "revoke", "update")  # of several failures the first one counts


def lists_report(resolved: Resolved) -> list[Plain]:
    """Return each list with its addresses, its stage now and next, and its exceptions' ends."""
    return [_list_report(one, resolved.moment) for one in resolved.lists]


def _list_report(one: ResolvedList, moment: datetime) -> Plain:
    then = one.schedule.then
    return {
        "name": one.name,
        "action": one.schedule.action,
        "addresses": {f.name: str(one.addresses.count_of(f)) for f in FAMILIES},
        "next_action": then.action if then else None,
        "next_from": str(then.start) if then else None,
        "next_in_days": _days(then.start, moment) if then else None,
        "exceptions": [
            {
                "select": str(counted.entry.located.selector),
                "owner": counted.entry.exemption.owner,
                "until": str(counted.entry.exemption.until),
                "days_left": counted.days_left,
            }
            for counted in one.entries
            if counted.entry.exemption and counted.days_left is not None
        ],
    }


def _days(when: When, moment: datetime) -> float:
    """Return the days until then, in hundredths."""
    return round((when.begin - moment).total_seconds() / _DAY, 2)


def refresh_metrics(report: Plain, at: datetime, before: str) -> list[Metric]:
    """Return a refresh as metrics.

    Args:
        report: What `blockc refresh --json` prints.
        at: When it ended, UTC.
        before: The metrics of the run before, for the time of the last success.
    """
    now = int(at.timestamp())
    return [
        *_run_metrics(report, now, before),
        *_source_metrics(report["update"] or {"sources": []}),
        *_list_metrics(report["lists"]),
        *_shown_metrics(report, now),
        *_plan_metrics(report["revoke"]),
    ]


def _run_metrics(report: Plain, now: int, before: str) -> Iterator[Metric]:
    success = now if report["exit_code"] == 0 else sample_of(before, _LAST_SUCCESS)
    failed = {one["step"] for one in report["failures"]}
    steps = [({"step": name}, int(name in failed)) for name in STEPS]
    once = {
        "blockc_refresh_last_run_timestamp_seconds": ("When the last refresh ended.", now),
        _LAST_SUCCESS: ("When a refresh last ended with 0.", success),
        "blockc_refresh_exit_code": ("How the last refresh ended.", report["exit_code"]),
    }
    for name, (about, value) in once.items():
        yield Metric(name, about, [({}, value)] if value is not None else [])
    about = "Whether a step of the last refresh failed."
    yield Metric("blockc_refresh_step_failed", about, steps)


def _source_metrics(update: Plain) -> Iterator[Metric]:
    ages = [
        ({"source": one["name"]}, one["age_hours"] * 3600)
        for one in update["sources"]
        if one["age_hours"] is not None
    ]
    yield Metric("blockc_source_age_seconds", "How old the data of a source is.", ages)
    results = [({"source": one["name"], "result": one["result"]}, 1) for one in update["sources"]]
    about = "How the last update of a source ended; 1 for the result."
    yield Metric("blockc_source_result", about, results)


def _list_metrics(lists: Sequence[Plain]) -> Iterator[Metric]:
    stages = [({"list": one["name"], "action": one["action"]}, 1) for one in lists]
    coming = [
        ({"list": one["name"], "action": one["next_action"]}, one["next_in_days"])
        for one in lists
        if one["next_action"]
    ]
    yield Metric("blockc_list_addresses", "Addresses of a list.", list(_addresses(lists)))
    yield Metric("blockc_list_stage", "The action of a list; 1 for the action.", stages)
    about = "Days until the next stage of a list begins."
    yield Metric("blockc_list_next_stage_days", about, coming)
    about = "On how many days after today the exception of a list that ends first still holds."
    yield Metric("blockc_exception_days_left", about, list(_first_ends(lists)))


def _shown_metrics(report: Plain, now: int) -> Iterator[Metric]:
    shown, build = report["generation"], report["build"] or {}
    yield Metric("blockc_artifact_entries", "Entries of an artifact.", list(_entries(build)))
    about = "The generation that is shown; 1."
    yield Metric("blockc_generation_info", about, [({"generation": shown}, 1)] if shown else [])
    about = "When what is shown was last proved, or compared with its digests."
    yield Metric("blockc_last_proof_timestamp_seconds", about, [({}, now)] if build else [])


def _plan_metrics(revoke: Plain | None) -> Iterator[Metric]:
    """Yield what plans that revoke keys have; nothing if they failed, or if there are none."""
    decided, stand, due = list[Sample](), list[Sample](), list[Sample]()
    for plan in revoke["plans"] if revoke else ():
        one = {"plan": plan["path"], "list": plan["list"]}
        decided += [({**one, "decision": n}, count) for n, count in plan["decisions"].items()]
        now = [key["action"] for key in plan["keys"] if key["now"]]
        stand += [({**one, "action": name}, now.count(name)) for name in (REVOKE, RESTORE)]
        due.append((one, int(plan["due"])))
    about = "Rows of the table of decisions, by what they say."
    yield Metric("blockc_plan_decisions", about, decided)
    yield Metric("blockc_plan_keys", "Keys that stand in a plan now.", stand)
    yield Metric("blockc_plan_due", "Whether the list blocks, so that keys are revoked.", due)
    made = revoke["made"] if revoke else None
    at: list[Sample] = [({}, int(datetime.fromisoformat(made).timestamp()))] if made else []
    yield Metric("blockc_plans_made_timestamp_seconds", "When the plans shown were made.", at)


def _addresses(lists: Sequence[Plain]) -> Iterator[Sample]:
    for one in lists:
        for family, count in one["addresses"].items():
            yield {"list": one["name"], "family": family}, int(count)


def _first_ends(lists: Sequence[Plain]) -> Iterator[Sample]:
    for one in lists:
        if one["exceptions"]:
            first = min(one["exceptions"], key=lambda each: each["days_left"])
            yield {"list": one["name"], "owner": first["owner"]}, first["days_left"]


def _entries(build: Mapping[str, Any]) -> Iterator[Sample]:
    for one in build.get("artifacts", []):
        for family, count in one["entries"].items():
            held = {"artifact": one["files"][0], "list": one["holds"]}
            yield {**held, "family": family}, count
