"""Make the JSON Schemas in `docs/schema/`, which the wheel carries too.

    python scripts/make_schemas.py [FOLDER]

Run it after a change of a policy's, group's or source's keys, of the targets or of the formats.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blockc.fetch.definition import source_schema
from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_target import KeyTarget
from blockc.policy.policy_schema import group_schema, policy_schema
from blockc.resources import schemas_dir
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.workspace.policy_files import known


def options(
    targets: Mapping[str, Target] | Mapping[str, KeyTarget] = TARGETS,
) -> dict[str, dict[str, object]]:
    """Return target -> option -> its schema."""
    return {
        name: {option.name: option.schema() for option in target.options}
        for name, target in targets.items()
    }


def texts() -> dict[str, str]:
    """Return name -> text of every schema."""
    schemas: dict[str, dict[str, Any]] = {
        "policy.schema.json": policy_schema(known(), options(), options(KEY_TARGETS)),
        "groups.schema.json": group_schema(),
        "source.schema.json": source_schema(),
    }
    return {name: json.dumps(schema, indent=1) + "\n" for name, schema in schemas.items()}


def main(folder: Path) -> None:
    """Write every schema into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else schemas_dir())
