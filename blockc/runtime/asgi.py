"""Middleware for ASGI: Starlette, FastAPI, Django, Quart, Litestar and others.

app = BlocklistASGI(app, blockc.load("dist"), proxies=Proxies(["10.0.0.0/8"]))
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from blockc.runtime.gate import Gate
from blockc.runtime.matcher import Matcher

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1


class BlocklistASGI:
    """Refuses clients that a list blocks, before the application sees them.

    What was decided stands in `scope["blockc"]`, a `Visit`, for the application: a client with the
    action `warn` may be told.

    Args:
        app: The application.
        matcher: Who answers.
        options: See `Gate`.
    """

    def __init__(self, app: Application, matcher: Matcher, **options: Any) -> None:
        self.app = app
        self.gate = Gate(matcher, **options)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let one request or connection through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        name = self.gate.proxies.header.encode()
        said = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
        peer = scope.get("client")
        visit = self.gate.visit((peer[0] or None) if peer else None, said, scope["path"])
        if not visit.refused:
            await self.app({**scope, "blockc": visit}, receive, send)
            return
        status, headers, body = self.gate.refusal(visit.answer)
        raw = [(key.lower().encode(), value.encode("latin-1")) for key, value in headers]
        if scope["type"] == "http":
            kind = "http.response"
        elif "websocket.http.response" in scope.get("extensions", {}):
            kind = "websocket.http.response"
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        await send({"type": f"{kind}.start", "status": status, "headers": raw})
        await send({"type": f"{kind}.body", "body": b"" if scope.get("method") == "HEAD" else body})
