"""Lists of HTTP calls: what a call that revokes a key looks like, and how such a list is read.

A list is a JSON document; each call has a method, a URL, headers and a body, and no credential:
whoever makes the calls adds it. `merge` in place of `body` is for an API that replaces the whole
object: read the object at the same URL, put these values into it, and send it back.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from blockc.keys.key_target import KeyReader, KeyReading, OptionValues, ReadKey
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, field

_SCHEMA = "blockc-calls/1"


class CallForm(Value):
    """The call that does one thing to a key; `{column}` in the URL stands for a part of its name.

    `merge`: what is put into the object that is there; `body` is sent as it is.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    merge: Any = None

    def name_in(self, call: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the name of the key that a call is about, None if it is not of this form."""
        wanted = [self.method, dict(self.headers), self.body, self.merge]
        said = [call["method"], call["headers"], call["body"], call["merge"]]
        if json.dumps(said, sort_keys=True) != json.dumps(wanted, sort_keys=True):
            return None  # as JSON, to which 1 and true are not the same
        pieces = re.split(r"\{[a-z]+\}", self.url)
        match = re.fullmatch("([^/?#&]+)".join(map(re.escape, pieces)), call["url"], re.ASCII)
        if match is None or any(quote(unquote(one), safe="") != one for one in match.groups()):
            return None
        return tuple(map(unquote, match.groups()))


def calls_reader(forms: Callable[[OptionValues], Mapping[str, CallForm]]) -> KeyReader:
    """Return the reader of a list of calls.

    Args:
        forms: Returns action -> the call that does it, by the options.
    """

    def read(text: Text, options: OptionValues) -> KeyReading:
        top = json_object(text).fields({"schema": str, "list": str, "calls": list})
        if top["schema"].value != _SCHEMA:
            raise top["schema"].error(f"expected {_SCHEMA!r}")
        known = forms(options)
        keys = tuple(_read_call(item, known) for item in top["calls"].items())
        return KeyReading(keys, (top["list"].found("list"),))

    return read


def _read_call(item: JsonNode, known: Mapping[str, CallForm]) -> ReadKey:
    kinds = {"method": str, "url": str, "headers": dict}
    item.fields(kinds, {"body": dict, "merge": dict})
    call = {"body": None, "merge": None, **item.value}
    for action, form in known.items():
        name = form.name_in(call)
        if name is not None:
            return ReadKey(name, action, item.error)
    raise item.error("this call neither revokes nor restores one key of the gateway")
