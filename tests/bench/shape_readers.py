"""What reads files in blockc, each with the shapes its files may have."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from blockc.addresses.addrset import AddrSet
from blockc.addresses.lines import read_spans
from blockc.audit.log_format import read_log_format
from blockc.compiler.manifest_changes import changes_to_act_on
from blockc.fetch.definition import read_source
from blockc.fetch.lock import parse_lock
from blockc.fetch.store.state import parse_state
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated.reader import read_delegated
from blockc.formats.format_table import FORMATS, form_of
from blockc.importing.forms import FORMS as PROGRAMS
from blockc.importing.importer import import_files
from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_table import decided_keys, read_key_rows
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.syntax.country_groups import read_groups
from blockc.publish.history import History, problems
from blockc.registries.as_numbers import read_as_numbers
from blockc.storage.archives import member_of
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionContext
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.workspace.policy_files import known
from tests.bench import shape_files
from tests.bench.shape_files import Shapes

Read = Callable[[bytes], object]


class Reader(NamedTuple):
    """Something that reads files. `packed` says that they may come packed."""

    read: Read
    shapes: Shapes
    packed: bool = False


def readers() -> Mapping[str, Reader]:
    """Return all readers by name."""
    return {
        **_lists(),
        **_feeds(),
        **_ours(),
        **_beside(),
        **_artifacts(),
        **_shown(),
        **_imports(),
    }


def _lists() -> Mapping[str, Reader]:
    delegated = shape_files.table(
        "|",
        lambda address: f"afrinic|ZA|ipv4|{address}|2|20180101|allocated|F\n",
        "2|afrinic|20181013|0|00000000|20181013|00000\nafrinic|*|ipv4|*|9|summary\n",
    )
    lines = shape_files.table(",", lambda address: f"{address}\n")
    return {
        "delegated": Reader(lambda data: read_delegated("f", data), delegated, packed=True),
        "list": Reader(lambda data: AddrSet.of_spans(read_spans("f", data)), lines),
        "list of AS numbers": Reader(lambda data: read_as_numbers("f", data), lines),
    }


def _feed(name: str, rows: Mapping[str, object], shapes: Shapes) -> Reader:
    one, options = FORMATS[name], form_of(name, rows)
    return Reader(lambda data: one.read("f", data, options), shapes, packed=name != "mmdb")


def _feeds() -> Mapping[str, Reader]:
    lines = shape_files.table(",", lambda address: f"{address}\n")
    header = "# Entries: 1 unique IPs\n# This File Date: Fri Nov 13 17:18:59 UTC 2015\n"
    firehol = shape_files.table(",", lambda address: f"{address}\n", header)
    cells = shape_files.table(",", lambda address: f"{address},{address},DE\n")
    heads = shape_files.table(",", lambda address: f"{address},7\n", "net,as\n")
    places = shape_files.table(",", lambda address: f"{address}/32,DE,,,\n")
    exits = shape_files.table(" ", lambda address: f"ExitAddress {address} 2026-09-30 12:03:28\n")
    document = shape_files.json('{"p":[', lambda address: f'"{address}"', "]}")
    objects = shape_files.json('{"p":[', lambda a: f'{{"ip":"{a}","s":"x"}}', "]}")
    records = shape_files.json("", lambda a: f'{{"cidr":"{a}"}}', "", "\n")
    return {
        "text": _feed("text", {}, lines),
        "text, two spellings": _feed("text", {"split": ",", "range": ";"}, lines),
        "text of AS numbers": _feed("text", {"lists": "as-numbers"}, lines),
        "firehol": _feed("firehol", {}, firehol),
        "csv": _feed("csv", {"columns": ("start", "last", "country")}, cells),
        "csv with a header": _feed("csv", {"columns": {"prefix": "net", "asn": "as"}}, heads),
        "csv, bad rows left out": _feed(
            "csv", {"columns": ("start", "last", "country"), "bad_rows": "skip"}, cells
        ),
        "geofeed": _feed("geofeed", {}, places),
        "exit-list": _feed("exit-list", {}, exits),
        "json": _feed("json", {"prefix": "p[]"}, document),
        "json with tags": _feed("json", {"prefix": "p[].ip", "tags": {"s": "p[].s"}}, objects),
        "json-lines": _feed("json-lines", {"prefix": "cidr"}, records),
        "geolite2-csv": _feed("geolite2-csv", {}, shape_files.geolite2())._replace(packed=False),
        "mmdb": _feed("mmdb", {"tags": {"country": "country.iso_code"}}, shape_files.mmdb()),
    }


_SNAPSHOT = 'url="https://a.example/"\nsha256="{}"\nbytes=1\nrecords=1\n'.format("0" * 64)


def _ours() -> Mapping[str, Reader]:
    names = known()
    policy = shape_files.toml(
        "version=1\n[list.a]\nblock=[\n",
        lambda n: f'"11.{n >> 15 & 127}.{n >> 7 & 255}.{n << 1 & 255}",\n',
        lambda n: f'"1.2.3.256{n}",\n',
        "]\n",
    )
    lists = shape_files.toml(
        "version=1\n",
        lambda n: f'[list.a{n}]\nblock=["DE"]\n',
        lambda n: f'[list.a{n}]\nbock=["DE"]\n',
    )
    outputs = shape_files.toml(
        'version=1\n[list.a]\nblock=["DE"]\n',
        lambda n: f'[[output]]\ntarget="plain"\npath="{n}"\nlist="a"\n',
        lambda n: f'[[output]]\ntarget="plan"\npath="{n}"\nlist="b"\n',
    )
    source = shape_files.toml(
        'title="t"\nformat="text"\nlicence={text="t"}\nrefresh_hours=1\nmax_age_hours=2\n'
        "expect={min_records=1,max_bytes=1,max_shrink_addresses=1.0,max_shrink_records=1.0}\n",
        lambda n: f'#{n}\nlabel{n}="x"\n',
        lambda n: f"[rows.labels{n}]\nx=1\n",
    )
    groups = shape_files.toml(
        'source="s"\ndate=2026-01-01\n',
        lambda n: f'[group.g{n}]\ntitle="t"\ncountries=["DE"]\n',
        lambda n: f'[group.g{n}]\ntitle=1\ncountries=["XX"]\n',
    )
    lock = shape_files.toml(
        "version=1\n",
        lambda n: f"[source.s{n}]\n{_SNAPSHOT}",
        lambda n: f"[source.S{n}]\n{_SNAPSHOT}\nx=1\n",
    )
    state = shape_files.toml("version=1\n", lambda n: f"k{n}=1\n", lambda n: f"[k{n}]\n")
    manifest = shape_files.json(
        '{"artifacts":[', lambda a: f'{{"objects":["{a}"],"says":"list"}}', "]}"
    )

    def read_policy(data: bytes) -> object:
        return parse_policy("p.toml", data.decode(), known=names)

    return {
        "policy, entries": Reader(read_policy, policy),
        "policy, lists": Reader(read_policy, _rows_of(lists)),
        "policy, outputs": Reader(read_policy, _rows_of(outputs)),
        "source": Reader(lambda data: read_source("s.toml", data.decode()), source),
        "groups": Reader(lambda data: read_groups("g.toml", data.decode()), groups),
        "lock": Reader(lambda data: parse_lock("blockc.lock", data.decode()), lock),
        "state": Reader(lambda data: parse_state("s.toml", data.decode()), state),
        "manifest": Reader(lambda data: changes_to_act_on(data, b'{"artifacts":[]}'), manifest),
    }


def _beside() -> Mapping[str, Reader]:
    """Return readers of what is neither a source nor a policy."""
    table = shape_files.table(",", lambda address: f"{address},revoke\n", "key,proposal\n")
    log_format = shape_files.toml(
        'title="t"\nreference="r"\nread_on=2026-01-01\nkind="words"\ntime=["iso"]\n',
        lambda n: f'#{n}\nlines=["{{client}}"]\n',
        lambda n: f"[fields.x{n}]\n",
    )
    event = '{{"n":1,"at":"2026-01-01T00:00:00Z","event":"published","previous":"{}"}}\n'
    history = shape_files.json("", event.format, "", "\n")
    words = shape_files.artifact()

    def read_keys(data: bytes) -> object:
        rows = read_key_rows("k", data, ("key", "proposal"))
        return decided_keys(rows, ("revoke",), is_secret=False)

    def read_history_of(data: bytes) -> object:
        past = History(data, len(data))
        return [*problems(past, ""), *past.events()]

    plans = {f"plan {name}": Reader(partial(_read_plan, name), words) for name in KEY_TARGETS}
    return {
        "table of keys": Reader(read_keys, table),
        "log format": Reader(lambda data: read_log_format("f.toml", data.decode()), log_format),
        "history": Reader(read_history_of, history),
        "checksum": Reader(lambda data: parse_md5("f", data), words),
        "archive": Reader(_read_archive, shape_files.archives()),
        **plans,
    }


def _read_archive(data: bytes) -> None:
    with suppress(ValueError):  # its word for an archive that it does not take
        member_of(data, "", len(data))


def _read_plan(name: str, data: bytes) -> object:
    target = KEY_TARGETS[name]
    options = {option.name: option.default for option in target.options}
    return target.reader(Text("f", data.decode()), options)


def _shown() -> Mapping[str, Reader]:
    """Return readers of what programs show of the artifacts that they loaded."""
    words = {
        **shape_files.artifact(),
        **shape_files.json('{"nftables":[', lambda a: f'"{a}"', "]}"),
    }
    found = {}
    for name, target in TARGETS.items():
        if target.live:
            found[f"live {name}"] = Reader(partial(_read_live, target), words)
    return found


def _read_live(target: Target, data: bytes) -> object:
    options = target.settle({}, OptionContext("list"))
    live = target.live
    return live and live.reader([Text("f", data.decode())], options)


def _imports() -> Mapping[str, Reader]:
    """Return readers of what other programs have, each with the words of all of them."""
    words = shape_files.configurations()
    forms = {f"import {name}": Reader(partial(_import, name), words) for name in PROGRAMS}
    return {"import, the form guessed": Reader(partial(_import, ""), words), **forms}


def _import(form: str, data: bytes) -> object:
    return import_files({"f": data}, form)


def _rows_of(shapes: Shapes) -> Shapes:
    return {name: shapes[name] for name in ("many rows", "mistakes")}


def _artifacts() -> Mapping[str, Reader]:
    return {f"target {name}": _artifact(TARGETS[name]) for name in TARGETS}


def _artifact(target: Target) -> Reader:
    files = target.files("list")

    def read(data: bytes) -> object:
        return target.reader([ArtifactFile(file.path, data, file.families) for file in files])

    return Reader(read, shape_files.artifact())
