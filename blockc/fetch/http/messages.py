"""What a server is asked, what it answers, and why a download failed."""

from blockc.errors import BlockcError, printable
from blockc.values import Value


class HttpRequest(Value, kw_only=True):
    """What to ask for: a url, and what we have of it already.

    Attributes:
        etag: The ETag of what we have, or nothing.
        last_modified: Its Last-Modified, or nothing.
        max_bytes: How long the answer may be, packed and unpacked.
        private_redirects: A public host may send us on to one that is not.
    """

    url: str
    max_bytes: int
    etag: str = ""
    last_modified: str = ""
    private_redirects: bool = False

    @property
    def conditional(self) -> bool:
        """Return whether the server may answer that nothing changed."""
        return bool(self.etag or self.last_modified)

    def headers(self) -> dict[str, str]:
        """Return the headers of this request."""
        said = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in said.items() if value}


class HttpResponse(Value, kw_only=True):
    """What a server answered.

    Attributes:
        url: Where the answer came from in the end.
        status: 200, or 304 when what we have is what there is; `data` is empty then.
        etag: As sent, or nothing.
        last_modified: As sent, or nothing.
        data: The body, unpacked.
    """

    url: str
    status: int
    etag: str = ""
    last_modified: str = ""
    data: bytes = b""


class FetchFailed(Exception):
    """One try to fetch failed.

    Attributes:
        retryable: Whether the same url may well answer a moment later.
        wait_seconds: How long the server wants to be left alone first, if it said so.
        broken: What came is not what its definition says, so trying again does not help.
    """

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool = False,
        wait_seconds: float | None = None,
        broken: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.wait_seconds = wait_seconds
        self.broken = broken


class TooBig(FetchFailed):
    """What came is longer than it may be, packed or unpacked. Reading stopped there."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"is longer than {max_bytes:,} bytes")


def one_line(error: BlockcError) -> str:
    """Return where an error is, what it says and what to do, without the picture of the line."""
    step = f"; {error.hint}" if error.hint and error.hint != _AGAIN else ""
    return f"{error.at}: {printable(error.message + step)}" if error.at else str(error)


_AGAIN = "fetch it again"  # which is what has just been done
