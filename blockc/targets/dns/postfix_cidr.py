"""Postfix `cidr:` tables: a prefix and what to do per line, the first that fits decides.

An exception is a line with DUNNO before a wider one. `!PREFIX` is none: that is everybody else.
"""

from blockc.addresses.rules import Match
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.line_grammar import LineGrammar
from blockc.targets.syntax.reading import Reading, each
from blockc.targets.syntax.tokens import Text

_LINES = LineGrammar("Postfix", "a prefix and one word", width=2, continued=True)
_WORDS = Vocabulary({"": "DUNNO", "block": "REJECT", "warn": "WARN", "monitor": "INFO"})


def read_cidr_table(text: Text) -> Reading:
    """Return the rules of a table: the first line that holds a client decides.

    Source: cidr_table(5), access(5) and postmap 3.7 itself. What it skips with a warning (host
    bits) or takes otherwise than it looks (a line that begins with a blank, `!`, a prefix twice) is
    an error here.
    """
    lines = _LINES.read(text)
    networks, words = lines.columns
    names, verdicts = _WORDS.read(words)
    if -1 in verdicts:
        at = verdicts.index(-1)
        raise lines.error(at, f"{words[at]!r} is not one of {', '.join(_WORDS.said.values())}")
    reading = Reading(decode_rules(text, networks, verdicts, lines.error), names)
    require_distinct(reading.parts)
    return reading


_NOTES = """\
Name it in a restriction of main.cf:
`smtpd_client_restrictions = check_client_access cidr:/etc/postfix/list.cidr`. `REJECT` answers with
the code `access_map_reject_code` (554). `INFO` and `WARN`, for the stages `monitor` and `warn`,
write a line into the log for each client, and the mail goes on. `INFO` needs Postfix 3.0.

Postfix compares the lines one after the other for every client. A client of IPv4 is one of IPv4 on
every socket."""

# Asks about a client of each family; 1 is the answer that none of them is in the table. Postfix
# waits two seconds for a file that is new to be written to its end, so they are made old.
_NATIVE = NativeCheck(
    programs=("postmap",),
    packages=("postfix",),
    argv=("sh", "@folder@/check.sh"),
    success_codes=(0, 1),
    warning="warning:",
    files={
        "main.cf": "compatibility_level = 3.6\nmyhostname = check.invalid\n",
        "check.sh": "touch -d 1970-01-02 @folder@/main.cf @0@\n"
        "printf '192.0.2.1\\n2001:db8::1\\n' | postmap -c @folder@ -q - cidr:@0@\n",
    },
)

POSTFIX_CIDR = Target(
    name="postfix-cidr",
    title="Postfix cidr table",
    match=Match.FIRST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="postfix-cidr.cidr.j2",
    ending="cidr",
    reader=each(read_cidr_table),
    words={ContentKind.LIST: _WORDS, ContentKind.VERDICTS: _WORDS},
    comment="#",
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference(
            "https://manpages.debian.org/bookworm/postfix/cidr_table.5.en.html",
            checked="2026-11-27",
        ),
        Reference(
            "https://manpages.debian.org/bookworm/postfix/access.5.en.html", checked="2026-11-27"
        ),
    ),
    deployment=Deployment(
        load="postfix reload  # a running process goes on with the table that it has open",
        rollback="blockc rollback && postfix reload",
    ),
)
