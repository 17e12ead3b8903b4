"""A template of the operator's own that writes a list in no known form, and how it is read back."""

from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import write_policy

POLICY = """\
version = 1
[list.far]
block = ["1.0.1.0/24", "1.0.3.0/24", "2400:3200::/32"]

[[output]]
list = "far"
target = "plain"
path = "far.acl"
template = "own.j2"
"""
FORM = """\
[output.reader]
line = ["deny ip {address} any", "deny ipv6 {address} any"]
comments = ["!"]
around = ["ip access-list far", "exit"]
"""
TEMPLATE = """\
{% for line in header %}
! {{ line }}
{% endfor %}
ip access-list far
{% for part in parts %}
{% for text in part.texts %}
  deny {{ "ip" if part.version == 4 else "ipv6" }} {{ text }} any
{% endfor %}
{% endfor %}
exit
"""


def built(blockc: Blockc, folder: Path, template: str, form: str = FORM) -> tuple[int, str]:
    """Return the exit code of a build with an own template, and what it says."""
    (folder / "own.j2").write_text(template, encoding="utf-8")
    policy = write_policy(folder, POLICY + form)
    done = blockc("build", "-f", policy, "-o", folder / "dist")
    return done.code, done.err


def test_a_list_in_a_form_of_ones_own_is_written_and_proved(blockc: Blockc, tmp_path: Path) -> None:
    code, said = built(blockc, tmp_path, TEMPLATE)
    assert code == 0, said
    text = (tmp_path / "dist" / "far.acl").read_text("utf-8")
    assert "ip access-list far\n  deny ip 1.0.1.0/24 any\n" in text
    assert blockc("verify", tmp_path / "dist", "-f", tmp_path / "blockc.toml").code == 0
    (tmp_path / "dist" / "far.acl").write_text(text.replace("1.0.3", "1.0.4"), encoding="utf-8")
    assert blockc("verify", tmp_path / "dist", "-f", tmp_path / "blockc.toml").code == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{{ text }}", "{{ text | replace('1.0.3', '1.0.4') }}", "the policy blocks it"),
        ("deny {{", "permit {{", "expected a line such as 'deny ip {address} any' or"),
        ("exit", "permit ip any any", "expected a line such as"),
        ("{{ text }}", "{{ text }}/3", "/3"),
        ("in part.texts %}", "in part.texts[1:] %}", "the policy blocks it"),
        ("! {{ line }}", "! {{ line | replace('entries', 'entry') }}", "in the header is"),
    ],
)  # fmt: skip
def test_a_template_that_says_something_else_is_refused_with_the_place(
    blockc: Blockc, tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in TEMPLATE
    code, said = built(blockc, tmp_path, TEMPLATE.replace(old, new))
    assert code == 2
    assert message in said
    assert "far.acl:" in said
    assert "the template own.j2" in said


def test_lines_alone_are_read_where_nothing_more_is_said(blockc: Blockc, tmp_path: Path) -> None:
    template = "{% for part in parts %}\n{{ part.lines() }}\n{% endfor %}\n"
    assert built(blockc, tmp_path, template, 'reader = "lines"\n')[0] == 0
    code, said = built(blockc, tmp_path, template.replace("lines()", "lines('deny ')"),
                       'reader = "lines"\n')  # fmt: skip
    assert code == 2
    assert "expected a line such as '{address}'" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('template = "own.j2"\n', "", "and there is none"),
        ('"plain"', '"nginx-geo"', "what is written for nginx-geo is read by its own grammar"),
        ("deny ip {address} any", "deny ip any", "does not say where the addresses of a line are"),
        ('["!"]', '[" "]', "is not a text that a line could begin with"),
        ('path = "far.acl"', 'path = "far.acl"\nwhen_over = "two-sets"', "is written as one set"),
    ],
)
def test_a_reader_that_cannot_be_is_refused_before_anything_is_written(
    blockc: Blockc, tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in POLICY + FORM
    (tmp_path / "own.j2").write_text(TEMPLATE, encoding="utf-8")
    policy = write_policy(tmp_path, (POLICY + FORM).replace(old, new))
    done = blockc("build", "-f", policy, "-o", tmp_path / "dist")
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / "dist").exists()
