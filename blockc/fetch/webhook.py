"""Tells a web service what a refresh came to."""

import json
from collections.abc import Mapping
from typing import Any

import requests

SECONDS = (5.0, 15.0)  # for a connection, and for the answer


def tell(url: str, report: Mapping[str, Any]) -> str:
    """Send a report as JSON; return why it did not arrive, or nothing.

    The reason never holds the url, which is often a secret.
    """
    if not url.lower().startswith(("https://", "http://")):
        return "its url does not begin with https:// or http://"
    body = json.dumps(report, ensure_ascii=False).encode()
    try:
        answer = requests.post(
            url,
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=SECONDS,
            allow_redirects=False,  # a report is for who was named
        )
    except requests.Timeout:
        return "it did not answer in time"
    except (requests.RequestException, OSError, ValueError) as problem:
        return f"it could not be reached ({type(problem).__name__})"
    received = 200 <= answer.status_code < 300
    return "" if received else f"it answered with status {answer.status_code}"
