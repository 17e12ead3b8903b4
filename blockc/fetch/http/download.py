"""One conditional download: what the server answered, or why that is not fit for use.

The only door to requests.
"""

import http.client
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import requests
import urllib3

from blockc import __version__
from blockc.fetch.clock import Deadline, RetryPolicy
from blockc.fetch.http.deadline_adapter import DeadlineAdapter
from blockc.fetch.http.messages import FetchFailed, HttpRequest, HttpResponse, TooBig
from blockc.fetch.http.response_body import plain_body
from blockc.fetch.http.retry import http_date, retry_after
from blockc.fetch.http.urls import next_url

MOST_REDIRECTS = 5
USER_AGENT = f"blockc/{__version__}"
_CHUNK_BYTES = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_HEALING = (408, 425, 429, 500, 502, 503, 504)
_LENGTH = re.compile(r"[0-9]{1,18}")
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')

Received = Callable[[int, int], None]  # bytes so far, bytes promised (0 where nobody says)


def _unheard(_received: int, _promised: int) -> None:
    """Nobody listens to the progress."""


class _Session(requests.Session):
    """A session that leaves redirects to us.

    The one of the library, even when told not to follow, reads all of a redirect's body, however
    long that is.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        return None


class Downloader:
    """Asks servers, one request at a time, over connections it keeps until it is closed.

    Certificates are verified, by the bundle REQUESTS_CA_BUNDLE names if it is set. Proxies are
    taken from the environment.
    """

    def __init__(self, retries: RetryPolicy, deadline: Deadline) -> None:
        self._retries = retries
        self._deadline = deadline
        self._session = _Session()
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"})
        adapter = DeadlineAdapter(deadline)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def fetch(self, request: HttpRequest, received: Received = _unheard) -> HttpResponse:
        """Ask once, following redirects.

        Args:
            received: Called with the bytes that came so far and those promised.

        Raises:
            FetchFailed: No fit answer came.
        """
        url = request.url
        for _ in range(MOST_REDIRECTS + 1):
            with self._redirected(request.url, url), self._ask(url, request) as answer:
                if answer.status_code not in _REDIRECTS:
                    return self._read(url, answer, request, received)
                where = answer.headers.get("Location")
                url = next_url(url, where, private=request.private_redirects)
        raise FetchFailed(f"redirects more than {MOST_REDIRECTS} times")

    def _ask(self, url: str, request: HttpRequest) -> requests.Response:
        retries, left = self._retries, self._deadline.seconds_left
        if not left:
            raise TimeoutError
        timeouts = min(retries.connect_seconds, left), min(retries.read_seconds, left)
        return self._session.get(
            url, headers=request.headers(), allow_redirects=False, stream=True, timeout=timeouts
        )

    def _read(
        self, url: str, answer: requests.Response, request: HttpRequest, received: Received
    ) -> HttpResponse:
        if answer.status_code == 304 and request.conditional:
            return HttpResponse(url=url, status=304)
        if answer.status_code != 200:
            raise self._refusal(answer)
        packed = _body(answer, request.max_bytes, received)
        data = plain_body(packed, answer.headers.get("Content-Encoding", ""), request.max_bytes)
        etag = answer.headers.get("ETag", "")
        modified = answer.headers.get("Last-Modified", "")
        return HttpResponse(
            url=url,
            status=200,
            etag=etag if _ETAG.fullmatch(etag) else "",
            last_modified=modified if http_date(modified) else "",
            data=data,
        )

    def _refusal(self, answer: requests.Response) -> FetchFailed:
        status = answer.status_code
        if status == 304:
            return FetchFailed("answered 304, not modified, to a question about nothing we have")
        wait = retry_after(answer.headers.get("Retry-After", ""), self._deadline.clock)
        return FetchFailed(f"answered {status}", retryable=status in _HEALING, wait_seconds=wait)

    @contextmanager
    def _redirected(self, asked: str, url: str) -> Iterator[None]:
        """Say of what fails at a url that is not the one that was asked where that is.

        What stands behind the question mark may let whoever reads it in.
        """
        try:
            with self._explaining():
                yield
        except FetchFailed as failure:
            if url != asked:
                failure.reason = f"redirects to {url.partition('?')[0][:200]}: {failure.reason}"
            raise

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn what the libraries raise into a FetchFailed that says what happened."""
        try:
            yield
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if not self._deadline.seconds_left:
                total = self._retries.total_seconds
                raise FetchFailed(f"took longer than {total:g} seconds in all") from None
            raise _explained(error, self._retries) from None
        except ValueError:  # a header or a url that http.client, urllib3 or idna cannot take
            raise FetchFailed(_NOT_HTTP) from None


def _body(answer: requests.Response, max_bytes: int, received: Received) -> bytes:
    """Return the body as it came over the wire; reading stops past `max_bytes`."""
    promised = answer.headers.get("Content-Length", "0")
    if not _LENGTH.fullmatch(promised):
        raise FetchFailed(_NOT_HTTP)
    expected = int(promised)
    if expected > max_bytes:
        raise TooBig(max_bytes)
    body = bytearray()
    for chunk in answer.raw.stream(_CHUNK_BYTES, decode_content=False):
        body += chunk
        if len(body) > max_bytes:
            raise TooBig(max_bytes)
        received(len(body), expected)
    return bytes(body)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return the error and everything it wraps."""
    pending: list[Any] = [error]
    while pending:
        one = pending.pop()
        if isinstance(one, BaseException):
            yield one
            pending += [getattr(one, "reason", None), one.__cause__, *one.args]


_NOT_HTTP = "answered with what is not HTTP"
_Kinds = tuple[type[BaseException], ...]
_HEALING_ERRORS: tuple[tuple[_Kinds, str], ...] = (
    ((urllib3.exceptions.ProxyError,), "the proxy of the environment does not answer"),
    ((urllib3.exceptions.NameResolutionError,), "the name of the server cannot be resolved"),
    ((ConnectionRefusedError,), "refused the connection"),
    ((urllib3.exceptions.NewConnectionError,), "cannot be reached"),
    (
        (urllib3.exceptions.ConnectTimeoutError,),
        "did not accept a connection within {0.connect_seconds:g} seconds",
    ),
    (
        (urllib3.exceptions.ReadTimeoutError, TimeoutError),
        "sent nothing for {0.read_seconds:g} seconds",
    ),
    ((urllib3.exceptions.IncompleteRead,), "ended before all the bytes it promised had come"),
    ((http.client.HTTPException, urllib3.exceptions.InvalidHeader), _NOT_HTTP),
    ((urllib3.exceptions.HTTPError, OSError), "broke the connection"),
)


# What is wrong on this side: a bundle of certificates that is not there, a proxy that is not a url.
_UNASKED = (
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
)


def _explained(error: BaseException, retries: RetryPolicy) -> FetchFailed:
    """Return what an error of the libraries means for the operator."""
    found = list(_causes(error))
    if any(isinstance(one, urllib3.exceptions.SSLError | ssl.SSLError) for one in found):
        said = [getattr(one, "verify_message", "") for one in found]
        why = next(filter(None, said), "no agreement on encryption")
        return FetchFailed(f"the certificate or the encryption is not valid: {why}")
    if (type(error) is OSError and error.errno is None) or isinstance(error, _UNASKED):
        return FetchFailed(f"cannot be asked: {error}")
    for kinds, reason in _HEALING_ERRORS:
        if any(isinstance(one, kinds) for one in found):
            return FetchFailed(reason.format(retries), retryable=True)
    return FetchFailed(_NOT_HTTP)
