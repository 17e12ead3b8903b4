"""Write cidre-cli's country files from registry files in a folder: its own parse, merge and save.

A process of its own. cidre-cli (`pip install --no-deps cidre-cli`, whose pinned dependencies are
not needed for this) fetches what it reads; here `requests` hands it the same bytes from the folder.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


class _Response:
    """What cidre-cli asks of an answer."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="ascii")

    def raise_for_status(self) -> None:
        """Do nothing: a file that is there was found."""


def main(folder: str, output: str) -> None:
    """Write a file for each country and family into `output`."""
    requests: Any = import_module("requests")
    requests.get = lambda url, **_: _Response(Path(folder, url.rpartition("/")[2]))
    fetcher, store = (
        import_module(f"cidre.cidrs.{name}") for name in ("rir_fetcher", "cidr_store")
    )
    store.FsCidrStore(output).save(fetcher.RirFetcher(merge=True, proxy=None).fetch())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
