"""Lists of addresses, prefixes and ranges, one a line: what people keep in files."""

from blockc.addresses.addrset import AddrSet
from blockc.addresses.lines import read_spans
from blockc.formats.parsing.sniff import require_text


def read_list(name: str, data: bytes) -> AddrSet:
    """Read a list of any mixture of families and forms; `#` and `;` start a comment.

    A list may be empty: that is for its owner to decide.

    Raises:
        SourceUnfit: If it is compressed, a web page, or in another encoding.
        SourceSyntaxError: At the first line that is no address, prefix or range.
    """
    require_text(name, data)
    return AddrSet.of_spans(read_spans(name, data))
