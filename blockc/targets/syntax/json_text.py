"""A JSON object read strictly: known keys, once each, of known types, and errors with a line."""

import json
from collections.abc import Mapping
from typing import Any

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.tokens import Text, Where


class JsonText:
    """The one object a text holds.

    Raises:
        SourceSyntaxError: If the text is not one JSON object, or a key occurs twice in one.
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        try:
            value = json.loads(text.text, object_pairs_hook=self._unique)
        except json.JSONDecodeError as error:
            raise text.error(f"not JSON: {error.msg.lower()}", error.pos) from None
        except (ValueError, RecursionError):
            raise text.error("not JSON: a number too long or nested too deep", 0) from None
        if not isinstance(value, dict):
            raise text.error("expected a JSON object", 0)
        self._values: dict[str, Any] = value

    def require_keys(self, kinds: Mapping[str, type]) -> None:
        """Raise SourceSyntaxError unless the keys are exactly those of `kinds`, of those types."""
        for key in self._values.keys() - kinds.keys():
            raise self._about(key, f"unknown key {key!r}")
        for key, kind in kinds.items():
            if key not in self._values:
                raise self._text.error(f"the key {key!r} is missing", 0)
            if type(self._values[key]) is not kind:
                raise self._about(key, f"{key!r} is not a {_JSON_NAMES[kind]}")

    def require_value(self, key: str, wanted: object) -> None:
        """Raise SourceSyntaxError unless `key` has the value `wanted`."""
        if self._values[key] != wanted:
            raise self._about(key, f"{key!r} is {self._values[key]!r}, expected {wanted!r}")

    def value(self, key: str) -> Any:
        """Return the value of a key that `require_keys` found."""
        return self._values[key]

    def texts(self, key: str) -> list[str]:
        """Return the list under `key`, all of it texts."""
        items: list[str] = self._values[key]
        for item in items:
            if type(item) is not str:
                raise self._about(key, f"{item!r} in {key!r} is not a text")
        return items

    def where(self, key: str) -> Where:
        """Return what makes the error about an item of the list under `key`."""

        def about_item(at: int, why: str) -> SourceSyntaxError:
            item = json.dumps(self._values[key][at])
            place = self._text.text.find(item, max(0, self._place(key)))
            return self._text.error(f"{key}[{at}]: {why}", max(0, place), len(item))

        return about_item

    def _place(self, key: str) -> int:
        return self._text.text.rfind(json.dumps(key))

    def _about(self, key: str, message: str) -> SourceSyntaxError:
        return self._text.error(message, max(0, self._place(key)), len(key) + 2)

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            place = self._text.text.rfind(json.dumps(twice))
            raise self._text.error(f"the key {twice!r} occurs twice", max(0, place), len(twice) + 2)
        return found


_JSON_NAMES = {str: "text", list: "list", bool: "true or false", dict: "object", int: "number"}
