"""All URLs of the server; a trailing slash is optional everywhere."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, re_path

from walletsvc.server import health
from walletsvc.web.methods import read_only
from walletsvc.web.refusals import Refusal, print_plainly


@read_only
def index(request: HttpRequest) -> JsonResponse:
    """Return the addresses of the two faces."""
    return JsonResponse({"service": "walletsvc", "rest": "/api/", "graphql": "/graphql/", "health": "/healthz"})


def unknown(request: HttpRequest) -> HttpResponse:
    """Answer requests outside both faces, whatever the method."""
    return print_plainly(Refusal(404, "not_found", f"There is nothing at {request.path[:256]}."))


urlpatterns = [
    re_path(r"^$", index),
    re_path(r"^healthz/?$", health.readyz, name="healthz"),
    re_path(r"^livez/?$", health.livez),
    re_path(r"^readyz/?$", health.readyz),
    re_path(r"^version/?$", health.version),
    re_path(r"^api(?:/|$)", include("rest_api.urls")),
    re_path(r"^graphql(?:/|$)", include("graphql_api.urls")),
    re_path(r"(?s:.*)", unknown),
]
