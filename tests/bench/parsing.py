"""Five registry files to records, beside a loop that splits their lines and does nothing else."""

from collections.abc import Iterator

from blockc.formats.delegated.reader import read_delegated
from tests.bench.clock import in_turns
from tests.bench.inputs import raw_files
from tests.bench.table import Row, Scale


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the one measurement of reading."""
    files = raw_files(scale.folder)
    total = sum(len(file.data) for file in files.values())
    best = in_turns(
        scale.rounds,
        {
            "blockc": lambda: [
                read_delegated(file.name, file.data, registry=name) for name, file in files.items()
            ],
            "loop": lambda: [split(file.data) for file in files.values()],
        },
    )
    yield Row(
        what=f"five files, {total / 1e6:.1f} MB, to records",
        seconds=best["blockc"],
        peer="plain split loop",
        peer_seconds=best["loop"],
        reach="<= 0.35 s for 31 MB, >= 2x",
    )


def split(data: bytes) -> list[tuple[str, ...]]:
    """Return the fields of every record that has them, as a plain loop would."""
    found = []
    for text in data.decode("ascii").split("\n"):
        fields = text.split("|")
        if len(fields) > 6:
            found.append(tuple(fields[:7]))
    return found
