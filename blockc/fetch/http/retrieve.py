"""Gets one version of a source from one url, its checksum proved."""

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from blockc.errors import BlockcError, os_reason
from blockc.fetch.definition import Source
from blockc.fetch.http.messages import FetchFailed, HttpRequest, HttpResponse, TooBig
from blockc.fetch.http.response_body import plain_body, plain_member
from blockc.fetch.http.retry import retried
from blockc.fetch.http.urls import file_path, is_file
from blockc.fetch.update.tools import Event, Tools, UpdateStep
from blockc.storage.local import read_local
from blockc.values import Value, replace

if TYPE_CHECKING:
    from blockc.fetch.http.download import Downloader

_MAX_CHECKSUM_BYTES = 4096
Known = Callable[[bytes], bool]


class Retriever(Value):
    """Fetches `source`.

    Attributes:
        known: Whether bytes were proved before: their checksum need not be fetched again.
    """

    tools: Tools
    source: Source
    known: Known

    def fetch(self, url: str, etag: str = "", last_modified: str = "") -> HttpResponse:
        """Return what `url` has, or that it has what we have.

        Of an archive that is the file in it; its checksum is that of the archive.

        A file that does not match its checksum is fetched again together with it: one of the two
        may just have been replaced.

        Raises:
            FetchFailed: Nothing usable came, in all tries.
        """
        try:
            found = self._local(url) if is_file(url) else self._remote(url, etag, last_modified)
            if found.status != 200:
                return found
            data = plain_member(found.data, self.source)
            return found if data is found.data else replace(found, data=data)
        except TooBig as failure:
            raise FetchFailed(f"{failure.reason}, the limit expect.max_bytes") from None

    def _remote(self, url: str, etag: str, last_modified: str) -> HttpResponse:
        limit = self.source.expect.max_bytes
        asked = HttpRequest(
            url=url,
            max_bytes=limit,
            etag=etag,
            last_modified=last_modified,
            private_redirects=self.source.private_redirects,
        )
        retries = self.tools.retries
        deadline = self.tools.clock.deadline(retries.total_seconds)
        from blockc.fetch.http.download import Downloader

        with Downloader(retries, deadline) as server:
            return retried(
                lambda: self._proved(server, asked),
                retries,
                deadline,
                lambda why: self._tell(UpdateStep.WAITING, f"{url}: {why}"),
            )

    def _proved(self, server: "Downloader", asked: HttpRequest) -> HttpResponse:
        self._tell(UpdateStep.ASKING, asked.url)
        response = server.fetch(asked, self._received)
        if response.status == 200 and not self.known(response.data):
            self._require_checksum(
                response.data, lambda url: server.fetch(_small(asked, url)).data, asked.url
            )
        return response

    def _local(self, url: str) -> HttpResponse:
        self._tell(UpdateStep.ASKING, url)
        limit, folder = self.source.expect.max_bytes, self.tools.folder
        data = _read_file(file_path(url, folder), limit)
        response = HttpResponse(url=url, status=200, data=plain_body(data, "", limit))
        self._require_checksum(
            response.data,
            lambda beside: _read_file(file_path(beside, folder), _MAX_CHECKSUM_BYTES),
            url,
        )
        return response

    def _require_checksum(self, data: bytes, get: Callable[[str], bytes], url: str) -> None:
        checksum = self.source.checksum
        if checksum is None:
            return
        beside = url + checksum.suffix
        try:
            expected = self.tools.checksum(beside, get(beside))
        except FetchFailed as failure:
            raise FetchFailed(
                f"cannot be proved, {beside} {failure.reason}",
                retryable=failure.retryable,
                wait_seconds=failure.wait_seconds,
            ) from None
        except BlockcError as error:
            raise FetchFailed(f"cannot be proved: {error.message}", retryable=True) from None
        found = hashlib.new(checksum.kind, data, usedforsecurity=False).hexdigest()
        if found != expected:
            wrong = (
                f"does not match its checksum: {checksum.kind} {found}, {beside} says {expected}"
            )
            raise FetchFailed(wrong, retryable=True)

    def _received(self, done: int, total: int) -> None:
        self.tools.watch(Event(self.source.name, UpdateStep.RECEIVING, done=done, total=total))

    def _tell(self, step: UpdateStep, text: str) -> None:
        self.tools.watch(Event(self.source.name, step, text))


def _small(asked: HttpRequest, url: str) -> HttpRequest:
    return replace(asked, url=url, max_bytes=_MAX_CHECKSUM_BYTES, etag="", last_modified="")


def _read_file(path: Path, limit: int) -> bytes:
    try:
        return read_local(path, limit)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise TooBig(limit) from None
        raise FetchFailed(f"cannot be read: {os_reason(error)}") from None
