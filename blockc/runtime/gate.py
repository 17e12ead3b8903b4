"""Whether a request passes: what the middleware for ASGI and for WSGI share."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from blockc.runtime.clients import Proxies, UnreadableClientError
from blockc.runtime.matcher import Answer, Matcher

_LOG = logging.getLogger("blockc")
UNREADABLE = "unreadable"
REFUSE, PASS = "refuse", "pass"
Paths = Mapping[str, Matcher | None]


class Visit(NamedTuple):
    """What was decided about one request.

    Attributes:
        client: The address of the client, empty if it cannot be read.
        path: The path of the request.
        answer: What the list says; its action is `unreadable` where nobody knows the client.
        refused: Whether the request is refused.
    """

    client: str
    path: str
    answer: Answer
    refused: bool


class Gate:
    """Decides about requests, and counts.

    Args:
        matcher: Answers for every path that no other answers for.
        proxies: Who may say who the client is; None: nobody, so the connection tells.
        paths: Path -> who answers for it and for all below it, None: nobody, all may pass. The
            longest path decides.
        unreadable: What happens where a trusted proxy does not say who the client is in a way
            that can be read: `refuse`, or `pass`.
        tell: Is called with every visit of a client that is listed or unreadable, in the thread
            or task of the request.
        body: The text of a refusal.

    Attributes:
        counts: How many requests there were by (list, action), those that are not listed under
            an empty action. It is safe to read at any time.
    """

    def __init__(
        self,
        matcher: Matcher,
        *,
        proxies: Proxies | None = None,
        paths: Paths | None = None,
        unreadable: str = REFUSE,
        tell: Callable[[Visit], None] | None = None,
        body: str = "",
    ) -> None:
        if unreadable not in (REFUSE, PASS):
            raise ValueError(f"unreadable is {unreadable!r}, expected {REFUSE!r} or {PASS!r}")
        for path in paths or {}:
            if not path.startswith("/"):
                raise ValueError(f"the path {path!r} does not begin with /")
        self.proxies = proxies or Proxies()
        self.counts: Counter[tuple[str, str]] = Counter()
        self._matcher = matcher
        self._paths = {path.rstrip("/"): one for path, one in (paths or {}).items()}
        self._unreadable, self._tell, self._body = unreadable, tell, body
        self._lock = threading.Lock()

    def visit(self, peer: str | None, said: list[str], path: str) -> Visit:
        """Return what happens to a request.

        Args:
            peer: The address that the connection comes from, None if it has none.
            said: The values of the header of the proxies.
            path: The path of the request, decoded.
        """
        matcher = self._answering(path)
        if matcher is None:
            return Visit(peer or "", path, Answer("", "", 0, ""), refused=False)
        client = ""
        try:
            client = self.proxies.client(peer, said)
            answer = matcher.lookup(client)
        except (UnreadableClientError, ValueError) as reason:
            _LOG.warning("a client that cannot be read: %s", reason)
            client = ""
            answer = Answer(UNREADABLE, matcher.list, HTTPStatus.FORBIDDEN, "")
        refused = answer.action == "block"
        if answer.action == UNREADABLE:
            refused = self._unreadable == REFUSE
        visit = Visit(client, path, answer, refused)
        with self._lock:
            self.counts[answer.list, answer.action] += 1
        self._told(visit)
        return visit

    def refusal(self, answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body of the answer to a client that is refused."""
        body = (self._body or f"{answer.status} {phrase(answer.status)}\n").encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),  # a cache would show it to others
        ]
        if answer.link:
            headers.append(("Link", f'<{answer.link}>; rel="blocked-by"'))
        return answer.status, headers, body

    def _answering(self, path: str) -> Matcher | None:
        """Return who answers for a path.

        A path that an application could take for another, as `/open/../shop`, has no rule of its
        own.
        """
        steps = path.removesuffix("/").split("/")[1:]
        if not self._paths or "\\" in path or {"", ".", ".."}.intersection(steps):
            return self._matcher
        while steps:
            at = "/".join(["", *steps])
            if at in self._paths:
                return self._paths[at]
            steps.pop()
        return self._paths.get("", self._matcher)

    def _told(self, visit: Visit) -> None:
        """Tell who wants to know; their faults are in the log, and no client's business."""
        try:
            if self._tell and visit.answer.action:
                self._tell(visit)
        except Exception:  # noqa: BLE001  whatever it raises, it must not answer the client
            _LOG.exception("telling of a visit failed")


def phrase(status: int) -> str:
    """Return the words beside an HTTP status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
