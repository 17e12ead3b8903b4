"""What a live system says it has of an artifact, read by the grammar of the artifact itself.

A program shows what it loaded in its own words: with counters, handles and other tables, in another
order, single addresses without a length. Those words are blanked out or spelled as the artifact
spells them, line by line, so that every line keeps its number; then the reader of the target reads
it. What a live system does not show is not asked for.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.plain_text import line_batches
from blockc.targets.core.target_options import OptionValue
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.json_tree import json_object
from blockc.targets.syntax.reading import Ordered, Part, Reading
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, replace

Options = Mapping[str, OptionValue]
LiveReader = Callable[[Sequence[Text], Options], Reading]


class LiveForm(Value, eq=False):
    """How what a live system has of an artifact is got and read.

    Attributes:
        commands: The shell commands whose output is read, one for each file.
        reader: Reads that output, in the order of the commands, or all of it in one file; the
            options are those with which the artifact was written.
        shows: What it shows beside the entries, of what the artifact was ordered to say.
        one_file: The output of all commands may stand in one file.
        alone: It does not show what rules around the entries do, so a list in two sets, and one
            that is written with rules, cannot be read from it.
        expects: What it must show besides, that no file orders.
        limits: What cannot be seen there, for the documentation.
    """

    commands: tuple[str, ...]
    reader: LiveReader
    shows: frozenset[str] = frozenset()
    one_file: bool = True
    alone: bool = False
    expects: Callable[[Options], Iterable[Ordered]] = lambda _options: ()
    limits: str = ""


def json_entries(key: str) -> LiveReader:
    """Return the reader of answers of an API: objects with all entries, as texts, under one key.

    What else an object holds is nobody's business, but each entry may be there only once.
    """

    def read(texts: Sequence[Text], _: Options) -> Reading:
        found: list[Part] = []
        for text in texts:
            answer = json_object(text)
            if not isinstance(answer.value.get(key), list):
                raise answer.error(f"expected an answer with a list of entries in {key!r}")
            entries = answer.child(key)
            parts = decode_rules(text, entries.texts(), 1, entries.where, families=FAMILIES)
            require_distinct(parts)
            found += parts
        return Reading(tuple(found))

    return read


def joined(texts: Sequence[Text]) -> Text:
    """Return several texts as one; of one, its lines keep their numbers."""
    return replace(texts[0], text="".join(one.text for one in texts))


def only(text: Text, keeps: Callable[[str], str | None]) -> Text:
    """Return a text with each line as `keeps` spells it, empty where that is None."""
    batches = line_batches(text.text)
    kept = ("\n".join([keeps(line) or "" for line in lines]) for lines in batches)
    return replace(text, text="\n".join(kept))


def block(text: Text, begin: re.Pattern[str], what: str) -> Text:
    """Return a text with nothing but one block in braces, each line where it was.

    Args:
        begin: Matches from the beginning of the block to its brace.
        what: The block, for messages.

    Raises:
        SourceSyntaxError: If there is no such block, or more than one.
    """
    found = list(begin.finditer(text.text))
    if len(found) != 1:
        said = f"there is no {what}" if not found else f"there are {len(found)} of {what}"
        raise text.error(said, found[1].start() if found else 0)
    depth, at = 0, found[0].end() - 1
    for brace in re.compile("[{}]").finditer(text.text, at):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            before = "\n" * text.text.count("\n", 0, found[0].start())
            return replace(text, text=f"{before}{text.text[found[0].start() : brace.end()]}\n")
    raise text.error(f"{what} has no end", found[0].start())
