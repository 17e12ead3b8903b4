"""What a server of nginx answers to the clients that a variable names.

`return` alone sends no header, and in a server's `if` none can be added. So where there is a link
the status is also an error page, and the place that answers for it adds the header. A server has
one page for a status, that of the file that is included first; so who refuses says the link in a
variable, and each page sends what that holds.

Source: https://nginx.org/en/docs/http/ngx_http_rewrite_module.html and nginx 1.22.1 itself, which
asks this `if` before it looks for a location. `recursive_error_pages off` matters where a server
has it on: the page would be the answer to itself, and that is 500.
"""

import re

from blockc.targets.core.response import HTTP_ERRORS
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.statements import Statements
from blockc.values import replace

#: What nginx 1.22.1 answers as it is asked to: 408 and 444 close the connection, 494 to 497 turn
#: into 400, and 499 cannot be an error page.
STATUSES = HTTP_ERRORS - {408, 444, *range(494, 498), 499}
_SENT = "$blockc_link"
_STATUS = re.compile(r"[45][0-9]{2}")
_NAME = re.compile(r"@[A-Za-z0-9_]+")
_LINK = re.compile(r"""(['"]?)<([^<>"'\\$\s]+)>; rel=(?:"blocked-by"|blocked-by)\1""")


def read_server(server: Statements, condition: str) -> list[Found]:
    """Return the status and the link that clients get for whom a condition is true.

    Args:
        condition: What stands between the parentheses of `if`, its words with a blank between them.

    Raises:
        SourceSyntaxError: If the server refuses on another condition, or does anything else.
    """
    server.expect("if")
    asked, words = server.found("nginx condition"), []
    while server.word not in {"{", ""}:
        words.append(server.step())
    if re.sub(r"^\( ?| ?\)$", "", " ".join(words)) != condition:
        raise asked.error(f"expected ({condition}), found {' '.join(words)}")
    server.expect("{")
    link = [_link(server)] if server.word == "set" else []
    server.expect("return")
    status = _status(server)
    server.expect(";", "}")
    if link:
        _expect_page(server, status)
    if server.word:
        raise server.error("expected nothing after the answer")
    return [status, *link]


def _status(server: Statements) -> Found:
    status = server.found("status")
    return replace(status, value=int(server.take(_STATUS, "a status from 400 to 599")))


def _link(server: Statements) -> Found:
    """Step over the link that is put into the variable, and return it."""
    server.expect("set", _SENT)
    match, link = _LINK.fullmatch(server.word), server.found("link")
    if match is None:
        raise link.error('expected <URL>; rel="blocked-by" without variables')
    server.step()
    server.expect(";")
    return replace(link, value=match[2])


def _expect_page(server: Statements, status: Found) -> None:
    """Step over the page for a status and its location, which sends what the variable holds."""
    server.expect("error_page", str(status.value))
    name = server.take(_NAME, "the name of a location, with @")
    server.expect(";", "location", name, "{", "recursive_error_pages", "off", ";")
    server.expect("add_header", "Link", _SENT, "always", ";", "return", str(status.value), ";", "}")
