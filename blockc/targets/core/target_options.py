"""Options of a target: what an operator may set, what holds if nothing is said, what is refused."""

import re
from collections.abc import Mapping

from blockc.errors import BlockcError, Mistakes, PolicyError, suggestion
from blockc.targets.core.verdicts import ContentKind
from blockc.values import Value, field

OptionValue = str | int | bool


class OptionContext(Value):
    """What an artifact holds: a list, and which part of it, from 1; 0 for the whole list.

    What joins the parts of a list is of the whole list.

    `kind`: what it says about an address.
    """

    list: str
    part: int = 0
    kind: ContentKind = ContentKind.LIST


class Option(Value):
    """One thing an operator may choose about an output; the default's type is its type.

    Args:
        default: In a text, `{list}` is the list's name and `{word}` the same with `_` for `-`.
        part: What is added to the default where a list is split into parts, `{part}` being the
            number. An option that has it names something that must not be the same in two parts.
        expects: What is accepted, as a phrase for messages and the documentation.
        by_kind: Its default where an artifact says more than whether an address is blocked: one
            name must not be a number today and a word tomorrow.
        about: What it sets, as a phrase for the documentation and the JSON Schema.
        pattern: What a text must match from end to end; values reach templates unescaped, so
            this is also what keeps an artifact from being broken into.
        within: What a number must lie in.
    """

    name: str
    default: OptionValue
    expects: str
    pattern: str = ""
    within: range = range(0)
    part: str = ""
    about: str = ""
    by_kind: Mapping[ContentKind, str] = field(default_factory=dict)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of what a policy may give.

        Not the pattern of a text, which holds only once `{list}`, `{word}` and `{part}` are filled.
        """
        kind = {bool: "boolean", int: "integer", str: "string"}[type(self.default)]
        found = {"description": f"{self.about}: {self.expects}", "type": kind}
        bounds = {"minimum": self.within.start, "maximum": self.within.stop - 1}
        return {**found, **(bounds if self.within else {}), "default": self.default}

    def value(self, given: object, holds: OptionContext) -> OptionValue:
        """Return the checked value for a list; `given` is None where the policy says nothing.

        Raises:
            PolicyError: If the value, or the default for this list's name, is not accepted.
        """
        chosen = self._filled(given, holds)
        if isinstance(chosen, str | int) and self._accepts(chosen):
            return chosen
        raise PolicyError(
            f"option {self.name!r} is {chosen!r}, expected {self.expects}",
            hint=f"set {self.name} in the output" if given is None else "",
        )

    def _accepts(self, chosen: OptionValue) -> bool:
        if type(chosen) is not type(self.default):
            return False
        if isinstance(chosen, bool):
            return True
        if isinstance(chosen, int):
            return chosen in self.within
        return re.fullmatch(self.pattern, chosen, re.ASCII) is not None

    def _filled(self, given: object, holds: OptionContext) -> object:
        """Return the text with list and part in their places; what is no text stays as it is."""
        text = self.by_kind.get(holds.kind, self.default) if given is None else given
        if not isinstance(text, str):
            return text
        if self.part and holds.part:
            text += self.part if given is None else ""
            if "{part}" not in text:
                raise PolicyError(
                    f"option {self.name!r} is {text!r} in every part of a list that is split",
                    hint=f"write {{part}} into it, such as {text + self.part!r}",
                )
        if not holds.part:
            text = text.replace(self.part, "")
        text = text.replace("{part}", str(holds.part or ""))
        word = holds.list.replace("-", "_")
        return text.replace("{list}", holds.list).replace("{word}", word)


def settle(
    target: str, options: tuple[Option, ...], given: Mapping[str, object], holds: OptionContext
) -> dict[str, OptionValue]:
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
    settled: dict[str, OptionValue] = {}
    for option in options:
        try:
            settled[option.name] = option.value(given.get(option.name), holds)
        except PolicyError as mistake:
            mistakes.append(PolicyError(f"{target}: {mistake.message}", hint=mistake.hint))
    if len(mistakes) > 1:
        raise Mistakes(mistakes)
    if mistakes:
        raise mistakes[0]
    return settled
