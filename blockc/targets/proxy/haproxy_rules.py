"""The rules of a HAProxy frontend that refuse the clients for whom a map says `block`.

A word of a configuration may be quoted in part, escaped, or hold a variable of the environment;
here each is whole and plain, or in single quotes, which is the only place where nothing is special
but `%`, since the value of a header is a format: `%%` is the character.

Source: https://docs.haproxy.org/2.6/configuration.html, sections 2.2 and 4.2, and HAProxy 2.6.12.
"""

import re
from pathlib import PurePosixPath

from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Statements
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

HAPROXY = StatementGrammar(
    "HAProxy",
    word=re.compile(
        r"""[ \t]*+(?:\#[^\n]*+|(
            \n | '[^'\n]*+'(?=[ \t\n]|\Z) | [^ \t\r\n"'\\\#]++ | [\r"'\\]))""",
        re.VERBOSE,
    ),
    ends=(LINE_END,),
    marks="",
    odd="\"'#\\",
    longest_line=2_047,
)
_VARIABLE = re.compile(r"set-var\((txn\.[a-z0-9_]+)\)")
_LOOKUP = re.compile(r"src,map_ip\((/[\w./-]+),none\)", re.ASCII)
_PATH = re.compile(r"/[\w./-]+", re.ASCII)
_STATUS = re.compile(r"[45][0-9]{2}")
_LINK = re.compile(r"""'<((?:[^<>"'%\s]|%%)+)>; rel="blocked-by"'""")


def read_rules(text: Text, map_name: str) -> list[Found]:
    """Return what rules look up, and the status and link that they answer with.

    Args:
        map_name: The name of the map file.

    Raises:
        SourceSyntaxError: If they look up anything else than the client, or do anything else.
    """
    rules = HAPROXY.read(text)
    rules.skip_ends()
    variable, folder = _lookup(rules, map_name)
    rules.expect("http-request", "return", "status")
    found = [variable, folder, read_status(rules), *read_link(rules)]
    rules.expect("if", "{", f"var({variable.value})", "-m", "str", "block", "}", LINE_END)
    rules.skip_ends()
    if rules.word:
        raise rules.error("expected nothing after the answer")
    return found


def read_status(rules: Statements) -> Found:
    """Step over a status and return it."""
    status = rules.found("status")
    return replace(status, value=int(rules.take(_STATUS, "400 to 599")))


def read_link(rules: Statements) -> list[Found]:
    """Step over the header Link of an answer, if there is one, and return its URL."""
    if rules.word != "hdr":
        return []
    rules.expect("hdr", "Link")
    match, link = _LINK.fullmatch(rules.word), rules.found("link")
    if match is None:
        raise link.error("""expected '<URL>; rel="blocked-by"' with %% for %""")
    rules.step()
    return [replace(link, value=match[1].replace("%%", "%"))]


def read_path(rules: Statements, name: str, what: str) -> Found:
    """Step over the path of a file called `name` and return its folder."""
    folder = rules.found(f"folder of the {what}")
    path = PurePosixPath(rules.take(_PATH, "the whole path of a file"))
    if path.name != name:
        raise folder.error(f"the {what} is {path.name!r}, its file is {name!r}")
    return replace(folder, value=str(path.parent))


def _lookup(rules: Statements, map_name: str) -> tuple[Found, Found]:
    """Step over the rule that looks the client up; return its variable and the map's folder."""
    rules.expect("http-request")
    variable = rules.found("HAProxy variable")
    variable = replace(variable, value=rules.take(_VARIABLE, "set-var(txn.NAME)")[8:-1])
    lookup, match = rules.found("folder of the map"), _LOOKUP.fullmatch(rules.word)
    if match is None:
        raise lookup.error("expected src,map_ip(FILE,none) with the whole path of the map")
    path = PurePosixPath(match[1])
    if path.name != map_name:
        raise lookup.error(f"the map is {path.name!r}, its file is {map_name!r}")
    rules.step()
    rules.expect(LINE_END)
    return variable, replace(lookup, value=str(path.parent))
