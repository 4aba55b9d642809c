"""The server as seen over HTTP: the WSGI application with the layer in front of Django."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

from django.http import HttpRequest, HttpResponseBase

from walletsvc.web.fast_path import FrontHandler


class Server(FrontHandler):
    """Counts the requests that get as far as Django."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = 0

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        self.reached += 1
        return super().get_response(request)

    def send(self, method: str, path: str, body: bytes = b"", *, content_type: str = "") -> Any:
        """Send a request, and return the JSON in its answer."""
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        environ |= {"HTTP_HOST": "localhost", "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ |= {"CONTENT_TYPE": content_type} if content_type else {}
        setup_testing_defaults(environ)
        chunks = self(environ, lambda *_: None)
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        return json.loads(content) if content else None

    def ask(self, query: str, variables: Mapping[str, Any], *, method: str = "POST") -> Any:
        """Ask a GraphQL document."""
        if method == "GET":
            return self.send("GET", "/graphql/?" + urlencode({"query": query, "variables": _encode(variables)}))
        body = f'{{"query": {json.dumps(query)}, "variables": {_encode(variables)}}}'
        return self.send("POST", "/graphql/", body.encode(), content_type="application/json")

    def write(self, method: str, path: str, document: Mapping[str, Any]) -> Any:
        """Send a document of JSON:API."""
        body = json.dumps(document).encode()
        return self.send(method, path, body, content_type="application/vnd.api+json")


def _encode(value: Any) -> str:
    """Return the value as JSON, a Decimal as a number."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)}: {_encode(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_encode, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)
