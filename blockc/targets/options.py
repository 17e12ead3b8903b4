"""Options of a target: what an operator may set, what holds if nothing is said, what is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from blockc.errors import BlockcError, Mistakes, PolicyError, suggestion

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Option:
    """One thing an operator may choose about an output; the default's type is its type.

    Args:
        default: In a text, `{list}` is the list's name and `{word}` the same with `_` for `-`.
        expects: What is accepted, as a phrase for messages and the documentation.
        pattern: What a text must match from end to end; values reach templates unescaped, so
            this is also what keeps an artifact from being broken into.
        within: What a number must lie in.
    """

    name: str
    default: Value
    expects: str
    pattern: str = ""
    within: range = range(0)

    def value(self, given: object, list_name: str) -> Value:
        """Return the checked value for a list; `given` is None where the policy says nothing.

        Raises:
            PolicyError: If the value, or the default for this list's name, is not accepted.
        """
        chosen = self._default_for(list_name) if given is None else given
        if type(chosen) is type(self.default) and self._accepts(chosen):
            return chosen
        raise PolicyError(
            f"option {self.name!r} is {chosen!r}, expected {self.expects}",
            hint=f"set {self.name} in the output" if given is None else "",
        )

    def _accepts(self, chosen: Value) -> bool:
        if isinstance(chosen, bool):
            return True
        if isinstance(chosen, int):
            return chosen in self.within
        return re.fullmatch(self.pattern, chosen, re.ASCII) is not None

    def _default_for(self, list_name: str) -> Value:
        if not isinstance(self.default, str):
            return self.default
        word = list_name.replace("-", "_")
        return self.default.replace("{list}", list_name).replace("{word}", word)


def settle(
    target: str, options: tuple[Option, ...], given: Mapping[str, object], list_name: str
) -> dict[str, Value]:
    """Return a value for every option of `target`.

    Raises:
        PolicyError: If an option is unknown or its value refused; several as `Mistakes`.
    """
    known = {option.name: option for option in options}
    mistakes: list[BlockcError] = [
        PolicyError(f"{target} has no option {name!r}{suggestion(name, known)}")
        for name in given
        if name not in known
    ]
    settled: dict[str, Value] = {}
    for option in options:
        try:
            settled[option.name] = option.value(given.get(option.name), list_name)
        except PolicyError as mistake:
            mistakes.append(PolicyError(f"{target}: {mistake.message}", hint=mistake.hint))
    if len(mistakes) > 1:
        raise Mistakes(mistakes)
    if mistakes:
        raise mistakes[0]
    return settled
