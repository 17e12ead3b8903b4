"""Every reader on files of every shape: what a byte costs in memory and time, whatever is in it.

Most of these files are refused. What counts is that this costs no more than reading them would.

Of each reader the two dearest shapes are told, by memory and by time.
`python -m tests.bench.shapes READER[: SHAPE]...` tells all shapes of some readers.
"""

import gc
import gzip
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import NamedTuple

from blockc.errors import BlockcError
from blockc.storage.decompress import decompressed
from tests.bench.kept_readers import kept_readers
from tests.bench.shape_files import Shape, Shapes
from tests.bench.shape_readers import Read, readers
from tests.bench.table import Row, Scale

MOST_BYTES, MOST_MICROSECONDS = 20, 1
_SIZES = 1_000_000, 2_000_000
_LOOK = 250_000  # by files of this size the dearest shapes are chosen
_SMALL = 2_000  # is read before anything is measured, so that modules and tables are there
_CAP = 1 << 29
_ROOM = 6 << 30
_SECONDS = 40


class Cost(NamedTuple):
    """What reading a file took: bytes of memory above what there was, and seconds of CPU."""

    memory: int
    seconds: float


def rows(scale: Scale, only: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield a row for the dearest shapes of each reader, or for all of some: the dearer size."""
    for reader, (read, shapes, packed) in {**readers(), **kept_readers()}.items():
        if only or scale.small:
            chosen = list(islice(shapes, 1 if scale.small else None))
        else:
            chosen = _dearest(read, shapes)
        for name in chosen:
            what, shape = f"{reader}: {name}", shapes[name]
            if only and not any(what.startswith(one) for one in only):
                continue
            yield _row(what, read, shape, scale)
            if packed and name in {"broken lines", "one wide row"}:
                yield _row(f"{what}, packed", _unpacking(read), _packed(shape), scale)


def _dearest(read: Read, shapes: Shapes) -> list[str]:
    """Return the shape that takes the most memory, and the one that takes the most time."""
    costs = {name: _measured(read, shape, _LOOK) for name, shape in shapes.items()}
    by_memory = max(costs, key=lambda name: costs[name].memory)
    by_time = max(costs, key=lambda name: costs[name].seconds)
    return list(dict.fromkeys([by_memory, by_time]))


def _row(what: str, read: Read, shape: Shape, scale: Scale) -> Row:
    sizes = [scale.size(size) for size in _SIZES]
    costs = [_measured(read, shape, size) for size in sizes]
    memory = max(cost.memory / size for cost, size in zip(costs, sizes, strict=True))
    time = max(cost.seconds / size for cost, size in zip(costs, sizes, strict=True))
    over = memory > MOST_BYTES or time * 1e6 > MOST_MICROSECONDS
    told = (
        f"{memory:.1f} <= {MOST_BYTES} bytes, {time * 1e6:.2f} <= {MOST_MICROSECONDS} us per byte"
    )
    return Row(
        what=what,
        seconds=costs[-1].seconds,
        megabytes=costs[-1].memory / (1 << 20),
        reach=told + (" OVER" if over and not scale.small else ""),
    )


def _packed(shape: Shape) -> Shape:
    return lambda size: gzip.compress(shape(size))


def _unpacking(read: Read) -> Read:
    return lambda data: read(decompressed(data, "gzip", _CAP))


def _measured(read: Read, shape: Shape, size: int) -> Cost:
    """Return what reading a file of this shape and size takes, in a process of its own.

    Where that does not end by reading the file or refusing it, it is all there was.
    """
    with TemporaryDirectory() as folder:
        file, told = Path(folder, "file"), Path(folder, "cost")
        _in_child(lambda: file.write_bytes(shape(size)))
        status = _in_child(
            lambda: told.write_text(repr(_cost(read, shape, file)), encoding="utf-8")
        )
        if status:  # out of memory or time, or an error that nobody foresaw
            return Cost(_ROOM, _SECONDS)
        memory, seconds = told.read_text(encoding="utf-8").strip("Cost()").split(",")
        return Cost(int(memory.partition("=")[2]), float(seconds.partition("=")[2]))


def _in_child(work: Callable[[], object]) -> int:
    """Do `work` in a process of its own; return how it ended, 0 for well."""
    child = os.fork()
    if not child:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (_ROOM, _ROOM))
            resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
            work()
            code = 0
        except BaseException as reason:  # noqa: BLE001  the parent tells
            sys.stderr.write(f"{type(reason).__name__}: {str(reason)[:200]}\n")
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def _cost(read: Read, shape: Shape, file: Path) -> Cost:
    _try(read, shape(_SMALL))
    data = file.read_bytes()
    gc.collect()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak so far
    begin = process_time()
    _try(read, data)
    seconds = process_time() - begin
    return Cost(_status("VmHWM") - before, seconds)


def _try(read: Read, data: bytes) -> None:
    with suppress(BlockcError):
        try:
            read(data)
        except BlockcError as reason:
            str(reason)  # whoever is refused is told why
            raise


def _status(key: str) -> int:
    """Return a size of this process in bytes."""
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text(encoding="ascii").split("\n")
        if line.startswith(key)
    )
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    for row in rows(Scale(), tuple(sys.argv[1:])):
        sys.stdout.write(
            f"{row.what:<50} {row.seconds:7.2f} s {row.megabytes:8.1f} MB  {row.reach}\n"
        )
        sys.stdout.flush()
