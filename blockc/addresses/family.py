"""Families of addresses, and one prefix of a family."""

from ipaddress import IPv4Address, IPv6Address

from blockc.values import Value


class Family(Value, order=True):
    """An address universe of `2**width` addresses. Tests make one of 3 or 4 bits and try it all."""

    version: int
    width: int

    def __post_init__(self) -> None:
        if not 0 < self.width <= 64 and self.width != 128:
            raise ValueError(f"a family has 1 to 64 or 128 bits, not {self.width}")

    @property
    def size(self) -> int:
        """Return the number of addresses."""
        return 1 << self.width

    @property
    def last(self) -> int:
        """Return the highest address."""
        return self.size - 1

    @property
    def grain(self) -> int:
        """Return how many low bits a narrow column leaves out (see `columns`)."""
        return max(0, self.width - 64)

    @property
    def name(self) -> str:
        """Return `ipv4` or `ipv6`, the word for the family in file names and reports."""
        return f"ipv{self.version}"

    def text(self, address: int) -> str:
        """Return the canonical text of `address` (RFC 5952 for IPv6).

        In hexadecimal throughout: Pythons differ about dotted octets in IPv4-mapped addresses.
        """
        if self == V4:
            return str(IPv4Address(address))
        if self == V6 and address >> 32 == 0xFFFF:
            return f"::ffff:{address >> 16 & 0xFFFF:x}:{address & 0xFFFF:x}"
        return str(IPv6Address(address)) if self == V6 else f"{address:#x}"


V4 = Family(4, 32)
V6 = Family(6, 128)
FAMILIES = (V4, V6)


class Prefix(Value, order=True):
    """The `2**(width - length)` addresses of `family` that start at `first`.

    Sorts by family, then address, then length, which is the order of every artifact.
    Host bits are an error, never silently cleared: whoever reads a text decides what they mean.
    """

    family: Family
    first: int
    length: int

    def __post_init__(self) -> None:
        if not 0 <= self.length <= self.family.width:
            raise ValueError(f"prefix length {self.length} outside 0..{self.family.width}")
        if not 0 <= self.first < self.family.size or self.first % self.size:
            raise ValueError(f"{self.first:#x}/{self.length} has host bits set")

    @property
    def size(self) -> int:
        """Return the number of addresses."""
        return 1 << (self.family.width - self.length)

    @property
    def last(self) -> int:
        """Return the highest address."""
        return self.first + self.size - 1

    def __str__(self) -> str:
        return f"{self.family.text(self.first)}/{self.length}"


MAPPED = Prefix(V6, 0xFFFF << 32, 96)  # ::ffff:0:0/96, IPv4 addresses as IPv6 spells them
