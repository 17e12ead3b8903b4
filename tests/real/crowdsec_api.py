"""Runs inside a network namespace of its own: imports decisions, asks for them as a bouncer does

    unshare --net python crowdsec_api.py FOLDER < job.json

The local API of CrowdSec has a folder for all it writes, and nobody else to talk to.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

URL, KEY = "http://127.0.0.1:8080", "key"
CONFIG = {
    "common": {"daemonize": False, "log_media": "stdout", "log_level": "error"},
    "config_paths": {
        "config_dir": "@/", "data_dir": "@/", "hub_dir": "@/", "index_path": "@/.index.json",
        "simulation_path": "@/simulation.yaml", "notification_dir": "@/none",
        "plugin_dir": "@/none",
    },
    "crowdsec_service": {"acquisition_path": "@/acquis.yaml"},
    "db_config": {"type": "sqlite", "db_path": "@/decisions.db", "use_wal": True},
    "api": {
        "client": {"credentials_path": "@/credentials.yaml"},
        "server": {"listen_uri": "127.0.0.1:8080", "profiles_path": "@/profiles.yaml"},
    },
    "prometheus": {"enabled": False},
}  # fmt: skip
EMPTY = {
    ".index.json": "{}",
    "simulation.yaml": "simulation: false\n",
    "profiles.yaml": 'name: none\nfilters: ["false"]\ndecisions: []\n',
    "acquis.yaml": "",
    "credentials.yaml": "",
}


def cscli(folder: Path, *words: str) -> None:
    """Run `cscli`; it must not fail."""
    command = ["cscli", "--config", f"{folder}/config.yaml", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")


def decisions(address: str) -> list[dict[str, Any]]:
    """Return what is in force about an address."""
    request = Request(f"{URL}/v1/decisions?ip={quote(address)}", headers={"X-Api-Key": KEY})  # noqa: S310
    found: list[dict[str, Any]] | None = json.load(urlopen(request))  # noqa: S310
    return found or []


def prepared(folder: Path) -> None:
    """Write the configuration, and let a machine and a bouncer in."""
    for name, text in EMPTY.items():
        (folder / name).write_text(text, encoding="utf-8")
    config = json.dumps(CONFIG).replace("@", str(folder))  # JSON is YAML
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    credentials = ("--password", "none", "--url", URL, "--file", f"{folder}/credentials.yaml")
    cscli(folder, "machines", "add", "tests", *credentials)
    cscli(folder, "bouncers", "add", "tests", "--key", KEY)


def main() -> None:
    """Import each file of the job on stdin, and print what its probes are told."""
    folder = Path(sys.argv[1])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    prepared(folder)
    command = ["crowdsec", "-no-cs", "-c", f"{folder}/config.yaml"]
    server = subprocess.Popen(command, cwd=folder, stdout=sys.stderr)
    try:
        for _ in range(200):
            try:
                decisions("127.0.0.1")
                break
            except URLError:
                time.sleep(0.05)
        found = []
        for number, one in enumerate(json.load(sys.stdin)):
            path = folder / f"{number}.csv"
            path.write_text(one["text"], encoding="utf-8")
            cscli(folder, "decisions", "import", "--input", str(path))
            found.append([decisions(address) for address in one["probes"]])
            cscli(folder, "decisions", "delete", "--scenario", one["reason"])
            found[-1].append(decisions(one["probes"][0]))
        json.dump(found, sys.stdout)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
