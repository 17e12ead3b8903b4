"""What Caddy's admin API says it has: `GET /config/`, or one route of it by its `@id`.

Places are lost: Caddy sorts keys and writes one line. A Caddyfile is turned into routes without the
names of its matchers, so a route of `caddy` is known by what it does alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from blockc.targets.core.live import Options, joined
from blockc.targets.syntax.tokens import Text
from blockc.values import loads_json, replace

MATCHERS = ("remote_ip", "client_ip")
Route = Mapping[str, Any]
_REFUSES = ("error ", "respond ", "abort")


def live_route(texts: Sequence[Text], options: Options) -> Text:
    """Return the route with the `@id` of an artifact.

    Raises:
        SourceSyntaxError: It is not there, or other routes of its server are asked before it.
    """
    text = joined(texts)
    shown = _shown(text)
    found = [(at, one) for at, one in _routes(shown, 0) if one.get("@id") == options["id"]]
    if len(found) != 1:
        said = f"there {'are' if found else 'is'} {len(found) or 'no'} route with the @id"
        raise text.error(f"{said} {options['id']!r}", 0)
    ((at, route),) = found
    if at:
        raise text.error(f"before the route {options['id']!r} others are asked, who may answer", 0)
    return replace(text, text=json.dumps(route, indent=1))


def live_site(texts: Sequence[Text], options: Options) -> Text:
    """Return a file in use as it is, or the only route that refuses addresses, in its words.

    Raises:
        SourceSyntaxError: There is no such route, or there are several.
    """
    text = joined(texts)
    if text.text.lstrip()[:1] != "{":
        return text
    routes = [one for _, one in _routes(_shown(text), 0)]
    refusing = [one for one in routes if _matcher(one) and _words_of(one).startswith(_REFUSES)]
    if len(refusing) != 1:
        said = f"there are {len(refusing)} routes" if refusing else "there is no route"
        hint = "the names of matchers are not shown: give the file that is in use with --dump"
        raise text.error(f"{said} that refuse clients by their address alone; {hint}", 0)
    matcher, name = _matcher(refusing[0]), f"@{options['matcher']}"
    lines = [f"{name} {matcher}"]
    for one in routes:
        words = _words_of(one)
        if words and _matcher(one) == matcher:
            verb, _, rest = words.partition(" ")
            lines.append(f"{verb} {name} {rest}".rstrip())
    return replace(text, text="".join(f"{line}\n" for line in lines))


def _shown(text: Text) -> Any:
    try:
        return loads_json(text.text)
    except (ValueError, RecursionError):
        raise text.error("not what the admin API of Caddy shows", 0) from None


def _routes(shown: Any, at: int) -> Iterator[tuple[int, Route]]:
    """Yield every object that handles requests, and its place in the list that it stands in."""
    if isinstance(shown, list):
        for number, one in enumerate(shown):
            yield from _routes(one, number)
    elif isinstance(shown, dict):
        if "handle" in shown:
            yield at, shown
        for one in shown.values():
            yield from _routes(one, 0)


def _matcher(route: Route) -> str:
    """Return the matcher of a route in words, nothing unless it compares one address alone."""
    match route:
        case {"match": [{"remote_ip": {"ranges": list(ranges), **more}, **others}]}:
            kind = MATCHERS[0]
        case {"match": [{"client_ip": {"ranges": list(ranges), **more}, **others}]}:
            kind = MATCHERS[1]
        case _:
            return ""
    return "" if more or others else " ".join([kind, *map(str, ranges)])


def _words_of(route: Route) -> str:
    """Return what a route does in words of a Caddyfile, nothing if it does anything else."""
    if not route.keys() <= {"match", "handle", "terminal"}:
        return ""
    match route["handle"]:
        case [{"handler": "error", "status_code": status, **more}] if not more:
            return f"error {status}"
        case [{"handler": "static_response", "status_code": status, **more}] if not more:
            return f"respond {status}"
        case [{"handler": "static_response", "abort": True, **more}] if not more:
            return "abort"
        case [{"handler": "headers", "response": {"set": {"Link": [str(link)], **more}, **rest}}]:
            return "" if more or rest else f"header Link `{link}`"
    return ""
