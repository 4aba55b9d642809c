"""All URLs of the server; a trailing slash is optional everywhere."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, re_path

from walletsvc.health import healthz


def index(request: HttpRequest) -> JsonResponse:
    """Tell where the two faces are."""
    return JsonResponse({"service": "walletsvc", "rest": "/api/", "graphql": "/graphql/", "health": "/healthz"})


urlpatterns = [
    re_path(r"^$", index),
    re_path(r"^healthz/?$", healthz),
    re_path(r"^api(?:/|$)", include("rest_api.urls")),
    re_path(r"^graphql(?:/|$)", include("graphql_api.urls")),
]
