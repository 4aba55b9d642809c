"""All URLs of the server; a trailing slash is optional everywhere."""

from django.urls import include, re_path

from walletsvc.server import health
from walletsvc.web import front_door

urlpatterns = [
    re_path(r"^$", front_door.index),
    re_path(r"^favicon\.ico$", front_door.favicon),
    re_path(r"^healthz/?$", health.readyz, name="healthz"),
    re_path(r"^livez/?$", health.livez),
    re_path(r"^readyz/?$", health.readyz),
    re_path(r"^version/?$", health.version),
    re_path(r"^api(?:/|$)", include("rest_api.urls")),
    re_path(r"^graphql(?:/|$)", include("graphql_api.urls")),
    re_path(r"(?s:.*)", front_door.unknown),
]
