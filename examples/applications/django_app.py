"""Django: gunicorn django_app:application, or uvicorn --no-proxy-headers django_app:asgi."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

import blockc
from blockc.runtime.asgi import BlocklistASGI
from blockc.runtime.clients import Proxies
from blockc.runtime.wsgi import BlocklistWSGI

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY=os.urandom(32).hex())


def hello(request: HttpRequest) -> HttpResponse:
    """Greet; a client with the action `warn` learns what comes."""
    said = request.scope if hasattr(request, "scope") else request.environ
    warned = said["blockc"].answer.action == "warn"
    return HttpResponse("soon you cannot reach us" if warned else "hello")


def health(_: HttpRequest) -> HttpResponse:
    """Answer whoever asks whether the application lives."""
    return HttpResponse("well")


urlpatterns = [path("", hello), path("health", health)]
MATCHER = blockc.load(os.environ.get("BLOCKC_DIST", "dist"))
OPTIONS = {
    "proxies": Proxies(["127.0.0.1"]),  # the addresses of your own proxies
    "paths": {"/health": None},
}
application = BlocklistWSGI(get_wsgi_application(), MATCHER, **OPTIONS)
asgi = BlocklistASGI(get_asgi_application(), MATCHER, **OPTIONS)
