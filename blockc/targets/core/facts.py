"""What is known of a platform, as the values a target is described with."""

from collections.abc import Mapping
from enum import StrEnum

from blockc.addresses import V4, V6, Family
from blockc.targets.core.layout import ExtraFile
from blockc.targets.syntax.reading import Reader
from blockc.values import Value, field


class EntryForm(StrEnum):
    """How an artifact spells the addresses of an entry."""

    PREFIX = "prefix"  # 192.0.2.0/24, 192.0.2.7/32
    HOST = "host"  # 192.0.2.0/24, 192.0.2.7
    RANGE = "range"  # 192.0.2.0-192.0.2.6, 192.0.2.7
    BACKWARDS = "backwards"  # 24.0.2.0.192, 32.zz.db8.2001


class Layout(StrEnum):
    """How the families of one list are spread over files."""

    TOGETHER = "together"  # both in one file, because the platform wants it so
    EITHER = "either"  # both in one file, or one per family where the path says `{family}`
    APART = "apart"  # a file per family, because the platform's objects hold only one


class Reference(Value):
    """Where a fact about a platform is written, and the day (ISO) somebody looked.

    `verified`: the vendor says so there; False where only others do.
    """

    url: str
    checked: str
    verified: bool = True


class MaxEntries(Value):
    """How many entries of one family fit one file.

    Args:
        option: The option by which an operator sets the number, for platforms that let them.
        together: The platform counts the entries of both families as one number.
    """

    count: int
    reference: Reference
    option: str = ""
    together: bool = False


class Lengths(Value):
    """The prefix lengths a platform takes.

    A wider prefix is written as several; a narrower one is refused unless the output gives way.
    """

    ipv4: range
    ipv6: range
    reference: Reference

    def of(self, family: Family) -> range:
        """Return the lengths for `family`."""
        return {V4: self.ipv4, V6: self.ipv6}[family]


class CountryCodes(Value):
    """How a platform says countries, about which its own data decide.

    `most`: how many one artifact holds, None where nothing is stated.
    `unknown`: the codes of ISO 3166-1 that it does not take.
    """

    reference: Reference
    most: int | None = None
    unknown: frozenset[str] = frozenset()


class Maturity(StrEnum):
    """What stands behind the claim that a platform takes the artifact, the strongest first."""

    PROGRAM = "validated by its real program"
    SCHEMA = "validated by the schema, the model or the parser of its vendor"
    GOLDEN = "read back and compared with golden files only"


class NativeCheck(Value):
    """How the real program of a platform is asked about an artifact; `verify.native` asks it.

    In `files` and `argv`, `@folder@` stands for a folder that ends with the check, `@0@`, `@1@`,
    ... for the files of the artifact in the order of `Target.files`, `@option.NAME@` for the value
    of an option, and `@package@` for the folder of blockc.

    Args:
        programs: What must be installed, the one that reads the artifact first.
        packages: The Debian packages that have them, for CI.
        argv: The command.
        success_codes: The exit codes by which it says that all is well.
        warning: What its output holds where it warns, which counts as a refusal; nothing where
            it does not warn. Upper and lower case are the same.
        files: What it needs in the folder besides, name -> text.
        namespace: Whether it touches the kernel's tables, and so needs a network namespace.
    """

    programs: tuple[str, ...]
    packages: tuple[str, ...]
    argv: tuple[str, ...]
    success_codes: tuple[int, ...] = (0,)
    warning: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    namespace: bool = False


class Deployment(Value):
    """How an operator puts an artifact into service and takes it out again, as shell commands."""

    load: str
    rollback: str


class TwoSets(Value):
    """How a platform writes a list as what to block and what to spare of it.

    `extra_files`: those beside the sets, in place of the target's own.
    """

    reader: Reader
    extra_files: tuple[ExtraFile, ...] = ()


class Responses(Value, kw_only=True, eq=False):
    """What a platform can do about clients besides blocking them, and what it can answer.

    Attributes:
        actions: Which of `monitor` and `warn` the rules around the entries of one list can say,
            so that the entries need no word for it.
        statuses: The HTTP statuses it can refuse with.
        links: Whether it can send the header `Link` with a refusal.
        extra_files: The files that say so, beside the target's own.
        reader: Reads those files too, in place of the target's own reader.
        native: Asks the real program about those files too, in place of the target's own check.
        always: They are written whatever the policy says: without them the entries do nothing.
    """

    actions: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    links: bool = False
    extra_files: tuple[ExtraFile, ...] = ()
    reader: Reader | None = None
    native: NativeCheck | None = None
    always: bool = False


class Sharding(Value):
    """How a platform holds a list in several resources of one file, see `core.shards`.

    The option `shard` says how many entries a resource has at most.

    Attributes:
        most: How many resources it can use together; None where nothing says so.
        what: What is limited, for messages, such as "a rule group refers to sets".
        long: Whether it spells IPv6 addresses with all their digits.
        longest: How long the name of a resource may be, which is the option `name` and the shard's.
    """

    reference: Reference
    most: int | None = None
    what: str = ""
    long: bool = False
    longest: int = 128


class Joint(Value):
    """How the parts of a list that is split are put to use: by one rule that names all of them.

    It is what the target writes as `responses.extra_files`, once for all parts and on every day.

    `most`: how many parts it can name.
    """

    most: int
    reference: Reference
