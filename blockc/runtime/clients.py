"""Who sends a request: the address of the client, found behind the proxies that one trusts.

A client may write what it likes into `X-Forwarded-For` or `Forwarded`. Each proxy adds, at the
right, the address that it was asked from. So the list is read from the right, and the first
address that is not a trusted proxy's is the client: what stands left of it was said by strangers.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence

from blockc.runtime.matcher import packed_address

X_FORWARDED_FOR, FORWARDED = "x-forwarded-for", "forwarded"
UNIX_SOCKET = "unix"  # as a trusted proxy: whoever connects through a socket of this machine
# RFC 7239, section 4: pairs with `;` between them, elements with `,`.
_TOKEN, _QUOTED = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", r'"(?:[^"\\]|\\.)*"'
_PAIR = re.compile(rf"[ \t]*({_TOKEN})=({_TOKEN}|{_QUOTED})[ \t]*(;|,|$)")
_ESCAPED = re.compile(r"\\(.)")
_PORT = re.compile(r":[0-9]{1,5}|:_[A-Za-z0-9._-]+")


class UnreadableClientError(ValueError):
    """A trusted proxy says who the client is, and it cannot be read."""


class Proxies:
    """The proxies that one trusts to say who asked them.

    Args:
        trusted: Their addresses and prefixes; `unix` for whoever connects through a socket of this
            machine, which has no address.
        header: The header they write, `x-forwarded-for` or `forwarded` (RFC 7239). What clients
            write into another one is not looked at.

    Raises:
        ValueError: One is not an address or prefix, or the header is another.
    """

    def __init__(self, trusted: Iterable[str] = (), header: str = X_FORWARDED_FOR) -> None:
        self.header = header.lower()
        if self.header not in (X_FORWARDED_FOR, FORWARDED):
            raise ValueError(f"{header!r} is neither {X_FORWARDED_FOR} nor {FORWARDED}")
        given = list(trusted)
        self._unix = UNIX_SOCKET in given
        nets = [ipaddress.ip_network(text) for text in given if text != UNIX_SOCKET]
        self._spans = [(net[0].packed, net[-1].packed) for net in nets]

    def ipv4_spans(self) -> list[tuple[int, int]]:
        """Return the first and the last address of each trusted prefix of IPv4, as numbers."""
        pairs = [(first, last) for first, last in self._spans if len(first) == 4]
        return [(int.from_bytes(first), int.from_bytes(last)) for first, last in pairs]

    def client(self, peer: str | None, said: Sequence[str]) -> str:
        """Return the address of the client.

        Args:
            peer: The address that the connection comes from; None for a socket of this machine.
            said: The values of `header`, one for each time that the request has it, in order.

        Raises:
            UnreadableClientError: A trusted proxy does not say it, or not as an address.
        """
        hop = peer
        for value in self._hops(said):
            if not self._trusts(hop):
                break
            hop = address_of(value)
        if hop is None:
            raise UnreadableClientError("a client without an address, of whom no proxy tells")
        return hop

    def _hops(self, said: Sequence[str]) -> Iterator[str]:
        """Yield what each proxy said, the nearest first, no further than is asked for."""
        together = ",".join(said)
        if not together.strip():
            return
        if self.header == X_FORWARDED_FOR:
            yield from reversed(together.split(","))
        else:
            yield from reversed(_forwarded(together))

    def _trusts(self, hop: str | None) -> bool:
        if hop is None:
            return self._unix
        try:
            packed, _ = packed_address(hop)
        except ValueError:
            raise UnreadableClientError(f"{hop!r} is not an address") from None
        return any(
            len(first) == len(packed) and first <= packed <= last for first, last in self._spans
        )


def address_of(text: str) -> str:
    """Return the address in what a proxy writes about a client: with a port, in brackets.

    Raises:
        UnreadableClientError: There is none, as in `unknown` or `_hidden`.

    >>> address_of(" [2001:db8::1]:443")
    '2001:db8::1'
    """
    word = text.strip(" \t")
    if word.startswith("[") and "]" in word:
        address, _, port = word[1:].partition("]")
    elif word.count(":") == 1:
        address, colon, port = word.partition(":")
        port = colon + port
    else:
        address, port = word, ""
    try:
        packed_address(address)
    except ValueError:
        address = ""
    if not address or (port and not _PORT.fullmatch(port)):
        raise UnreadableClientError(f"{text!r} is not the address of a client")
    return address


def _forwarded(value: str) -> list[str]:
    """Return what each element of `Forwarded` says with `for`; nothing where it does not."""
    hops, at, said, end = list[str](), 0, "", ","
    while at < len(value) or end == ";":
        pair = _PAIR.match(value, at)
        if pair is None:
            # Where one element ends is not known, so none of them is.
            raise UnreadableClientError(f"{value!r} is not a header Forwarded")
        name, word, end = pair.groups()
        if name.lower() == "for":
            said = _ESCAPED.sub(r"\1", word[1:-1]) if word.startswith('"') else word
        if end != ";":
            hops.append(said)
            said = ""
        at = pair.end()
    return hops
