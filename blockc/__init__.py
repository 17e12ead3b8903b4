"""blockc compiles network blocklists from public address data and proves what it writes.

The packages are the stages of the pipeline: `fetch` brings bytes, `formats` turns them into
records, `policy` says who is blocked until when, `passes` find the fewest rules that mean it,
`targets` write them in a platform's language and read them back, `verify` compares, `compiler`
drives, `publish` shows the files. Start reading at `workspace.project`, or at
`docs/architecture.md`. Applications ask `load(...)`, or the middleware in `runtime`.
"""

TYPE_CHECKING = False  # typing is not imported: all that comes before the command delays it

if TYPE_CHECKING:
    from blockc.runtime.matcher import Answer as Answer
    from blockc.runtime.matcher import Matcher as Matcher
    from blockc.runtime.matcher import MatcherError as MatcherError
    from blockc.runtime.matcher import load as load

__version__ = "0.1.0"

_ASKED = ("Answer", "Matcher", "MatcherError", "load")


def __getattr__(name: str) -> object:
    """Return what applications ask, imported when they do: the compiler needs none of it."""
    if name in _ASKED:
        from blockc.runtime import matcher

        return getattr(matcher, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
