"""The middleware refuses whom a list blocks, counts the others, and lets the application see."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from blockc.runtime.asgi import BlocklistASGI, Message, Receive, Send
from blockc.runtime.clients import Proxies
from blockc.runtime.gate import Gate, Visit
from blockc.runtime.matcher import Matcher
from blockc.runtime.wsgi import BlocklistWSGI
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.matcher_file import MATCHER
from blockc.values import replace
from tests.targets.artifacts import TEMPLATES, draft, nested

BLOCKED, WARNED, WATCHED, FREE = "192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8"
RULES = [("192.0.2.0/24", 1), ("198.51.100.0/24", 2), ("203.0.113.0/24", 3)]
LINK = "https://example.com/legal"


LEGAL = Response(451, LINK)


def matcher(folder: Path, response: Response | None = LEGAL) -> Matcher:
    """Return a matcher of one network per action."""
    names = ("", "block", "warn", "monitor")
    document = draft(MATCHER, nested(*RULES), kind=ContentKind.VERDICTS, names=names)
    path = folder / "x.blockc"
    said = replace(document, response=response)
    path.write_bytes(render(MATCHER, said, "x.blockc", TEMPLATES)[0].data)
    return Matcher(path, every=None)


@pytest.fixture
def answers(tmp_path: Path) -> Matcher:
    """Return a matcher of one network per action, that says 451."""
    return matcher(tmp_path)


Answer = tuple[int, dict[str, str], bytes]


def by_wsgi(
    answers: Matcher, peer: str, path: str = "/", method: str = "GET", **more: Any
) -> Answer:
    """Return what a client gets from a WSGI application behind the middleware."""
    said, headers = more.pop("said", ""), dict[str, str]()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"hello {environ['blockc'].answer.action}".encode()]

    environ: dict[str, Any] = {
        "REMOTE_ADDR": peer,
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
    }
    if said:
        environ["HTTP_X_FORWARDED_FOR"] = said
    setup_testing_defaults(environ)
    status = ""

    def start(line: str, given: list[tuple[str, str]], _: Any = None) -> Any:
        nonlocal status
        status = line
        headers.update(given)

    guarded = validator(BlocklistWSGI(app, answers, **more))
    found = guarded(environ, start)
    body = b"".join(found)
    found.close()  # type: ignore[attr-defined]  # the validator wants it
    return int(status.split(maxsplit=1)[0]), headers, body


def by_asgi(
    answers: Matcher, peer: str, path: str = "/", method: str = "GET", **more: Any
) -> Answer:
    """Return what a client gets from an ASGI application behind the middleware."""
    said, sent = more.pop("said", ""), list[Message]()

    async def app(scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = f"hello {scope['blockc'].answer.action}".encode()
        await send({"type": "http.response.body", "body": body})

    async def receive() -> Message:
        raise AssertionError("nothing is read of a request")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "path": path, "method": method, "client": (peer, 4711) if peer else None,
        "headers": [(b"x-forwarded-for", said.encode())] if said else [],
    }  # fmt: skip
    asyncio.run(BlocklistASGI(app, answers, **more)(scope, receive, send))
    begin, end = sent
    headers = {key.decode(): value.decode() for key, value in begin["headers"]}
    return begin["status"], {key.title(): value for key, value in headers.items()}, end["body"]


BOTH = pytest.mark.parametrize("ask", [by_wsgi, by_asgi])


@BOTH
def test_blocked_clients_get_the_answer_of_the_stage(ask: Any, answers: Matcher) -> None:
    status, headers, body = ask(answers, BLOCKED)
    assert status == 451
    assert headers["Link"] == f'<{LINK}>; rel="blocked-by"'
    assert headers["Cache-Control"] == "no-store"
    assert body == b"451 Unavailable For Legal Reasons\n"
    assert headers["Content-Length"] == str(len(body))
    assert ask(answers, BLOCKED, method="HEAD")[2] == b""
    assert ask(answers, BLOCKED, body="Gesperrt: §\n")[2] == "Gesperrt: §\n".encode()


@BOTH
def test_without_a_stage_the_answer_is_403(ask: Any, tmp_path: Path) -> None:
    status, headers, body = ask(matcher(tmp_path, None), BLOCKED)
    assert (status, body) == (403, b"403 Forbidden\n")
    assert "Link" not in headers
    assert ask(matcher(tmp_path, Response(499)), BLOCKED)[2] == b"499 Refused\n"


@BOTH
@pytest.mark.parametrize(("peer", "word"), [(WARNED, "warn"), (WATCHED, "monitor"), (FREE, "")])
def test_other_clients_reach_the_application(
    ask: Any, peer: str, word: str, answers: Matcher
) -> None:
    assert ask(answers, peer)[::2] == (200, f"hello {word}".encode())


@BOTH
def test_a_client_behind_a_proxy_is_found(ask: Any, answers: Matcher) -> None:
    proxies = Proxies(["10.0.0.0/8"])
    assert ask(answers, "10.0.0.1", said=f"{FREE}, {BLOCKED}", proxies=proxies)[0] == 451
    assert ask(answers, "10.0.0.1", said=f"{BLOCKED}, {FREE}", proxies=proxies)[0] == 200
    assert ask(answers, FREE, said=BLOCKED, proxies=proxies)[0] == 200
    assert ask(answers, BLOCKED, said=FREE, proxies=proxies)[0] == 451
    assert ask(answers, "", said=BLOCKED, proxies=Proxies(["unix"]))[0] == 451


@BOTH
def test_a_client_that_cannot_be_read_is_refused_unless_that_is_wanted(
    ask: Any, answers: Matcher, caplog: pytest.LogCaptureFixture
) -> None:
    proxies = Proxies(["10.0.0.0/8"])
    with caplog.at_level(logging.WARNING, "blockc"):
        assert ask(answers, "10.0.0.1", said="unknown", proxies=proxies)[0] == 403
    assert "'unknown' is not the address of a client" in caplog.text
    assert ask(answers, "10.0.0.1", said="unknown", proxies=proxies, unreadable="pass")[0] == 200
    assert ask(answers, "")[0] == 403


def test_the_longest_path_decides_who_answers(answers: Matcher, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = matcher(tmp_path / "other", Response(410))
    gate = Gate(answers, paths={"/health": None, "/shop/": other, "/shop/terms": None})
    asked = {
        "/health": 0, "/health/": 0, "/health/deep/x": 0, "/healthy": 451, "/": 451, "": 451,
        "/shop": 410, "/shop/": 410, "/shop/a": 410, "/shop/terms": 0, "/shop/terms/x": 0,
        # What an application could take for another path has no rule of its own.
        "/health/../shop": 451, "/health/..": 451, "//health": 451, "/health//x": 451,
        "/./health": 451, "/health\\..\\shop": 451,
    }  # fmt: skip
    for path, status in asked.items():
        visit = gate.visit(BLOCKED, [], path)
        assert visit.refused == bool(status), path
        assert visit.answer.status == status, path


def test_a_rule_for_every_path_leaves_no_way_round_the_others(answers: Matcher) -> None:
    gate = Gate(answers, paths={"/": None, "/admin": answers})
    assert not gate.visit(BLOCKED, [], "/open").refused
    for path in ("/admin", "/admin/x", "/open/../admin", "/open//admin"):
        assert gate.visit(BLOCKED, [], path).refused, path


def test_what_is_decided_is_counted_and_told(
    answers: Matcher, caplog: pytest.LogCaptureFixture
) -> None:
    told = list[Visit]()
    gate = Gate(answers, tell=told.append, unreadable="pass")
    for peer in (BLOCKED, BLOCKED, WARNED, WATCHED, FREE, "rubbish"):
        gate.visit(peer, [], "/a")
    name = answers.list
    assert gate.counts == {
        (name, "block"): 2, (name, "warn"): 1, (name, "monitor"): 1, (name, ""): 1,
        (name, "unreadable"): 1,
    }  # fmt: skip
    assert [(one.client, one.refused) for one in told] == [
        (BLOCKED, True), (BLOCKED, True), (WARNED, False), (WATCHED, False), ("", False),
    ]  # fmt: skip

    def failing(_: Visit) -> None:
        raise RuntimeError("no metrics today")

    assert Gate(answers, tell=failing).visit(BLOCKED, [], "/").refused
    assert "no metrics today" in caplog.text


def test_settings_are_checked(answers: Matcher) -> None:
    with pytest.raises(ValueError, match="expected 'refuse' or 'pass'"):
        Gate(answers, unreadable="allow")
    with pytest.raises(ValueError, match="does not begin with /"):
        Gate(answers, paths={"health": None})


@pytest.mark.parametrize(
    ("extensions", "sent"),
    [
        ({}, [{"type": "websocket.close", "code": 1008}]),
        (
            {"websocket.http.response": {}},
            ["websocket.http.response.start", "websocket.http.response.body"],
        ),
    ],
)
def test_a_websocket_is_refused_before_it_opens(
    extensions: dict[str, Any], sent: list[Any], answers: Matcher
) -> None:
    found, reached = list[Message](), list[Message]()

    async def app(scope: Message, _receive: Receive, _send: Send) -> None:
        reached.append(scope)

    async def nothing() -> Message:
        raise AssertionError("nothing is read")

    async def send(message: Message) -> None:
        found.append(message)

    guarded = BlocklistASGI(app, answers)
    scope = {"type": "websocket", "path": "/", "headers": [], "extensions": extensions}
    asyncio.run(guarded({**scope, "client": (BLOCKED, 1)}, nothing, send))
    assert [one if one["type"] == "websocket.close" else one["type"] for one in found] == sent
    asyncio.run(guarded({**scope, "client": (FREE, 1)}, nothing, send))
    asyncio.run(guarded({"type": "lifespan"}, nothing, send))
    assert [scope["type"] for scope in reached] == ["websocket", "lifespan"]
