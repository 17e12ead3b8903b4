"""Flask: gunicorn flask_app:app."""

import os

from flask import Flask, request

import blockc
from blockc.runtime.clients import Proxies
from blockc.runtime.wsgi import BlocklistWSGI

app = Flask(__name__)
app.wsgi_app = BlocklistWSGI(
    app.wsgi_app,
    blockc.load(os.environ.get("BLOCKC_DIST", "dist")),
    proxies=Proxies(["127.0.0.1"]),  # the addresses of your own proxies
    paths={"/health": None},
)


@app.get("/")
def hello() -> str:
    """Greet; a client with the action `warn` learns what comes."""
    warned = request.environ["blockc"].answer.action == "warn"
    return "soon you cannot reach us" if warned else "hello"


@app.get("/health")
def health() -> str:
    """Answer whoever asks whether the application lives."""
    return "well"
