"""What was read of the registries' files is kept by their digests, and found by them alone."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from blockc.fetch.store.parsed import Store
from blockc.values import field_names
from blockc.workspace import registries
from blockc.workspace.inputs import sample_folder
from blockc.workspace.registries import snapshots

TODAY = date(2018, 10, 20)


def test_what_was_kept_of_files_is_found_by_their_digests_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.of(tmp_path)
    first = snapshots(store, sample_folder(), TODAY)
    monkeypatch.setattr(registries, "read_bytes", None)
    again = snapshots(store, sample_folder(), TODAY)
    for one, other in zip(first, again, strict=True):
        assert (one.path, one.digest, one.origin) == (other.path, other.digest, other.origin)
        assert one.warnings == other.warnings
        for records, kept in zip(one.records, other.records, strict=True):
            for name in field_names(records)[1:]:
                column = getattr(kept, name)
                assert np.array_equal(getattr(records, name), column)
                assert column.flags.aligned  # else all that is done with it takes longer
