"""One download, over real sockets: what is asked, what is answered, and whom to believe."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from blockc import __version__
from blockc.fetch.clock import Clock
from blockc.fetch.http.download import Downloader
from blockc.fetch.http.messages import FetchFailed, HttpRequest, HttpResponse
from blockc.fetch.http.retrieve import Retriever
from blockc.values import replace
from tests.fetch.toy import QUICK, source, tools
from tests.support.faulty_server import (
    FaultyServer,
    drips,
    pours,
    redirects,
    says,
    sends,
    stalls,
    status,
    unless_known,
)

DATA = b"192.0.2.0/24\n" * 20
WHEN = "Sat, 13 Oct 2018 00:00:00 GMT"


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[FaultyServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with FaultyServer(context).running() as running:
        yield running


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process trust the authority of the test, as an operator would."""
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))


def fetch(url: str, **asked: Any) -> HttpResponse:
    clock = Clock()
    with Downloader(QUICK, clock.deadline(QUICK.total_seconds)) as downloader:
        return downloader.fetch(HttpRequest(url=url, max_bytes=100_000, **asked))


def failure(url: str, **asked: Any) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        fetch(url, **asked)
    return caught.value


def test_an_answer_tells_where_it_came_from_and_what_it_is(server: FaultyServer) -> None:
    server.plan("/moved", redirects("/here", 301))
    server.plan("/here", sends(DATA, ETag='W/"1-a"', Last_Modified=WHEN))
    assert fetch(server.url + "/moved") == HttpResponse(
        url=server.url + "/here", status=200, etag='W/"1-a"', last_modified=WHEN, data=DATA
    )


def test_what_fails_behind_a_redirect_says_where(server: FaultyServer) -> None:
    gone = server.plan("/gone", status(404))
    moved = server.plan("/moved", redirects(f"{gone}?signature=secret"))
    found = failure(server.plan("/x", redirects(moved)))
    assert found.reason == f"redirects to {gone}: answered 404"
    dead = "http://127.0.0.1:9/x"
    found = failure(server.plan("/dead", redirects(dead)))
    assert (found.reason, found.retryable) == (f"redirects to {dead}: refused the connection", True)


def test_a_request_names_the_tool_and_asks_for_nothing_odd(server: FaultyServer) -> None:
    fetch(server.plan("/x", sends(DATA)))
    (asked,) = server.asked
    assert asked.headers["User-Agent"] == f"blockc/{__version__}"
    assert asked.headers["Accept-Encoding"] == "gzip"
    assert "Authorization" not in asked.headers
    assert "Cookie" not in asked.headers


@pytest.mark.parametrize(
    ("asked", "header"),
    [({"etag": '"1"'}, "If-None-Match"), ({"last_modified": WHEN}, "If-Modified-Since")],
)
def test_who_has_the_data_is_told_so(
    server: FaultyServer, asked: dict[str, str], header: str
) -> None:
    url = server.plan("/x", unless_known(DATA, etag='"1"', modified=WHEN))
    assert fetch(url, **asked) == HttpResponse(url=url, status=304)
    assert [header in server.asked[0].headers] == [True]
    assert fetch(url, etag='"0"').data == DATA


@pytest.mark.parametrize(
    ("etag", "modified"),
    [("no quotes", "soon"), ('"a b"', "13 Octember 2018"), ('"' + "a" * 300 + '"', "x" * 500)],
)
def test_an_odd_etag_or_date_is_not_kept(server: FaultyServer, etag: str, modified: str) -> None:
    answer = fetch(server.plan("/x", sends(DATA, ETag=etag, Last_Modified=modified)))
    assert (answer.etag, answer.last_modified) == ("", "")


def test_progress_is_told_with_what_was_promised(server: FaultyServer) -> None:
    url = server.plan("/x", sends(bytes(b"x" * 90_000)))
    told: list[tuple[int, int]] = []
    with Downloader(QUICK, Clock().deadline(5.0)) as downloader:
        downloader.fetch(
            HttpRequest(url=url, max_bytes=100_000), lambda done, total: told.append((done, total))
        )
    assert told[-1] == (90_000, 90_000)
    assert len(told) > 1


@pytest.mark.parametrize("data", [DATA, b""], ids=["body", "headers"])
def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_us(
    server: FaultyServer, data: bytes
) -> None:
    url = server.plan("/x", drips(data + b"x" * 100))
    clock = Clock()
    with (
        Downloader(replace(QUICK, total_seconds=0.2), clock.deadline(0.2)) as downloader,
        pytest.raises(FetchFailed, match=r"took longer than 0\.2 seconds in all") as caught,
    ):
        downloader.fetch(HttpRequest(url=url, max_bytes=100_000))
    assert not caught.value.retryable


@pytest.mark.parametrize("code", [302, 404, 503])
def test_the_body_of_a_refusal_or_a_redirect_is_not_read(server: FaultyServer, code: int) -> None:
    url = server.plan("/x", pours(b"x" * 100_000, code, Location="/y"))
    server.plan("/y", sends(DATA))
    if code == 302:
        assert fetch(url).data == DATA
    else:
        assert failure(url).reason == f"answered {code}"


def test_after_the_deadline_nothing_is_asked(server: FaultyServer) -> None:
    url = server.plan("/x", sends(DATA))
    clock = Clock()
    clock.stop.set()
    with (
        Downloader(QUICK, clock.deadline(5.0)) as downloader,
        pytest.raises(FetchFailed, match="took longer"),
    ):
        downloader.fetch(HttpRequest(url=url, max_bytes=100))
    assert server.asked == []


def test_a_connection_refused_may_heal() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = failure(f"http://127.0.0.1:{unused.getsockname()[1]}/x")
    assert (refused.reason, refused.retryable) == ("refused the connection", True)


def test_a_name_that_does_not_resolve_may_heal(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = failure("https://nowhere.invalid/x")
    assert (found.reason, found.retryable) == ("the name of the server cannot be resolved", True)


def test_a_server_that_does_not_accept_may_heal(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_self: socket.socket, _address: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", silent)
    found = failure("http://127.0.0.1:1/x")
    assert (found.reason, found.retryable) == ("did not accept a connection within 2 seconds", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 50,
        b"HTTP/1.1 two hundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://\xff.example/\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: \x1b[2J\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 429 No\r\nRetry-After: \xd9\xa3\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_whatever_a_server_says_is_an_answer_or_a_failure(server: FaultyServer, raw: bytes) -> None:
    assert failure(server.plan("/x", says(raw))).reason


# ---- encryption -------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_a_trusted_authority_is_good(secure: FaultyServer) -> None:
    secure.plan("/x", redirects("/y"))
    secure.plan("/y", sends(DATA))
    assert fetch(secure.url + "/x").data == DATA


def test_a_certificate_of_an_unknown_authority_is_refused(secure: FaultyServer) -> None:
    found = failure(secure.plan("/x", sends(DATA)))
    assert "the certificate or the encryption is not valid: " in found.reason
    assert "certificate" in found.reason.partition(": ")[2]
    assert not found.retryable
    assert secure.asked == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    with FaultyServer(context).running() as server:
        found = failure(server.plan("/x", sends(DATA)))
    assert "not valid for '127.0.0.1'" in found.reason
    assert not found.retryable


@pytest.mark.usefixtures("trusted")
def test_encryption_where_none_is_spoken_is_refused(server: FaultyServer) -> None:
    found = failure(server.plan("/x", sends(DATA)).replace("http:", "https:"))
    assert "encryption is not valid" in found.reason


@pytest.mark.usefixtures("trusted")
def test_a_redirect_from_https_to_http_is_never_followed(
    secure: FaultyServer, server: FaultyServer
) -> None:
    plain = server.plan("/x", sends(DATA))
    found = failure(secure.plan("/x", redirects(plain)))
    assert found.reason == f"redirects to {plain!r}, which is not an https url"
    assert server.asked == []


@pytest.mark.usefixtures("trusted")
def test_the_deadline_holds_over_https_too(secure: FaultyServer) -> None:
    url = secure.plan("/x", drips(DATA))
    with (
        Downloader(replace(QUICK, total_seconds=0.2), Clock().deadline(0.2)) as downloader,
        pytest.raises(FetchFailed, match="took longer"),
    ):
        downloader.fetch(HttpRequest(url=url, max_bytes=100_000))


def test_a_bundle_of_certificates_that_is_not_there_is_named(
    secure: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    found = failure(secure.plan("/x", sends(DATA)))
    assert found.reason.startswith("cannot be asked: ")
    assert "/nowhere/bundle.pem" in found.reason
    assert not found.retryable


# ---- proxies ----------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_used(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    server.plan("http://127.0.0.1:9/x", sends(DATA))
    assert fetch("http://127.0.0.1:9/x").data == DATA
    server.plan("http://127.0.0.1:9/x", stalls())
    assert failure("http://127.0.0.1:9/x").reason == "sent nothing for 0.2 seconds"


def test_a_proxy_that_refuses_may_heal(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
        found = failure("https://example.com/x")
    assert (found.reason, found.retryable) == ("the proxy of the environment does not answer", True)


def test_a_proxy_that_is_no_url_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://")
    found = failure("https://example.com/x")
    assert found.reason.startswith("cannot be asked: ")
    assert not found.retryable


@pytest.mark.usefixtures("trusted")
def test_https_goes_through_a_proxy_and_is_still_verified(
    secure: FaultyServer, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    url = secure.plan("/x", sends(DATA))
    assert fetch(url).data == DATA
    assert [asked.path for asked in server.asked] == [f"127.0.0.1:{secure.port}"]
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert "the certificate or the encryption is not valid" in failure(url).reason
    secure.plan("/x", drips(DATA))
    assert failure(url).reason != ""


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("allowed", [False, True])
def test_a_public_host_leads_into_a_private_network_only_where_the_definition_says_so(
    authority: trustme.CA, *, allowed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "a.example").configure_cert(context)
    resolve = socket.getaddrinfo

    def resolved(host: str, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host == "a.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    asked = source("https://a.example/", private_redirects=allowed)
    with FaultyServer(context).running() as server:
        inside = server.plan("/y", sends(DATA))
        public = server.plan("/x", redirects(inside)).replace("127.0.0.1", "a.example")
        retriever = Retriever(tools=tools(tmp_path), source=asked, known=lambda _: False)
        if allowed:
            assert retriever.fetch(public).data == DATA
        else:
            with pytest.raises(FetchFailed, match="say private_redirects = true"):
                retriever.fetch(public)
            assert [one.path for one in server.asked] == ["/x"]
