"""FastAPI: uvicorn --no-proxy-headers fastapi_app:app."""

import os

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

import blockc
from blockc.runtime.asgi import BlocklistASGI
from blockc.runtime.clients import Proxies

app = FastAPI()
app.add_middleware(
    BlocklistASGI,
    matcher=blockc.load(os.environ.get("BLOCKC_DIST", "dist")),
    proxies=Proxies(["127.0.0.1"]),  # the addresses of your own proxies
    paths={"/health": None},
)


@app.get("/", response_class=PlainTextResponse)
def hello(request: Request) -> str:
    """Greet; a client with the action `warn` learns what comes."""
    warned = request.scope["blockc"].answer.action == "warn"
    return "soon you cannot reach us" if warned else "hello"


@app.get("/health", response_class=PlainTextResponse)
def health() -> str:
    """Answer whoever asks whether the application lives."""
    return "well"
