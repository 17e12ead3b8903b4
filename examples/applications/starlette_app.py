"""Starlette: uvicorn --no-proxy-headers starlette_app:app."""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import blockc
from blockc.runtime.asgi import BlocklistASGI
from blockc.runtime.clients import Proxies

MATCHER = blockc.load(os.environ.get("BLOCKC_DIST", "dist"))
PROXIES = Proxies(["127.0.0.1"])  # the addresses of your own proxies


async def hello(request: Request) -> PlainTextResponse:
    """Greet; a client with the action `warn` learns what comes."""
    warned = request.scope["blockc"].answer.action == "warn"
    return PlainTextResponse("soon you cannot reach us" if warned else "hello")


async def health(_: Request) -> PlainTextResponse:
    """Answer whoever asks whether the application lives."""
    return PlainTextResponse("well")


app = Starlette(
    routes=[Route("/", hello), Route("/health", health)],
    middleware=[
        Middleware(BlocklistASGI, matcher=MATCHER, proxies=PROXIES, paths={"/health": None})
    ],
)
