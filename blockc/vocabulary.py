"""Words that a policy, the passes and the command line share, each with one meaning."""

from enum import StrEnum

from blockc.values import Value

RIRS = ("afrinic", "apnic", "arin", "lacnic", "ripencc")  # the five regional Internet registries
UNDATED = "no-date"  # in place of the day of a source that does not say its own
MANIFEST = "manifest.json"  # what a build writes beside its artifacts: what they are and of what
KEY_PLANS = "blockc-key-plans/1"  # the schema of a manifest of plans that revoke keys


class WhenOver(StrEnum):
    """What to do when the exact rules are more than the limit."""

    FAIL = "fail"
    SPLIT = "split"  # several artifacts, each within the limit
    TWO_SETS = "two-sets"  # one set, less another one, each within the limit
    COLLATERAL = "collateral"  # everything wanted, at the least harm to others
    COVERAGE = "coverage"  # no harm to others, as much of what is wanted as possible
    BALANCE = "balance"  # the least of harm + mu * what is missed


class DontCare(StrEnum):
    """Which space a list may block although nobody asked for it."""

    OFF = "off"
    RESERVED = "reserved"  # what no registry may hand out now: reserved, unlisted, unusable
    UNALLOCATED = "unallocated"  # that, and what registries have left to hand out


class HeaderForm(StrEnum):
    """What an artifact says about itself."""

    SHORT = "short"  # changes only when its entries or the words of the policy about them do
    FULL = "full"  # also the sources, with dates and digests, and the digest of the whole policy
    NONE = "none"


class UntilBlock(StrEnum):
    """What an output does about a list that does not block yet."""

    SAID = ""  # what the stage says, or the policy is refused
    EMPTY = "empty"  # nothing
    MONITOR = "monitor"  # it watches also where the stage warns


#: The ways that block or miss something to keep to a limit.
LOSSY = (WhenOver.COLLATERAL, WhenOver.COVERAGE, WhenOver.BALANCE)


class LineForm(Value):
    """How a text of an operator's own template says addresses, one on each line.

    Attributes:
        lines: What a line with addresses looks like, `{address}` standing for them: one of these.
        comments: What lines that say nothing begin with.
        around: Other lines, as they are, that say nothing about who is listed.
    """

    lines: tuple[str, ...] = ("{address}",)
    comments: tuple[str, ...] = ("#",)
    around: tuple[str, ...] = ()
