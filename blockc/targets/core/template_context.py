"""What a template sees: texts, numbers, true or false, and tuples of them, each with a page.

Nothing here leads to an array, a file or a function of ours but `lines`: a template in a pull
request is text, and must stay so.
"""

import re
from collections.abc import Mapping

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import Target
from blockc.values import Value

#: name -> what it is. `[]` stands for each item of a tuple.
NAMES: Mapping[str, str] = {
    "header[]": "a line of the header, without the mark of a comment",
    "registered": "the sentence about what the country of an address is, and when lists block "
    "that do not yet",
    "waiting": "the latter behind commas, for the end of a description, or nothing",
    "codes[]": "the code of a country that is blocked, where the artifact says countries",
    "provenance.list": "the list, or several joined by +",
    "provenance.title": "its title, or nothing",
    "provenance.policy": "the digest of what the policy says of the list, or with a full "
    "header of the whole policy",
    "provenance.header": "short, full or none, as the output says",
    "provenance.sample": "whether it was made from the bundled sample",
    "provenance.sources[].name": "a source, with a full header; else there are none",
    "provenance.sources[].date": "the date it gives itself",
    "provenance.sources[].digest": "the digest of its file",
    "option.NAME": "the value of an option of the target",
    "part_options[].NAME": "the same for each part of a list that is split, in the file that joins "
    "them; in all other files there is one, like `option`",
    "parts[].name": "the family: ipv4 or ipv6; a part for each family of the file",
    "parts[].version": "4 or 6",
    "parts[].count": "how many entries there are",
    "parts[].addresses": "how many addresses get a verdict from them",
    "parts[].texts[]": "the addresses of an entry",
    "parts[].entries[]": "the same, and the word for its verdict",
    "parts[].lines(before, after, unnamed, between, word_first)": "a line for each entry, made in "
    "one go: `before`, the addresses, a blank or `between`, the word, `after`; `unnamed` is the "
    "word where there is none; with `word_first=true` the word stands right before the addresses",
    "shards[].name": "the family, and where there are several shards which part of the space it is",
    "shards[].prefix": "that part of the space; there is a shard for each, see the option `shard`",
    "shards[].version": "4 or 6",
    "shards[].texts[]": "the addresses of an entry in the shard",
    "kind": "what the artifact says: list, verdicts, countries or codes",
    "default": "the word for what no entry holds, or nothing",
    "half": "which of two sets the file is: block or except; else all",
    "two_sets": "whether the list is said as two sets",
    "action": "what happens to the clients of one list: block, warn or monitor",
    "response.status": "the HTTP status that blocked clients get",
    "response.link": "the URL of who blocks, or nothing",
    "response.header": "the value of the header Link, or nothing",
    "response.asked": "whether a stage says so; `response` is none where others decide",
    "responds": "whether a stage of its lists, of any day, does not block or says what blocked "
    "clients get: where the file is included must not change with the day",
    "main": "the name of the artifact's first file",
}


class TemplatePart:
    """The entries of one family, as a template sees them."""

    __slots__ = ("_entries",)

    def __init__(self, entries: FamilyEntries) -> None:
        self._entries = entries  # the sandbox hides what begins with _

    @property
    def name(self) -> str:
        """Return `ipv4` or `ipv6`."""
        return self._entries.name

    @property
    def version(self) -> int:
        """Return 4 or 6."""
        return self._entries.version

    @property
    def count(self) -> int:
        """Return the number of entries."""
        return self._entries.count

    @property
    def addresses(self) -> int:
        """Return how many addresses get a verdict from the entries."""
        return self._entries.addresses

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the addresses of each entry."""
        return tuple(self._entries.texts)

    @property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """Return the addresses of each entry and the word for its verdict."""
        return tuple(self._entries.entries)

    def lines(
        self,
        before: str = "",
        after: str = "",
        unnamed: str = "",
        *,
        between: str = " ",
        word_first: bool = False,
    ) -> str:
        """Return a line for each entry, as `FamilyEntries.lines` does."""
        return self._entries.lines(before, after, unnamed, between=between, word_first=word_first)


def template_context(
    target: Target, document: Document, file: File, main: str
) -> dict[str, object]:
    """Return name -> value of everything a template sees of one file.

    Args:
        main: The path of the artifact's first file.

    Raises:
        PolicyError: If a verdict cannot be expressed.
        DoesNotFit: If there are too many entries or one is too wide.
    """
    parts = document.parts(target, file)
    words = target.words[document.kind]
    return {
        "header": tuple(document.header(parts)),
        "provenance": document.provenance,
        "registered": document.note,
        "waiting": document.waiting,
        "codes": document.codes,
        "option": dict(document.options),
        "part_options": tuple(map(dict, document.part_options or (document.options,))),
        "parts": tuple(map(TemplatePart, parts)),
        "shards": tuple(document.shards(target, file)) if target.sharding else (),
        "kind": str(document.kind),
        "default": words.word(words.default) or "",
        "half": str(file.half),
        "action": document.action,
        "response": document.response,
        "responds": target.responses.always,
        "main": main.rpartition("/")[2],
        "two_sets": target.match is Match.TWO_SETS,
    }


def top_names() -> tuple[str, ...]:
    """Return the names that a template sees at once."""
    return tuple(dict.fromkeys(re.split(r"\W", name)[0] for name in NAMES))


def names_of(value: object) -> tuple[str, ...]:
    """Return the names that a template can ask a value of ours for; none of a text or a number."""
    if isinstance(value, Mapping):
        return tuple(map(str, value))
    ours = isinstance(value, Value | TemplatePart)
    return tuple(name for name in dir(value) if ours and not name.startswith("_"))
