"""Which urls may be asked, and where a server may send us on to."""

import re
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from blockc.fetch.http.messages import FetchFailed

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ODD_IPV4 = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,2000}")


def wrong_url(url: str) -> str:
    """Return what is wrong with `url` as the address of a source, or nothing.

    Good are `https:`, `file:` and, on this machine only, `http:`.

    >>> wrong_url("http://example.com/list")
    'is not an https url'
    >>> wrong_url("file:../list")
    'leaves the folder of the policy; write the absolute path as file:///path'
    """
    parts = _split(url)
    if parts is None or not _PRINTABLE.fullmatch(url):
        return "is not an https url"
    if parts.scheme == "file":
        return _wrong_file(parts)
    if parts.username is not None or parts.password is not None:
        return "carries a password; put it into ~/.netrc"
    return "" if _is_safe(parts) or _is_here(parts) else "is not an https url"


def is_file(url: str) -> bool:
    """Return whether `url` names a file of this machine."""
    return url.startswith("file:")


def file_path(url: str, folder: Path) -> Path:
    """Return the file that the `file:` url names; relative ones stand in `folder`.

    Raises:
        FetchFailed: A relative path leaves `folder`, by `..` or through a symbolic link.
    """
    path = Path(unquote(urlsplit(url).path))
    if path.is_absolute():
        return path
    here = folder.resolve()
    found = (here / path).resolve()
    if not found.is_relative_to(here):
        raise FetchFailed(f"leaves the folder {here}; write the absolute path as file://{found}")
    return found


def next_url(url: str, location: str | None, *, private: bool = False) -> str:
    """Return where a redirect of `url` leads.

    Args:
        private: A public host may lead to one of this machine or of its own network.

    Raises:
        FetchFailed: It leads to where nothing is encrypted, to nowhere, carries a password, or
            leads from a public host to one of this machine or of its own network.
    """
    if not location:
        raise FetchFailed("redirects to nowhere")
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    parts = _split(target)
    local = _split(url)
    stays_here = bool(parts and local and _is_here(parts) and _is_here(local))
    if parts is None or not _PRINTABLE.fullmatch(target) or not (_is_safe(parts) or stays_here):
        raise FetchFailed(f"redirects to {location[:100]!r}, which is not an https url")
    if parts.username is not None or parts.password is not None:
        raise FetchFailed(f"redirects to {location[:100]!r}, which carries a password")
    if _is_inside(parts) and not (private or (local and _is_inside(local))):
        raise FetchFailed(
            f"redirects to {location[:100]!r}, a host that is not public; if that is meant, say "
            "private_redirects = true in its definition"
        )
    return target


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _is_safe(parts: SplitResult) -> bool:
    return parts.scheme == "https" and bool(parts.hostname)


def _is_here(parts: SplitResult) -> bool:
    """Return whether this is plain http that never leaves the machine."""
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def _is_inside(parts: SplitResult) -> bool:
    """Return whether the host is named as one of this machine or of a network that is not public.

    Only what the url says is looked at: a public name may still resolve to a private address.
    """
    host = (parts.hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return _odd_ipv4(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return not (mapped or address).is_global


def _odd_ipv4(host: str) -> bool:
    """Return whether resolvers read `host` as an IPv4 address, such as 2130706433 or 0x7f.1."""
    return _ODD_IPV4.fullmatch(host.rpartition(".")[2]) is not None


def _wrong_file(parts: SplitResult) -> str:
    if parts.netloc or parts.query or parts.fragment or not parts.path or "%00" in parts.path:
        return "names no file, expected file:list.txt or file:///path/list.txt"
    path = unquote(parts.path)
    if not path.startswith("/") and ".." in path.split("/"):
        return "leaves the folder of the policy; write the absolute path as file:///path"
    return ""
