"""The `.md5` files that stand beside a registry's files."""

import re

from blockc.errors import Location, SourceSyntaxError

MAX_BYTES = 4096
# BSD writes `MD5 (name) = digest`, GNU `digest  name`. The name is often another one (a date in
# place of `latest`) and says nothing.
_FORMS = (
    re.compile(r"MD5 ?\(.*\) ?= ?([0-9a-fA-F]{32})"),
    re.compile(r"([0-9a-fA-F]{32})(?:[ \t]+\*?.*)?"),
)


def parse_md5(name: str, data: bytes) -> str:
    """Return the digest in a checksum file as 32 lower-case hexadecimal digits.

    Args:
        name: What the file is called in messages.
        data: Its bytes; the first line that is not blank counts.

    Raises:
        SourceSyntaxError: If that line has neither form, or the file is too long for a checksum.
    """
    if len(data) > MAX_BYTES:
        raise SourceSyntaxError(
            f"{len(data):,} bytes are not a checksum, expected {MAX_BYTES:,} at most",
            at=Location(name),
        )
    lines = data.decode("utf-8", "backslashreplace").split("\n")
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    number, line = next((pair for pair in numbered if pair[1]), (1, ""))
    for form in _FORMS:
        if match := form.fullmatch(line):
            return match[1].lower()
    raise SourceSyntaxError(
        "expected `MD5 (name) = digest` or `digest  name`", at=Location(name, number, 1, line)
    )
