"""What an edge answers to the clients that a list blocks."""

from blockc.values import Value

HTTP_ERRORS = frozenset(range(400, 600))  # what can refuse a request
REFUSED = 403  # what every platform answers where the policy says no status


class Response(Value):
    """The answer to a blocked client.

    Attributes:
        status: The HTTP status.
        link: The URL of who blocks it, or nothing; see RFC 7725, section 4.
        asked: A stage says it, and not only an option of the target.
    """

    status: int = REFUSED
    link: str = ""
    asked: bool = True

    @property
    def header(self) -> str:
        """Return the value of the header `Link`, or nothing."""
        return f'<{self.link}>; rel="blocked-by"' if self.link else ""
