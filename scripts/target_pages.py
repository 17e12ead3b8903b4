"""Write everything that is made from the descriptors of the targets.

    python -m scripts.target_pages

The table of the README, `docs/targets.md` with the page of each target beside it, and the Debian
packages that CI installs, which is a file of its own because a new machine has Python and nothing
else when it needs them. A test fails when one of them is not what the descriptors say.
"""

from collections.abc import Iterable, Iterator

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.policy.checking.responses import ranges_text
from blockc.targets.core.target import EntryForm, Layout, Maturity, Reference, Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import ROWS, TARGETS
from scripts.template_page import template_page
from scripts.validating_tests import CHECKOUT, validating_tests

GOLDEN = CHECKOUT / "tests" / "golden"
README_BEGIN, README_END = "<!-- targets: make targets -->\n", "<!-- end of targets -->\n"

PREFACE = """\
# Targets

Made from the targets themselves; `make targets` writes it anew.

A target is one output dialect: what it can say, the limits of its platform with where they are
written and when somebody looked, a template, and a reader by which every artifact is read back
and proved before anything is published. What a target cannot express is refused before anything
is compiled, and what exceeds a limit before anything is written.

The country of an address is where it is registered, not where it is used. What lists of different
lengths cost to load in the real programs, beside what is often written by hand, is in
[load.md](load.md); what platforms do that their configuration does not show, and the tests that
hold it, in [traps.md](traps.md).
"""
#: Folder below `blockc/targets` -> the kind of platform.
CATEGORIES = {
    "web": "Web servers",
    "proxy": "Proxies and load balancers",
    "cloud": "Clouds and content delivery networks",
    "terraform": "Terraform and OpenTofu",
    "cluster": "Kubernetes and service mesh",
    "kernel": "Linux kernel",
    "appliance": "Firewalls and routers of vendors",
    "dns": "DNS and mail",
    "data": "Data and applications",
}
HEADS = (
    "target", "decided by", "`list`", "`lists`", "country map", "country codes",
    "nested exceptions", "two sets", "most entries", "stages", "answers", "validated by",
)  # fmt: skip
NOTES = """
- *country codes*: it names the countries of the list, and the platform's own data decide who is in
  them; no address of it can be proved.
- *nested exceptions*: an entry inside another one takes back what that says, which saves entries.
- *two sets*: `when_over = "two-sets"` writes what to block and what to spare of it apart.
- *stages*: whether it can say `monitor` and `warn`; where it can say neither,
  `until_block = "empty"`, and where it can say only `monitor`, `until_block = "monitor"`.
- *answers*: whether it can refuse with the status and the link that a stage says.
- *validated by*: the real programs that load every kind of artifact in the tests, or the vendor's
  schema, with the tests that ask them. Where nothing stands there, neither could be had: the
  artifact is read back, proved and compared with golden files.
"""
DECIDES = {
    Match.LONGEST: "the longest prefix that holds it; order does not matter",
    Match.MEMBER: "whether any prefix holds it",
    Match.INTERVALS: "whether any range holds it; ranges do not overlap",
    Match.FIRST: "the first entry in order that holds it",
    Match.TWO_SETS: "whether it is in one set and not in another",
}
LAYOUTS = {
    Layout.TOGETHER: "both in one file",
    Layout.EITHER: "both in one file, or one per file where the path has `{family}`",
    Layout.APART: "one per file",
}
ONE_FILE = {
    Layout.TOGETHER: "yes",
    Layout.EITHER: "yes, or one per family",
    Layout.APART: "one per family",
}
FORMS = {
    EntryForm.PREFIX: "prefixes (`192.0.2.0/24`, `192.0.2.7/32`)",
    EntryForm.HOST: "prefixes, single addresses bare (`192.0.2.0/24`, `192.0.2.7`)",
    EntryForm.BACKWARDS: "prefixes with their labels backwards (`24.0.2.0.192`)",
    EntryForm.RANGE: "ranges (`192.0.2.0-192.0.2.6`, `192.0.2.7`)",
}
KINDS = {
    ContentKind.LIST: '`list = "NAME"`',
    ContentKind.VERDICTS: "`lists = [NAMES]`",
    ContentKind.COUNTRIES: '`map = "country"`',
    ContentKind.CODES: '`list = "NAME"`, which must be whole countries,',
}


CAUTION = """\
The platform's own data decide who is in a country, not the registries, and no address of it can be
proved. What is proved is that the artifact names the countries of the list, and no other."""


def pages() -> dict[str, str]:
    """Return path, relative to the checkout, -> text of everything that is made here."""
    return {
        "README.md": readme((CHECKOUT / "README.md").read_text(encoding="utf-8")),
        "docs/templates.md": template_page(),
        "docs/targets.md": "\n".join([PREFACE, *matrix()]),
        ".ci/packages": "".join(f"{package}\n" for package in packages()),
    } | {f"docs/targets/{target.name}.md": page(target) for target in TARGETS.values()}


def packages() -> list[str]:
    """Return the Debian packages with the programs that check artifacts, and that tests ask."""
    found = {"libnginx-mod-http-js", "logrotate"}  # of docs/audit.md, and of no target
    found |= {name for one in TARGETS.values() for name in one.debian}
    return sorted(
        found | {name for one in TARGETS.values() if one.native for name in one.native.packages}
    )


def readme(text: str) -> str:
    """Return the README with its table of targets as they are now."""
    before, _, rest = text.partition(README_BEGIN)
    _, _, after = rest.partition(README_END)
    rows = [
        (title, ", ".join(f"[`{name}`](docs/targets/{name}.md)" for name in names))
        for title, names in by_category()
    ]
    lines = [*table(("for", "targets"), rows), ""]
    return before + README_BEGIN + "\n".join(lines) + README_END + after


def by_category() -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of platform with the names of its targets."""
    for folder, title in CATEGORIES.items():
        yield title, [name for name, row in ROWS.items() if row.category == folder]


def page(target: Target) -> str:
    """Return the page of one target."""
    return "\n".join(section(target))


def matrix() -> Iterator[str]:
    """Yield what each target is and what it can do, by kinds of platform."""
    yield NOTES.lstrip("\n")
    for title, names in by_category():
        yield f"## {title}\n"
        heads = ("target", "what it is", "both families in one file")
        yield from table(heads, ((_page(n), ROWS[n].summary, _one_file(n)) for n in names))
        yield ""
        yield from table(HEADS, (row(TARGETS[name]) for name in names))
        yield ""


def _page(name: str) -> str:
    return f"[`{name}`](targets/{name}.md)"


def _one_file(name: str) -> str:
    return ONE_FILE[TARGETS[name].layout]


def validation(target: Target) -> str:
    """Return what validates an artifact and the tests that ask it, as links from `docs/`."""
    tests = ", ".join(f"[{path.stem}](../{path})" for path in validating_tests(target))
    if target.native:
        return f"{', '.join(target.native.programs)}: {tests}"
    return f"schema: {tests}" if target.maturity is Maturity.SCHEMA else "-"


def row(target: Target) -> tuple[str, ...]:
    """Return what one target can do."""
    limit = f"{target.max_entries.count:,}" if target.max_entries else "none stated"
    if target.max_entries and not target.max_entries.reference.verified:
        limit += " (unverified)"
    return (
        _page(target.name),
        decided(target),
        *(mark(kind in target.words) for kind in ContentKind),
        mark(target.has_exceptions),
        mark(target.two_sets is not None),
        limit,
        stages(target),
        answers(target),
        validation(target),
    )


def decided(target: Target) -> str:
    """Return how the platform decides, in a word or two."""
    if target.codes:
        return "its own country data"
    return f"{target.match} match" if target.match is Match.LONGEST else str(target.match)


def stages(target: Target) -> str:
    """Return how much of a migration window a target can say."""
    able = (kind for kind in (target.kind_of_list, ContentKind.VERDICTS) if kind in target.words)
    forms = [kind for kind in able if target.can_say(kind, "monitor")]
    if not forms:
        return "block"
    if not any(target.can_say(kind, "warn") for kind in forms):
        return "monitor"
    return "all" if target.kind_of_list in forms else "all with `lists`"


def answers(target: Target) -> str:
    """Return what blocked clients can get, in a word."""
    able = target.responses
    if not able.statuses:
        return "-"
    shown = "451" if 451 in able.statuses else "not 451"
    return f"{shown}, link" if able.links else shown


def section(target: Target) -> Iterator[str]:
    """Yield everything about one target."""
    yield f"# {target.name}\n"
    yield "Made from the target itself; `make targets` writes it anew.\n"
    if target.codes:
        yield f"{target.title}. {CAUTION}\n"
    else:
        yield f"{target.title}. An address is decided by {DECIDES[target.match]}.\n"
        yield f"- families: {LAYOUTS[target.layout]}"
        yield f"- entries: {FORMS[target.form]}"
    yield f"- files for `list.{target.ending}`: {files(target)}"
    if target.two_sets:
        yield f'- with `when_over = "two-sets"`: {files(target.in_two_sets())}'
    if target.joint:
        parts, beside = target.files(f"list.1.{target.ending}"), target.responding()
        shown = ", ".join(f"`{file.path}`" for file in parts)
        joint = ", ".join(f"`{one.path}`" for one in beside.files_beside(f"list.{target.ending}"))
        yield (
            f'- with `when_over = "split"`: {shown} and so on, with {joint} over at most '
            f"{target.joint.most} parts ({link(target.joint.reference)})"
        )
    if target.never_consulted:
        space = ", ".join(f"`{prefix}`" for prefix in target.never_consulted)
        yield f"- never looked up, so without entries: {space}"
    yield from limits(target)
    yield from words(target)
    yield from responses(target)
    asked = f" ({', '.join(target.native.programs)})" if target.native else ""
    tests = ", ".join(f"`{path}`" for path in validating_tests(target))
    yield f"- {target.maturity}{asked}{tests and f': {tests}'}"
    if target.notes:
        yield f"\n{target.notes}"
    if target.options:
        yield ""
        yield from table(
            ("option", "default", "what it sets", "expected"),
            (option_row(target, one) for one in target.options),
        )
    yield "" if callable(target.writer) else f"\n```\n{sample(target)}```\n"
    for file in target.files_beside(f"list.{target.ending}"):
        yield f"`{file.path}`:\n\n```\n{sample(target, file.path)}```\n"
    yield "## Into service\n"
    yield f"```sh\n{target.deployment.load}\n```\n"
    yield f"And back, from the generation before:\n\n```sh\n{target.deployment.rollback}\n```\n"
    if "PREVIOUS" in target.deployment.rollback:
        yield "PREVIOUS is its folder, `dist/.generations/NAME`; `blockc history` tells the name.\n"
    yield "## What is live\n"
    yield live(target)
    yield "Written at: " + ", ".join(dict.fromkeys(map(link, target.references))) + ".\n"


def live(target: Target) -> str:
    """Return how what a live system has is verified."""
    form, call = target.live, f"blockc verify --target {target.name} --list NAME --dump"
    if form is None:
        said = "Nothing shows what is loaded. What can be read are the files that are in use:"
        return f"{said}\n\n```sh\n{call} FILE\n```\n"
    if not form.one_file:
        lines = [f"{command} > {number}" for number, command in enumerate(form.commands, 1)]
        files = " --dump ".join(str(number) for number in range(1, len(lines) + 1))
        shows = "\n".join(lines)
        return f"```sh\n{shows}\n{call} {files}\n```\n\n{form.limits}\n"
    shows = "; ".join(form.commands)
    shows = shows if len(form.commands) == 1 else f"{{ {shows}; }}"
    kinds = ", ".join(sorted(form.shows))
    beside = f"Beside the entries it compares: {kinds}." if kinds else ""
    notes = " ".join(one for one in (beside, form.limits) if one)
    return f"```sh\n{shows} | {call} -\n```\n" + (f"\n{notes}\n" if notes else "")


def limits(target: Target) -> Iterator[str]:
    """Yield the limits of a platform, each with its source."""
    if target.max_entries:
        limit = target.max_entries
        knob = f", set by the option `{limit.option}`" if limit.option else ""
        source = link(limit.reference)
        each = "file, both families together" if limit.together else "family and file"
        yield f"- at most {limit.count:,} entries per {each}{knob} ({source})"
    if target.codes:
        most = f"at most {target.codes.most}" if target.codes.most else "countries of ISO 3166-1"
        but = ", ".join(sorted(target.codes.unknown))
        yield f"- codes: {most}{but and f', without {but}'} ({link(target.codes.reference)})"
    if target.lengths:
        lengths = " and ".join(
            f"/{allowed.start} to /{allowed.stop - 1} in {family.name}"
            for family in FAMILIES
            if (allowed := target.lengths.of(family))
        )
        source = link(target.lengths.reference)
        yield f"- prefix lengths {lengths}; wider prefixes are written as several ({source})"


def words(target: Target) -> Iterator[str]:
    """Yield how each kind of artifact says its verdicts."""
    for kind, vocabulary in target.words.items():
        said = [
            f"{verdict or 'an exception'} {f'as `{word}`' if word else 'without a word'}"
            for verdict, word in vocabulary.said.items()
        ]
        if vocabulary.countries:
            said = ["a country as its code", "no country as `ZZ`"]
        yield f"- {KINDS[kind]} says {', '.join(said)}"


def responses(target: Target) -> Iterator[str]:
    """Yield what a target can do besides blocking, and what blocked clients can get."""
    able = target.responses
    watched = [
        f"`{one}`" for one in ("monitor", "warn") if target.can_say(target.kind_of_list, one)
    ]
    stages = " and ".join(watched) or 'none, so `until_block = "empty"` there'
    yield f"- stages of a list before `block`: {stages}"
    statuses = f"the statuses {ranges_text(able.statuses)}" if able.statuses else "no status"
    link = 'and `Link: <URL>; rel="blocked-by"`' if able.links else "and no link"
    beside = f" (`{', '.join(file.ending for file in able.extra_files)}`)"
    where = f", in a file of its own{beside}" if able.extra_files else ""
    yield f"- blocked clients get: {statuses} {link}{where}"


def option_row(target: Target, option: Option) -> tuple[str, ...]:
    given = option.by_kind.get(target.kind_of_list, option.default)
    default = str(given).lower() if given in (True, False) else given
    others = "".join(
        f"; with {KINDS[kind]} `{name}`"
        for kind, name in option.by_kind.items()
        if kind in target.words and kind is not target.kind_of_list
    )
    shown = "nothing" if default == "" else f"`{default}`"
    return f"`{option.name}`", f"{shown}{others}", option.about, option.expects


def files(target: Target) -> str:
    return ", ".join(f"`{file.path}`" for file in target.files(f"list.{target.ending}"))


def sample(target: Target, path: str = "") -> str:
    """Return a file of a small golden artifact, without what its header says of sources.

    `path`: which, the first if nothing is said.
    """
    case = "codes" if target.codes else "nested" if target.has_exceptions else "mixed"
    folder = GOLDEN / case / target.name
    path = path or target.files(f"list.{target.ending}")[0].path
    lines = (folder / path).read_text(encoding="utf-8").splitlines(keepends=True)
    commented = bool(target.comment)
    return "".join(
        line for line in lines if not ("sha256:" in line and (commented or line.startswith("#")))
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def mark(able: bool) -> str:  # noqa: FBT001
    return "yes" if able else "-"


def link(reference: Reference) -> str:
    unsure = "" if reference.verified else "unverified, "
    return f"{unsure}<{reference.url}>, read {reference.checked}"


if __name__ == "__main__":
    for name, text in pages().items():
        (CHECKOUT / name).parent.mkdir(exist_ok=True)
        (CHECKOUT / name).write_text(text, encoding="utf-8")
