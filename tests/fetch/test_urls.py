"""Sources are asked over https, or on this machine; a redirect cannot lead out of that."""

from pathlib import Path

import pytest

from blockc.fetch.http.messages import FetchFailed
from blockc.fetch.http.urls import file_path, next_url, wrong_url

HOME = "http://127.0.0.1:8000/list"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/list",
        "https://example.com:8443/list?format=text",
        "https://[2001:db8::1]/list",
        "http://127.0.0.1:8000/list",
        "http://[::1]/list",
        "http://localhost/list",
        "file:list.txt",
        "file:feeds/own%20list.txt",
        "file:///srv/feeds/list.txt",
    ],
)
def test_a_good_url_is_good(url: str) -> None:
    assert wrong_url(url) == ""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/list", "not an https url"),
        ("http://localhost.example.com/list", "not an https url"),
        ("http://127.0.0.1.example.com/list", "not an https url"),
        ("ftp://example.com/list", "not an https url"),
        ("HTTPS:/example.com", "not an https url"),
        ("https://", "not an https url"),
        ("https://[", "not an https url"),
        ("https://example.com:port/", "not an https url"),
        ("https://example.com:0/", "not an https url"),
        ("https://example.com/a b", "not an https url"),
        ("https://example.com/\x1b[2J", "not an https url"),
        ("https://ex\u0430mple.com/", "not an https url"),
        ("https://example.com/" + "a" * 2000, "not an https url"),
        ("https://me:secret@example.com/", "carries a password; put it into ~/.netrc"),
        ("https://me@example.com/", "carries a password"),
        ("file:", "names no file"),
        ("file:list?x=1", "names no file"),
        ("file://server/share/list", "names no file"),
        ("file:a%00b", "names no file"),
        ("file:../list", "leaves the folder of the policy"),
        ("file:a/%2e%2e/%2e%2e/list", "leaves the folder of the policy"),
    ],
)
def test_a_bad_url_is_told_why(url: str, said: str) -> None:
    assert said in wrong_url(url)


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://a.example/x/y", "z", "https://a.example/x/z"),
        ("https://a.example/x", "//b.example/y", "https://b.example/y"),
        ("https://a.example/x", "https://b.example/y", "https://b.example/y"),
        (HOME, "/other", "http://127.0.0.1:8000/other"),
        (HOME, "http://localhost:9000/other", "http://localhost:9000/other"),
        (HOME, "https://a.example/x", "https://a.example/x"),
    ],
)
def test_a_redirect_stays_encrypted_or_on_this_machine(
    url: str, location: str, target: str
) -> None:
    assert next_url(url, location) == target


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "http://127.0.0.1/x"),
        ("https://a.example/x", "file:///etc/passwd"),
        ("https://a.example/x", "ftp://a.example/x"),
        ("https://a.example/x", "https://a.example/\x1b[2J"),
        ("https://a.example/x", "https://["),
        ("https://a.example/x", "https://a.example:0/"),
        (HOME, "http://a.example/x"),
        (HOME, "file:///etc/passwd"),
        ("https://a.example/x", ""),
        ("https://a.example/x", None),
    ],
)
def test_a_redirect_elsewhere_is_refused(url: str, location: str | None) -> None:
    with pytest.raises(FetchFailed, match=r"not an https url|redirects to nowhere") as caught:
        next_url(url, location)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.0.1", "169.254.169.254",
        "[fe80::1]", "[fc00::1]", "localhost", "x.localhost", "localhost.", "0x7f.1", "2130706433",
        "100.64.0.1",
    ],
)  # fmt: skip
def test_a_public_host_cannot_send_us_to_one_that_is_not(host: str) -> None:
    with pytest.raises(FetchFailed, match="a host that is not public"):
        next_url("https://a.example/x", f"https://{host}/y")
    inside = "https://10.0.0.1/x"
    assert next_url(inside, f"https://{host}/y") == f"https://{host}/y"
    assert next_url("https://a.example/x", "https://1.1.1.1/y") == "https://1.1.1.1/y"


@pytest.mark.parametrize("user", ["me:secret@", "me@", "a.example:443@", "@"])
def test_a_redirect_that_carries_a_password_is_refused(user: str) -> None:
    with pytest.raises(FetchFailed, match="carries a password"):
        next_url("https://a.example/x", f"https://{user}b.example/y")


def test_a_relative_file_stands_beside_the_policy(tmp_path: Path) -> None:
    assert file_path("file:a%20b/list", tmp_path) == tmp_path / "a b" / "list"
    assert file_path("file:///srv/list", tmp_path) == Path("/srv/list")


def test_a_link_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (folder / "inside").write_bytes(b"y")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "good").symlink_to("inside")
    assert file_path("file:good", folder) == folder / "inside"
    for url in ("file:link", "file:../secret"):
        with pytest.raises(FetchFailed, match="leaves the folder"):
            file_path(url, folder)


def test_a_definition_can_say_that_a_public_host_may_send_us_to_one_that_is_not() -> None:
    with pytest.raises(FetchFailed, match="say private_redirects = true in its definition"):
        next_url("https://a.example/x", "https://10.0.0.1/y")
    assert next_url("https://a.example/x", "https://10.0.0.1/y", private=True)[8:] == "10.0.0.1/y"
    with pytest.raises(FetchFailed, match="not an https url"):
        next_url("https://a.example/x", "http://127.0.0.1/y", private=True)
