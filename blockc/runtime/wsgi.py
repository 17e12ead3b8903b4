"""Middleware for WSGI: Flask, Django, Bottle and others.

app.wsgi_app = BlocklistWSGI(app.wsgi_app, blockc.load("dist"))
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from blockc.runtime.gate import Gate, phrase
from blockc.runtime.matcher import Matcher

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class BlocklistWSGI:
    """Refuses clients that a list blocks, before the application sees them.

    What was decided stands in `environ["blockc"]`, a `Visit`, for the application: a client with
    the action `warn` may be told.

    Args:
        app: The application.
        matcher: Who answers.
        options: See `Gate`.
    """

    def __init__(self, app: "WSGIApplication", matcher: Matcher, **options: Any) -> None:
        self.app = app
        self.gate = Gate(matcher, **options)
        self._key = "HTTP_" + self.gate.proxies.header.upper().replace("-", "_")

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let one request through, or answer it."""
        said = [environ[self._key]] if self._key in environ else []
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        visit = self.gate.visit(environ.get("REMOTE_ADDR") or None, said, path)
        if not visit.refused:
            environ["blockc"] = visit
            return self.app(environ, start_response)
        status, headers, body = self.gate.refusal(visit.answer)
        start_response(f"{status} {phrase(status)}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
