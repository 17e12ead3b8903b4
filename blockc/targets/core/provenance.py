"""Where an artifact comes from: the list, the policy that wants it and the sources."""

from blockc.errors import PolicyError
from blockc.values import Value
from blockc.vocabulary import HeaderForm


class Origin(Value):
    """One source a list was made from: its name, the date it gives itself and its digest.

    Invariant: each is one printable word.
    """

    name: str
    date: str
    digest: str

    def __post_init__(self) -> None:
        _require_words(self.name, self.date, self.digest)


class Waiting(Value):
    """A list that does not block yet.

    Attributes:
        list: Its name.
        action: What its stage does.
        here: What that means in the artifact.
        begins: When it blocks, as the policy writes it, or nothing if no stage does.
        zone: The zone of a day, which the policy does not write.
    """

    list: str
    action: str
    here: str
    begins: str
    zone: str

    def __str__(self) -> str:
        zone = f" ({self.zone})" if self.zone else ""
        then = f"blocks from {self.begins}{zone} on"
        then = then if self.begins else "no stage that blocks follows"
        return f"stage {self.action} of list {self.list}: {self.here}; {then}"

    @property
    def brief(self) -> str:
        """Return when it blocks, for a field that names the list already and may not be long.

        There are few characters that every platform takes in such a field.
        """
        when = " ".join(filter(None, (self.begins, self.zone)))
        return f"blocks from {when} on" if when else "blocks in no stage"


class Provenance(Value):
    """Why an artifact is what it is; equal inputs give equal provenance, so there is no clock.

    A short header has no `sources`, which change every day though the entries do not, and the
    digest of what the policy says of this list; the manifest has the rest, by the digest of the
    file. A full one has the sources and the digest of the whole policy.

    Invariant: no value holds a character that a terminal or a parser could act on, and `policy`
    and the name of the list hold no blank either.
    """

    list: str
    policy: str
    title: str = ""
    sources: tuple[Origin, ...] = ()
    sample: bool = False
    header: HeaderForm = HeaderForm.SHORT

    def __post_init__(self) -> None:
        _require_words(self.list, self.policy)
        if not self.title.isprintable():
            raise PolicyError(
                f"the title of {self.list} holds characters that do not print",
                hint=f"write it without them: {self.title}",
            )


def _require_words(*words: str) -> None:
    if any(not word.isprintable() or " " in word for word in words):
        raise ValueError("a provenance is made of printable words")
