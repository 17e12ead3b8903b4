"""The folder of real data, the one place that knows where it is."""

import os
from pathlib import Path

from tests.support.machine import absent

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def data_folder(name: str) -> Path:
    """Return a folder of real data; where it is absent skip with the reason, in CI fail.

    It is `$BLOCKC_DATA/name`, else `../shared/data/name` beside the checkout.
    """
    folder = Path(os.environ.get("BLOCKC_DATA") or _BESIDE) / name
    if not folder.is_dir():
        absent(f"no real data in {folder} (BLOCKC_DATA names the folder that holds {name}/)")
    return folder


def registry_files(name: str) -> dict[str, Path]:
    """Return registry -> its delegation file in the folder `name`, those that are there."""
    files = sorted(data_folder(name).iterdir())
    return {file.name.split("-")[1]: file for file in files if file.name.startswith("delegated-")}
