"""An audit of access logs against a policy, a generation or a plain list."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.audit.log_format import LogFormat
from blockc.audit.pseudonyms import SHORTEST_SECRET, hash_name, pseudonym
from blockc.audit.zones import Zones
from blockc.changes.change import ListState, nobody_knows
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import Location, SourceUnfit, UsageError, placed_at
from blockc.keys.key_table import PSEUDONYM
from blockc.policy.meaning.selector_sets import SelectorData, SelectorSets
from blockc.policy.model import Audit, List
from blockc.publish.place import PublishFolder
from blockc.publish.record import read_generation
from blockc.storage.spool import scratch_folder
from blockc.values import Value, replace
from blockc.vocabulary import RIRS
from blockc.workspace.audit.eras import block_begin, eras_of, stages_of
from blockc.workspace.audit.log_feed import (
    LogBegin,
    LogFeed,
    ReadLog,
    by_layout,
    log_formats,
    log_paths,
    table_format,
)
from blockc.workspace.audit.owners import read_owners
from blockc.workspace.comparing import countries_of
from blockc.workspace.diff.operands import PUBLISHED, Operand, file_lists
from blockc.workspace.inputs import InputOptions
from blockc.workspace.locked_data import LockedData
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.recorded import recorded_lists

if TYPE_CHECKING:
    from blockc.audit.answers import AnswerTable
    from blockc.audit.engine import AuditedList, Engine
    from blockc.audit.scan_sql import EngineOptions
    from blockc.workspace.audit.cluster_session import Cluster

_OTHER = "other:"


class AuditCall(Value, kw_only=True):
    """What is audited, and how logs are read.

    Attributes:
        lists: Whose lists; `other`: those of a second side, if any.
        logs: Paths, patterns of paths, and `-`.
        format: The name of a format; empty: it is found. `format_file`: a format of one's own.
        changes: What the call says in place of [audit] of the policy.
        timezone: Of times without an offset.
        addresses: Show addresses whole.
        memory: Bytes that the engine may use.
        parquet: Also make the bytes of a Parquet file of each answer.
        cluster: Read the logs there, and not here.
    """

    lists: Operand
    other: Operand | None
    logs: tuple[str, ...]
    project: Project
    options: InputOptions
    folder: Path
    changes: Mapping[str, object]
    format: str = ""
    format_file: Path | None = None
    timezone: str = "UTC"
    addresses: bool = False
    memory: int = 1 << 30
    parquet: bool = False
    cluster: "Cluster | None" = None


class AuditReport(Value):
    """What an audit found.

    Attributes:
        answers: The tables, in the order in which people read them.
        requests: How many lines say who asked; `listed` of them come from listed space.
        timeless: Lines of those whose time could not be read.
        notes: What may be wrong with the question.
        stages: Of each list what it does, and from when on; that is empty without stages.
        days: Day -> all requests; empty for lines without a time.
        hits: Day, lists, key and requests from addresses of those lists.
        secret: Tells one secret of keys from another; nothing if none was needed.
    """

    moment: datetime
    subject: str
    logs: tuple[ReadLog, ...]
    answers: "tuple[AnswerTable, ...]"
    requests: int
    listed: int
    unreadable: int
    timeless: int
    parquet: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    stages: tuple[tuple[str, str, str], ...] = ()
    days: tuple[tuple[str, int], ...] = ()
    hits: tuple[tuple[str, tuple[str, ...], str, int], ...] = ()
    secret: str = ""

    def answer(self, name: str) -> "AnswerTable":
        """Return the answer of this name."""
        return next(one for one in self.answers if one.name == name)


class _Side(Value, eq=False):
    """The lists that one side names, their definitions where it has a policy, and countries."""

    lists: Mapping[str, ListState]
    definitions: Mapping[str, List]
    countries: AddrMap
    moment: datetime
    day: ProjectDay | None = None


def audit(
    call: AuditCall, observe: Watch = unwatched, begins: Sequence[LogBegin] | None = None
) -> AuditReport:
    """Return what logs say about whom the lists hit.

    Args:
        call: What is asked.
        observe: Is entered with the name of each stage.
        begins: From where to read which logs, in place of those of the call; it may be that none
            of their lines can be read.

    Raises:
        UsageError: A log, a format or an operand cannot be read, or the secret is missing.
        SourceUnfit: No line of any log could be read.
        BlockcError: As `Project.on` of the policy.
    """
    from blockc.audit.answers import by_day
    from blockc.audit.client_finder import ClientFinder

    try:
        from blockc.audit.engine import Engine
    except ImportError:
        hint = "install them with: pip install 'blockc[audit]'"
        raise UsageError("`blockc audit` needs the packages of blockc[audit]", hint=hint) from None

    paths = begins if begins is not None else [] if call.cluster else log_paths(call.logs)
    first = _side(call, call.lists, observe)
    other = _side(call, call.other, observe) if call.other else None
    rules = replace(first.day.resolved.policy.audit if first.day else Audit(), **call.changes)
    with observe("resolve", "zones"):
        networks, missing = _networks(call, first)
        zones = _zones(first, other, rules, networks)
        eras = eras_of(first.definitions)
        lists = list(_audited(first, eras)) + list(_audited(other, eras, other=True))
    formats = log_formats(call.format, call.format_file)
    with ExitStack() as stack:
        scratch = str(stack.enter_context(scratch_folder("audit")))
        options = _options(call, rules, eras, scratch)
        finder = ClientFinder(zones, rules.proxies, rules.proxy_header)
        engine = Engine(zones, lists, finder, options)
        stack.callback(engine.close)
        if call.cluster:
            from blockc.workspace.audit.cluster import logs_on_cluster

            with observe("read logs", f"on {call.cluster.master}"):
                logs = logs_on_cluster(engine, call, zones, rules, options, formats)
        else:
            logs = _read_all(engine, paths, formats, call, observe)
        _insert_owners(engine, rules, options, first)
        with observe("answer", ""):
            found = _report(call, engine, rules, first, logs, strict=begins is None)
            days, hits = by_day(engine)
            notes = (*found.notes, missing) if missing else found.notes
            more = {"days": tuple(days), "hits": tuple(hits), "notes": notes}
            return replace(found, **more, secret=_mark(options))


def _side(call: AuditCall, operand: Operand, observe: Watch) -> _Side:
    """Return what an operand says; an old canary or old data is no reason not to ask."""
    project, options = call.project, call.options
    if operand.kind == "file":
        lists = file_lists(operand.path, "")
        return _Side(lists, {}, _countries(call, observe), options.moment)
    if operand.kind in (PUBLISHED, "generation"):
        name = operand.text or PublishFolder.of(call.folder).live()
        if not name:
            raise UsageError(f"nothing is published in {call.folder}")
        generation = read_generation(call.folder, name)
        moment = generation.record.moment
        return _Side(recorded_lists(generation), {}, _countries(call, observe), moment)
    if operand.kind == "policy":
        project = replace(project, file=operand.path)
        if not project.lock_path.exists():
            project = replace(project, other_lock=call.project.lock_path)
    elif operand.kind == "lock":
        project = replace(project, other_lock=operand.path)
    elif operand.kind == "at":
        options = replace(options, as_of=None, at=operand.moment)
    day = project.on(options, observe, registries=_has_data(project, options), refusing=False)
    resolved = day.resolved
    lists = {one.name: ListState(one.schedule.action, one.addresses) for one in resolved.lists}
    definitions = {one.name: one.definition for one in resolved.lists}
    return _Side(lists, definitions, countries_of(day.world), resolved.moment, day)


def _has_data(project: Project, options: InputOptions) -> bool:
    lock = None if options.data else project.lock()
    return bool(options.data) or (lock is not None and lock.sources.keys() >= set(RIRS))


def _countries(call: AuditCall, observe: Watch) -> AddrMap:
    """Return the countries of the data at hand, for lists that come without a policy."""
    if not _has_data(call.project, call.options):
        return nobody_knows()
    from blockc.registries.registry_map import RegistryMap

    with observe("read registries", ""):
        found = call.project.registries(call.options)
        return countries_of(RegistryMap.of(records for one in found for records in one.records))


def _networks(call: AuditCall, side: _Side) -> tuple[AddrMap, str]:
    """Return who announces each address by the data that is at hand, and what is missing."""
    reader = side.day.reader if side.day else call.project.reader()
    try:
        found = LockedData(reader, call.project.store, offline=True).networks()
    except SourceUnfit:
        said = "the store has no data of iptoasn as the lock names it, so networks are not known"
        return nobody_knows(), f"{said}; run `blockc update`"
    return found or nobody_knows(), ""


def _zones(first: _Side, other: _Side | None, rules: Audit, networks: AddrMap) -> Zones:
    lists = {name: one.addresses for name, one in first.lists.items()}
    if other:
        lists |= {_OTHER + name: one.addresses for name, one in other.lists.items()}
    return Zones.of(lists, [first.countries, networks, _wanted(first, rules)])


def _wanted(side: _Side, rules: Audit) -> AddrMap:
    """Return the map of whose traffic is wanted, each by the selector that says so."""
    if not rules.wanted or side.day is None:
        return AddrMap.layered({"": AddrSet.empty()})
    day, policy = side.day, side.day.resolved.policy
    feeds = LockedData(day.reader, day.project.store, day.project.offline)
    sets = SelectorSets(SelectorData(day.world, policy.groups, policy.guard, day.reader, feeds))
    return AddrMap.layered(sets.all_addresses(rules.wanted))


def _audited(
    side: _Side | None, eras: Sequence[datetime], *, other: bool = False
) -> "Iterator[AuditedList]":
    from blockc.audit.engine import AuditedList

    for name, one in side.lists.items() if side else ():
        definition = side.definitions.get(name) if side else None
        begin = block_begin(definition.stages) if definition else None
        era = eras.index(begin) + 1 if begin in eras else -1
        yield AuditedList(_OTHER + name if other else name, name, one.action, era, other)


def _options(
    call: AuditCall, rules: Audit, eras: Sequence[datetime], scratch: str
) -> "EngineOptions":
    from blockc.audit.scan_sql import EngineOptions

    return EngineOptions(
        key=rules.key,
        account=rules.account,
        secret=_secret(rules),
        hashed=rules.key_is == "hmac",
        eras=tuple(max(one, _FIRST).strftime("%Y-%m-%d %H:%M:%S") for one in eras),
        zone=call.timezone,
        depth=rules.path_depth,
        path_groups=tuple(rules.path_groups.items()),
        agents=rules.agents,
        scratch=scratch,
        memory=call.memory,
    )


_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def _secret(rules: Audit) -> bytes:
    """Return the secret of the HMAC of keys; nothing where they may be written as they are."""
    if not rules.key or rules.key_is == "id":
        return b""
    secret = os.environ.get(rules.secret_env, "")
    if rules.key_is == "hmac" and not secret:
        return b""
    if len(secret) < SHORTEST_SECRET:
        hint = (
            f"set {rules.secret_env} to {SHORTEST_SECRET} characters or more, the same each time; "
            'or say key_is = "id" (--key-is id) if the log holds a key id that is not secret'
        )
        raise UsageError(f"keys are secret, and {rules.secret_env} is not set or short", hint=hint)
    return secret.encode()


def _read_all(
    engine: "Engine",
    paths: Sequence[str | LogBegin],
    formats: Sequence[LogFormat],
    call: AuditCall,
    observe: Watch,
) -> list[ReadLog]:
    """Read every log once; blocks of one layout are read together."""
    from itertools import chain

    feed = LogFeed(paths, formats, only=bool(call.format or call.format_file))
    columns = table_format(formats if call.format_file else ())
    with observe("read logs", f"{len(paths)} of them"):
        for number, path in feed.tables():
            feed.logs[number] = ReadLog(path, "parquet", engine.read_parquet(columns, number, path))
        for layout, blocks in by_layout(feed.parts()):
            first = next(blocks)
            with placed_at(feed.logs[first[0]].path):
                engine.read(layout, chain([first], blocks))
    return feed.logs


def _insert_owners(engine: "Engine", rules: Audit, options: "EngineOptions", side: _Side) -> None:
    """Give the engine the owners of keys, and the stages of each list."""
    rows, beside = [], side.day.project.file.parent if side.day else Path()
    for owner in read_owners(rules, beside, ("key", "contact")):
        key = owner.key
        if options.hashed and (hashed := hash_name(key.encode())):
            key = hashed
        elif options.secret and not PSEUDONYM.fullmatch(key):
            key = pseudonym(key.encode(), options.secret)
        rows.append(
            (key, *(owner.cells.get(name, "") for name in ("account", "contact", "language")))
        )
    engine.insert("owners", rows)
    engine.insert("stages", list(stages_of(side.lists, side.definitions)))


def _mark(options: "EngineOptions") -> str:
    """Return what tells the secret of keys from another one."""
    return pseudonym(b"the secret of an audit", options.secret) if options.secret else ""


def _report(
    call: AuditCall,
    engine: "Engine",
    rules: Audit,
    first: _Side,
    logs: Sequence[ReadLog],
    *,
    strict: bool,
) -> AuditReport:
    from blockc.audit import answers as ask

    answers = [ask.impact(engine)]
    if rules.key:
        answers += [ask.keys(engine, rules), ask.notices(engine)]
    answers.append(ask.surprises(engine, whole=call.addresses, known_days=rules.known_days))
    answers.append(ask.gaps(engine))
    if call.other:
        answers.append(ask.against(engine, call.lists.label, call.other.label))
    answers.append(ask.unreadable(engine, [one.path for one in logs]))
    requests, listed, timeless = ask.totals(engine)
    bad = sum(row[2] for row in answers[-1].rows)
    if strict and not requests and bad:
        said = f"none of {bad:,} lines could be read; the first reason: {answers[-1].rows[0][1]}"
        raise SourceUnfit(said, at=Location(logs[0].path), hint="name the format with --format")
    return AuditReport(
        moment=first.moment,
        subject=call.lists.label,
        logs=tuple(logs),
        answers=tuple(answers),
        requests=requests,
        listed=listed,
        unreadable=bad,
        timeless=timeless,
        parquet={one.name: engine.parquet(one.heads, one.rows) for one in answers if call.parquet},
        notes=tuple(_notes(first, rules)),
        stages=tuple(stages_of(first.lists, first.definitions)),
    )


def _notes(side: _Side, rules: Audit) -> Iterator[str]:
    if not rules.proxies:
        yield (
            "no proxies are named, so whoever connected counts as the client; behind a load "
            "balancer name it with [audit] proxies or --proxy"
        )
    if side.countries == nobody_knows():
        yield "no registry data was read, so countries are not known"
