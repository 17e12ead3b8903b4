"""Print the oldest versions of the libraries that blockc admits, as constraints for pip.

    python -m scripts.oldest

`make oldest` runs the tests with them: a lower bound that nobody tries is a guess.
"""

import configparser
import re
from pathlib import Path

_BOUND = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")


def constraints(setup: Path) -> list[str]:
    """Return a line for each library that blockc needs to run, such as `click==8.1.7`.

    Raises:
        ValueError: If one has no lower bound.
    """
    said = configparser.ConfigParser()
    said.read(setup, encoding="utf-8")
    wanted = [
        *said["options"]["install_requires"].split(),
        *said["options.extras_require"]["mmdb"].split(),
    ]
    found = []
    for one in wanted:
        bound = _BOUND.fullmatch(one)
        if bound is None:
            raise ValueError(f"{one} in {setup} has no lower bound")
        found.append("==".join(bound.groups()))
    return found


if __name__ == "__main__":
    print("\n".join(constraints(Path("setup.cfg"))))
