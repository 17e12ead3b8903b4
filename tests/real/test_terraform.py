"""Terraform's own parser reads every expression that is written, and Terraform plans the module.

The parser is HashiCorp's, compiled to WebAssembly. Terraform itself is in no registry that CI can
install it from; where it is on the machine it is asked too.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from blockc.addresses import FAMILIES, AddrSet
from blockc.targets.core.render import render
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import ArtifactFile
from tests.support.machine import absent, require_program
from tests.targets.artifacts import EDGES, TEMPLATES, changed, draft, rules_of, scattered

pytestmark = pytest.mark.real
MODULES = Path(sys.prefix, "node", "node_modules")  # `make programs` installs them
PARSE = """\
const hcl = require("@cdktf/hcl2json");
const texts = JSON.parse(require("fs").readFileSync(0));
Promise.all(texts.map((text) => hcl.getExpressionAst("x.tf", text).then(() => "", String)))
  .then((said) => { console.log(JSON.stringify(said)); process.exit(0); });
"""
LISTS = {**EDGES, "many": scattered(Random("terraform"), 40)}
TERRAFORM = TARGETS["terraform"]


def parsed(templates: list[str]) -> list[str]:
    """Return what the parser says about each text with templates in it; nothing if it is fine."""
    node = require_program("node")
    if not (MODULES / "@cdktf" / "hcl2json").exists():
        absent(f"@cdktf/hcl2json is not in {MODULES}")
    done = subprocess.run(
        [node, "-e", PARSE],
        input=json.dumps([f'"{text}"' for text in templates]),
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    said: list[str] = json.loads(done.stdout)
    return said


def templates_in(value: object) -> Iterator[str]:
    """Yield every text with a template in it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from templates_in(item) if key != "//" else ()
    elif isinstance(value, list):
        for item in value:
            yield from templates_in(item)
    elif isinstance(value, str) and ("${" in value or "%{" in value):
        yield value


def test_hcl_parses_every_expression_that_is_written() -> None:
    found = dict[str, None]()
    for name, target in TARGETS.items():
        if name.startswith("terraform"):
            one = draft(target, rules_of(target, LISTS["many"]))
            for file in render(target, one, f"x.{target.ending}", TEMPLATES):
                found |= dict.fromkeys(templates_in(json.loads(file.data)))
    assert len(found) > 20
    *fine, unclosed, unopened = parsed([*found, "${var.x", "${format(}"])
    assert [*filter(None, fine)] == []
    assert "Unclosed template" in unclosed
    assert unopened


def terraform(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Return what terraform did in a folder that it has to itself."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        pytest.skip("neither terraform nor tofu is installed, and no registry has them")
    home = {"HOME": str(folder), "TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(
        [program, *words], cwd=folder, env={"PATH": os.environ["PATH"], **home},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def module(name: str, addresses: AddrSet) -> tuple[ArtifactFile, ...]:
    """Return the files of a list."""
    one = draft(TERRAFORM, rules_of(TERRAFORM, addresses), {"name": name, "shard": 8})
    return render(TERRAFORM, one, f"{name}.auto.tfvars.json", TEMPLATES)


def written_to(folder: Path, files: tuple[ArtifactFile, ...]) -> None:
    """Write the files of a list into a folder."""
    for file in files:
        (folder / file.path).write_bytes(file.data)


def test_terraform_plans_what_the_list_says_at_every_edge(tmp_path: Path) -> None:
    names = {f"list_{at}": case for at, case in enumerate(LISTS)}
    for name, case in names.items():
        written_to(tmp_path, module(name, LISTS[case]))
    assert terraform(tmp_path, "init", "-input=false").returncode == 0
    done = terraform(tmp_path, "plan", "-input=false", "-out=plan")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = terraform(tmp_path, "show", "-json", "plan")
    outputs: Mapping[str, Any] = json.loads(shown.stdout)["planned_values"]["outputs"]
    for name, case in names.items():
        rules = rules_of(TERRAFORM, LISTS[case])
        wanted = {
            str(prefix)
            for family in FAMILIES
            for prefix in TERRAFORM.adapt(rules[family]).prefixes()
        }
        shards = outputs[f"{name}_shards"]["value"]
        assert {prefix for shard in shards.values() for prefix in shard} == wanted
        assert outputs[f"{name}_action"]["value"] == "block"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("10.0.0.0/9", "10.0.0.1/9", "Each entry of ipv4 must be an IPv4 prefix"),
        ("10.0.0.0/9", "10.0.0.0/33", "Each entry of ipv4 must be an IPv4 prefix"),
        ("10.0.0.0/9", "2001:db8::/32", "Each entry of ipv4 must be an IPv4 prefix"),
        ("2001:db8::/64", "2001:0db8::/64", "Each entry of ipv6 must be an IPv6 prefix"),
        ("2001:db8::/64", "10.0.0.0/8", "Each entry of ipv6 must be an IPv6 prefix"),
        ("2001:db8::/64", "::ffff:10.0.0.0/104", "Each entry of ipv6 must be an IPv6 prefix"),
        ('"block"', '"allow"', "The action must be block, warn or monitor"),
        ('"ipv4": {', '"ipv5": {', "attribute"),
    ],
)
def test_terraform_refuses_a_list_that_somebody_changed(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    values, declared = module("list", EDGES["neighbours"])
    spoilt = changed(values, old, new)
    assert spoilt != values
    written_to(tmp_path, (spoilt, declared))
    assert terraform(tmp_path, "init", "-input=false").returncode == 0
    done = terraform(tmp_path, "plan", "-input=false", "-no-color")
    assert done.returncode != 0
    assert reason in " ".join((done.stdout + done.stderr).split())
