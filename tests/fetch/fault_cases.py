"""What can go wrong with a server, one case each, and how an update must end then.

Every case begins with a last good snapshot of the day before, from the origin. The mirror answers
503 where a case says nothing else.
"""

import bz2
import gzip
import lzma
from dataclasses import dataclass
from pathlib import Path

from blockc.fetch.clock import RetryPolicy
from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock
from blockc.fetch.update.decision import SourceOutcome, UpdateResult
from blockc.fetch.update.tools import Tools, UpdateOptions
from blockc.fetch.update.update import update
from blockc.values import replace
from tests.fetch.toy import QUICK, md5, source, tools, toy
from tests.support.faulty_server import (
    Answer,
    FaultyServer,
    drips,
    pours,
    promises,
    redirects,
    resets,
    says,
    sends,
    stalls,
    status,
    unless_known,
    until_closed,
)

Answers = tuple[Answer, ...]

OLD, NEW, OLDER = toy("2018-10-12"), toy("2018-10-13"), toy("2018-10-11")
OTHER = toy("2018-10-13", owner="another")
SHRUNK = toy("2018-10-13", addresses=200_000)
PAGE = b"<!DOCTYPE html>\n<title>302 Found</title>\n"
HURRIED = replace(QUICK, total_seconds=0.3)
BOMB = bytes(10_000_000)
DEAD = (status(503),)
LABELLED = sends(gzip.compress(NEW), Content_Encoding="gzip")


@dataclass(frozen=True)
class Case:
    """A fault, and the outcome it must have."""

    fault: str
    result: UpdateResult
    origin: Answers
    mirror: Answers = DEAD
    origin_md5: Answers = ()
    mirror_md5: Answers = ()
    retries: RetryPolicy = QUICK

    def run(self, server: FaultyServer, root: Path) -> SourceOutcome:
        """Return how an update ends with this fault; `server.asked` is what it asked for."""
        own = tools(root, retries=self.retries)
        urls = server.plan("/origin", unless_known(OLD, etag='"old"')), server.url + "/mirror"
        ended(own, source(*urls))
        server.asked.clear()
        server.plan("/origin", *self.origin)
        server.plan("/mirror", *self.mirror)
        server.plan("/origin.md5", *(self.origin_md5 or [status(404)]))
        server.plan("/mirror.md5", *(self.mirror_md5 or [status(404)]))
        return ended(own, source(*urls, checksum=bool(self.origin_md5)))


def ended(
    own: Tools, wanted: Source, wish: UpdateOptions | None = None, lock: Lock | None = None
) -> SourceOutcome:
    """Return how the update of one source ends."""
    (outcome,) = update(own, [wanted], lock, wish or UpdateOptions()).outcomes
    return outcome


def good_md5(data: bytes) -> Answers:
    """Return what the server of a right checksum answers."""
    return (sends(md5(data)),)


CASES = (
    Case("none", UpdateResult.ORIGIN, (sends(NEW),)),
    Case(
        "none; the server says nothing changed",
        UpdateResult.UNCHANGED,
        (unless_known(OLD, '"old"'),),
    ),
    Case("none; the same bytes come again", UpdateResult.UNCHANGED, (sends(OLD),)),
    Case("404", UpdateResult.KEPT, (status(404),)),
    Case("404, the mirror is well", UpdateResult.MIRROR, (status(404),), (sends(NEW),)),
    Case("404, the mirror is a day late", UpdateResult.UNCHANGED, (status(404),), (sends(OLD),)),
    Case("404, the mirror is two days late", UpdateResult.KEPT, (status(404),), (sends(OLDER),)),
    Case(
        "404, the mirror serves another registry",
        UpdateResult.KEPT,
        (status(404),),
        (sends(OTHER),),
    ),
    Case("500, then well", UpdateResult.ORIGIN, (status(500), sends(NEW))),
    Case("500, for good", UpdateResult.KEPT, (status(500),)),
    Case("429 for a moment", UpdateResult.ORIGIN, (status(429, Retry_After="2"), sends(NEW))),
    Case("429 for an hour", UpdateResult.KEPT, (status(429, Retry_After="3600"),)),
    Case(
        "429 until tomorrow",
        UpdateResult.MIRROR,
        (status(429, Retry_After="Mon, 15 Oct 2018 12:00:00 GMT"),),
        (sends(NEW),),
    ),
    Case("no answer", UpdateResult.KEPT, (stalls(),)),
    Case("no answer, then well", UpdateResult.ORIGIN, (stalls(), sends(NEW))),
    Case("an answer that stops halfway", UpdateResult.KEPT, (stalls(NEW),)),
    Case("a byte now and then", UpdateResult.KEPT, (drips(NEW),), retries=HURRIED),
    Case("the connection breaks", UpdateResult.KEPT, (resets,)),
    Case("the connection breaks, then well", UpdateResult.ORIGIN, (resets, sends(NEW))),
    Case("cut in the middle", UpdateResult.KEPT, (promises(NEW[:50], len(NEW)),)),
    Case(
        "cut in the middle, then well", UpdateResult.ORIGIN, (promises(NEW[:50], 300), sends(NEW))
    ),
    Case("cut, and no length was promised", UpdateResult.KEPT, (until_closed(NEW[:50]),)),
    Case("longer than promised", UpdateResult.KEPT, (promises(NEW, 50),)),
    Case("endless", UpdateResult.KEPT, (pours(b"x" * 5000),)),
    Case("endless, in chunks", UpdateResult.KEPT, (pours(b"x" * 5000, chunked=True),)),
    Case("promises too much", UpdateResult.KEPT, (promises(NEW, 1 << 40),)),
    Case("no HTTP at all", UpdateResult.KEPT, (says(b"220 ftp ready\r\n"),)),
    Case(
        "a page in place of the file", UpdateResult.KEPT, (sends(PAGE, Content_Type="text/html"),)
    ),
    Case("an empty file", UpdateResult.KEPT, (sends(b""),)),
    Case("another registry's file", UpdateResult.KEPT, (sends(OTHER),)),
    Case("damaged data", UpdateResult.KEPT, (sends(NEW.replace(b"#", b"?", 1)),)),
    Case("packed and labelled", UpdateResult.ORIGIN, (LABELLED,)),
    Case("packed with gzip, no label", UpdateResult.ORIGIN, (sends(gzip.compress(NEW)),)),
    Case("packed with xz, no label", UpdateResult.ORIGIN, (sends(lzma.compress(NEW)),)),
    Case("packed with bzip2, no label", UpdateResult.ORIGIN, (sends(bz2.compress(NEW)),)),
    Case("labelled and not packed", UpdateResult.KEPT, (sends(NEW, Content_Encoding="gzip"),)),
    Case("an encoding nobody asked for", UpdateResult.KEPT, (sends(NEW, Content_Encoding="br"),)),
    Case("packed data cut", UpdateResult.KEPT, (sends(gzip.compress(NEW)[:-12]),)),
    Case(
        "a bomb, labelled",
        UpdateResult.KEPT,
        (sends(gzip.compress(BOMB), Content_Encoding="gzip"),),
    ),
    Case("a bomb, no label", UpdateResult.KEPT, (sends(lzma.compress(BOMB)),)),
    Case("redirects, well", UpdateResult.ORIGIN, (redirects("/origin?again", 308), sends(NEW))),
    Case("redirects in a loop", UpdateResult.KEPT, (redirects("/origin"),)),
    Case("redirects to plain http", UpdateResult.KEPT, (redirects("http://example.com/origin"),)),
    Case("redirects to nowhere", UpdateResult.KEPT, (status(302),)),
    Case("304 to who did not ask", UpdateResult.KEPT, (status(404),), (status(304),)),
    Case("the ETag of before, other bytes", UpdateResult.ORIGIN, (sends(NEW, ETag='"old"'),)),
    Case("a day back", UpdateResult.REFUSED, (sends(OLDER),)),
    Case("the serial goes back", UpdateResult.REFUSED, (sends(toy("2018-10-12", serial=0)),)),
    Case("a fifth of the addresses is gone", UpdateResult.REFUSED, (sends(SHRUNK),)),
    Case(
        "a fifth is gone, the mirror is late", UpdateResult.REFUSED, (sends(SHRUNK),), (sends(OLD),)
    ),
    Case("a tenth of the records is gone", UpdateResult.REFUSED, (sends(toy(records=900)),)),
    Case("data of last week", UpdateResult.KEPT, (sends(toy("2018-10-06")),)),
    Case("the checksum is right", UpdateResult.ORIGIN, (sends(NEW),), origin_md5=good_md5(NEW)),
    Case("the checksum is wrong", UpdateResult.KEPT, (sends(NEW),), origin_md5=good_md5(OLD)),
    Case(
        "the checksum is late",
        UpdateResult.ORIGIN,
        (sends(NEW),),
        origin_md5=(*good_md5(OLD), *good_md5(NEW)),
    ),
    Case(
        "the checksum is wrong, the mirror is well",
        UpdateResult.MIRROR,
        (sends(NEW),),
        (sends(NEW),),
        origin_md5=good_md5(OLD),
        mirror_md5=good_md5(NEW),
    ),
    Case("the checksum is missing", UpdateResult.KEPT, (sends(NEW),), origin_md5=(status(404),)),
    Case("the checksum is none", UpdateResult.KEPT, (sends(NEW),), origin_md5=(sends(b"soon\n"),)),
)
