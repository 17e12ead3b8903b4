"""What is measured on: the registries' files, and seeded lists of any size."""

from functools import cache
from pathlib import Path

import numpy as np

from blockc.addresses.columns import U64, block_lasts
from blockc.addresses.family import FAMILIES, V4, Family
from blockc.addresses.lines import prefix_lines
from blockc.addresses.prefixes import Prefixes
from blockc.fetch.folder import Raw, read_folder
from blockc.formats.delegated.reader import read_delegated
from blockc.registries.records import Records


@cache
def raw_files(folder: Path) -> dict[str, Raw]:
    """Return the five registries' files, unpacked."""
    return read_folder(folder)


@cache
def records(folder: Path) -> dict[Family, list[Records]]:
    """Return the records of all five files."""
    files = raw_files(folder)
    read = [read_delegated(f.name, f.data, registry=name) for name, f in files.items()]
    return {family: [one.records[family] for one in read] for family in FAMILIES}


def some_prefixes(count: int, seed: int) -> Prefixes:
    """Return IPv4 prefixes of /16 to /32 at random places, in no order."""
    random = np.random.default_rng(seed)
    length = random.integers(16, 33, count).astype(np.int16)
    start: U64 = random.integers(0, 1 << 32, count, dtype=np.uint64)
    host = block_lasts(V4, np.zeros(count, dtype=np.uint64), length)
    return Prefixes(V4, start & ~host, length)


def some_list(path: Path, count: int, seed: int = 1) -> Path:
    """Write `count` random prefixes to `path`, a line each, and return it."""
    path.write_bytes(prefix_lines(some_prefixes(count, seed)))
    return path
