"""The whole document."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import Any

import orjson

from rest_api.openapi.books import book_schemas
from rest_api.openapi.documents import document_schemas
from rest_api.openapi.history import history_schemas
from rest_api.openapi.paths import paths
from rest_api.openapi.refusals import error_schemas
from rest_api.openapi.requests import request_schemas
from walletsvc import __version__

MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.1"
"""The media type registered by the OpenAPI Initiative (https://spec.openapis.org/oas/latest.html)."""

_TEXT = """\
Wallets with a balance, and transactions that change it, never below zero. All of it is JSON:API 1.1
(https://jsonapi.org/format/); a trailing slash is optional everywhere.

Amounts are decimal texts with exactly the decimal places of their currency. A refused request has changed nothing.
Each error has a stable `code`; its `source` leads to the member, parameter or header at fault.

Each URL also has HEAD, where it has GET, and OPTIONS; other methods are answered with 405, unknown URLs with 404.
"""


def describe() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "walletsvc", "version": __version__, "description": _TEXT, "license": {"name": "MIT"}},
        "paths": dict(paths()),
        # Both may be: a server can be open (AUTH_REQUIRED off).
        "security": [{"key": []}, {}],
        "components": {
            "schemas": dict(
                chain(document_schemas(), history_schemas(), book_schemas(), request_schemas(), error_schemas())
            ),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the issuer."}
            },
        },
    }


@cache
def encoded() -> bytes:
    """Return the document as JSON, made once."""
    return orjson.dumps(describe())
