"""The ceiling: a Django view that only returns `size` constant bytes.

With the settings that `django-admin startproject` writes; with MIDDLEWARE=none, without their middleware.
"""

import os
from functools import cache

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

settings.configure(
    SECRET_KEY="used-for-nothing",  # noqa: S106 - nothing is signed
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[] if os.environ.get("MIDDLEWARE") == "none" else MIDDLEWARE,
)


@cache
def _constant(size: int) -> bytes:
    return b'{"data":"%s"}' % (b"x" * (size - 11))


@csrf_exempt
def constant(request: HttpRequest, size: int) -> HttpResponse:
    """Return a JSON document of `size` bytes."""
    if request.method == "POST":
        # If a body stays unread, the server closes the connection while the client is still sending.
        len(request.body)
    headers = {"Content-Length": str(size)}
    return HttpResponse(_constant(size), content_type="application/vnd.api+json", headers=headers)


urlpatterns = [path("constant/<int:size>", constant)]
application = get_wsgi_application()
