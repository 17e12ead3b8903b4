"""Why a download came to nothing, and whether to try again."""

from blockc.errors import BlockcError


class FetchFailed(Exception):
    """One try to fetch failed.

    Attributes:
        heals: Whether the same url may well answer a moment later.
        wait_seconds: How long the server wants to be left alone first, if it said so.
    """

    def __init__(
        self, reason: str, *, heals: bool = False, wait_seconds: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.heals = heals
        self.wait_seconds = wait_seconds


class TooBig(FetchFailed):
    """What came is longer than it may be, packed or unpacked. Reading stopped there."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"is longer than {max_bytes:,} bytes")


def one_line(error: BlockcError) -> str:
    """Return where an error is and what it says, without the picture of the line."""
    return f"{error.at}: {error.message}" if error.at else str(error)
