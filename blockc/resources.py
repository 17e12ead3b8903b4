"""Where the shipped folders are: in a wheel, an editable install or a bare checkout."""

from pathlib import Path


def templates_dir() -> Path:
    """Return the folder of the targets' templates."""
    return _shipped("templates")


def sources_dir() -> Path:
    """Return the folder of the source definitions, with `groups/` and `sample/` in it."""
    return _shipped("sources")


def log_formats_dir() -> Path:
    """Return the folder of the formats of access logs."""
    return _shipped("log_formats", "log-formats")


def schemas_dir() -> Path:
    """Return the folder of the JSON Schemas of what an operator writes."""
    return _shipped("schemas", "docs/schema")


def _shipped(name: str, checkout: str = "") -> Path:
    """Return the installed folder if it exists, else the checkout's.

    A wheel carries `name` inside the package. In a checkout, installed editable or not, it stands
    beside the package, at the path `checkout` if that is another.
    """
    package = Path(__file__).resolve().parent
    installed = package / name
    return installed if installed.is_dir() else package.parent / (checkout or name)
