"""Make the bundled sample from a folder with the five registries' extended files.

    python scripts/make_sample.py FOLDER DATE [TARGET]

Every line stays but for its opaque id, so the counts of the headers stay true and the same reader
reads sample and live files. The same liblzma writes the same bytes.
"""

import argparse
import hashlib
import lzma
from pathlib import Path

REGISTRIES = ("afrinic", "apnic", "arin", "lacnic", "ripencc")
SAMPLE = Path(__file__).resolve().parent.parent / "sources" / "sample"
KEPT_FIELDS = 7  # registry|cc|type|start|value|date|status, then the opaque id and extensions


def without_opaque_id(line: bytes) -> bytes:
    """Return a record line cut after its status; any other line as it is.

    >>> without_opaque_id(b"lacnic|AR|ipv4|24.232.0.0|65536|19970602|allocated|20118")
    b'lacnic|AR|ipv4|24.232.0.0|65536|19970602|allocated'
    >>> without_opaque_id(b"2|afrinic|20181013|9373|00000000|20181013|00000")
    b'2|afrinic|20181013|9373|00000000|20181013|00000'
    """
    fields = line.split(b"|")
    is_record = len(fields) > KEPT_FIELDS and not line.startswith(b"#")
    return b"|".join(fields[:KEPT_FIELDS]) if is_record else line


def slimmed(raw: bytes) -> bytes:
    """Return the file `raw` without opaque ids; line ends stay."""
    return b"\n".join(map(without_opaque_id, raw.split(b"\n")))


def the_file_of(registry: str, folder: Path) -> Path:
    """Return the one extended file of `registry` in `folder`."""
    found = sorted(folder.glob(f"delegated-{registry}-extended-*"))
    if len(found) != 1:
        raise SystemExit(f"{folder}: expected one extended file of {registry}, found {len(found)}")
    return found[0]


def main() -> None:
    """Write the five files and their digests into the target folder."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="where the five extended files are")
    arguments.add_argument("date", help="the date in the names, yyyymmdd")
    arguments.add_argument("target", type=Path, nargs="?", default=SAMPLE)
    given = arguments.parse_args()
    sums = []
    for registry in REGISTRIES:
        raw = the_file_of(registry, given.folder).read_bytes()
        packed = lzma.compress(slimmed(raw), preset=9 | lzma.PRESET_EXTREME)
        name = f"delegated-{registry}-extended-{given.date}.xz"
        (given.target / name).write_bytes(packed)
        sums.append(f"{hashlib.sha256(packed).hexdigest()}  {name}\n")
        print(f"{name}: {len(raw):,} bytes to {len(packed):,}")
    (given.target / "SHA256SUMS").write_text("".join(sums), encoding="ascii")


if __name__ == "__main__":
    main()
