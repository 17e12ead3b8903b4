"""The location of nginx from which devices poll a feed: one file, by ETag, for whom it is meant.

A device asks with the ETag of what it has. nginx makes the ETag of the time and the size of the
file, so an unchanged file is answered with 304 and no body, and a new one with 200.

Source: https://nginx.org/en/docs/http/ngx_http_core_module.html and nginx 1.22.1 itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.parse import parse_prefix
from blockc.targets.core.document import Document
from blockc.targets.core.layout import ExtraFile
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.syntax.reading import Found, Ordered
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.nginx_geo import NGINX
from blockc.values import replace

_DEVICE = r"[0-9a-fA-F]*[.:][0-9a-fA-F.:]*(?:/[0-9]{1,3})?"
_PATH = r"/[\w~-][\w.~-]*(?:/[\w~-][\w.~-]*){0,9}"
_ALWAYS = (  # what every location says, whatever the server around it says
    "default_type text/plain",
    "etag on",
    "if_modified_since exact",
    "add_header Cache-Control no-cache",
    "satisfy all",
)
_FOLDER, _ALLOWED, _DENIED = "folder of the feed", "allowed device", "other devices"
_REALM = "blocklists"
_SAY = {  # a directive with one argument -> what it says
    "alias": _FOLDER,
    "allow": _ALLOWED,
    "deny": _DENIED,
    "auth_basic": "realm",
    "auth_basic_user_file": "password file",
}


def options(target: str) -> tuple[Option, ...]:
    """Return the options of the location.

    One list may be served to several vendors, so the URL has the target in it.
    """
    return (
        Option(
            "url",
            f"/blocklists/{target}/{{list}}",
            "a path of letters, digits, `_`, `-`, `~` and dots inside a name, from / on",
            pattern=_PATH,
            part="-{part}",
            about="where devices get the feed",
        ),
        Option(
            "folder",
            "/var/lib/blockc",
            "the folder of the feed on the server, from / on",
            pattern=_PATH,
            about="where nginx finds the feed",
        ),
        Option(
            "allow",
            "",
            "addresses and prefixes with a blank between two of them, or nothing",
            pattern=rf"(?:{_DEVICE}(?: {_DEVICE}){{0,99}})?",
            about="which devices may get the feed; nothing for everybody",
        ),
        Option(
            "users",
            "",
            "a file of `htpasswd` on the server, from / on, or nothing",
            pattern=rf"(?:{_PATH})?",
            about="whose names and passwords may get the feed",
        ),
    )


NGINX_FILE = ExtraFile("feed.nginx.conf.j2", ".nginx.conf", FAMILIES, names_main=True)


def conflict(options: Mapping[str, OptionValue]) -> str:
    """Return which of the devices is not an address, or nothing."""
    for device in str(options["allow"]).split():
        try:
            parse_prefix(device)
        except ValueError as wrong:
            return f"allow: {wrong}"
    return ""


def serving(document: Document) -> Iterator[Ordered]:
    """Yield what the location must say, and nothing else of its kinds."""
    options = document.options
    yield Ordered("nginx location", options["url"], claimed=True)
    yield Ordered(_FOLDER, options["folder"])
    for device in str(options["allow"]).split():
        yield Ordered(_ALLOWED, device)
    if options["allow"]:
        yield Ordered(_DENIED, "denied")
    if options["users"]:
        yield Ordered("realm", _REALM)
        yield Ordered("password file", options["users"])


def read_location(text: Text, feed: Text) -> list[Found]:
    """Return what a location says of the one feed that it serves.

    Raises:
        SourceSyntaxError: If it serves another file, or says anything that is not understood.
    """
    server = NGINX.read(text)
    server.expect("location", "=")
    found = [server.found("nginx location")]
    server.take(re.compile(_PATH), "the path of one feed")
    server.expect("{")
    missing = list(_ALWAYS)
    while server.word not in {"}", ""}:
        directive = server.found("nginx directive")
        words = server.statement().words
        if " ".join(words) in missing:
            missing.remove(" ".join(words))
        else:
            found.append(_said(directive, words, feed.path.rpartition("/")[2]))
    if missing:
        raise server.error(f"expected `{missing[0]};`")
    server.expect("}")
    if server.word:
        raise server.error("expected nothing after the location")
    return _in_order(found)


def _said(directive: Found, words: Sequence[str], name: str) -> Found:
    """Return what a directive says that is not the same in every location."""
    if len(words) != 2 or words[0] not in _SAY:
        raise directive.error("this directive is not understood")
    verb, value = words
    if verb == "alias":
        value, _, served = value.rpartition("/")
        if served != name:
            raise directive.error(f"expected the feed {name!r}, found {served!r}")
    if verb == "deny" and value != "all":
        raise directive.error(f"expected all, found {value!r}")
    return replace(directive, what=_SAY[verb], value="denied" if verb == "deny" else value)


def _in_order(found: list[Found]) -> list[Found]:
    """Return what was found, if nothing is said twice, and no device allowed after all others."""
    said = set[tuple[str, object]]()
    for one in found:
        if (one.what, one.value) in said:
            raise one.error("this is said twice")
        if one.what == _ALLOWED and (_DENIED, "denied") in said:
            raise one.error("all devices are denied before this one is allowed")
        said.add((one.what, one.value))
    return found
