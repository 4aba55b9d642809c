"""Compare every response with the API's own description. The client fixture checks each response."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from django.http import HttpResponse

from rest_api.openapi.document import describe


@cache
def _description() -> dict[str, Any]:
    return describe()


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    escaped = {path: re.escape(path).replace(re.escape("{id}"), "[^/]+") for path in _description()["paths"]}
    return [(re.compile(f"{pattern}?"), path) for path, pattern in escaped.items()]


@cache
def _validator(path: str, method: str, status: str) -> Any:
    """Return the validator of the bodies of an answer, or None where it has no body."""
    answer = _description()["paths"][path][method]["responses"][status]
    if "content" not in answer:
        return None
    (schema, *_) = (content["schema"] for content in answer["content"].values())
    return jsonschema_rs.Draft202012Validator({**schema, "components": _description()["components"]})


def check_described(response: HttpResponse, *, method: str, url: str) -> None:
    """Raise `AssertionError` unless the description has this answer; URLs that it does not describe are ignored."""
    asked = urlsplit(url).path
    for pattern, path in _templates():
        operation = _description()["paths"][path].get(method.lower())
        if pattern.fullmatch(asked) and operation is not None:
            status = str(response.status_code)
            assert status in operation["responses"], f"{method} {path} is not said to answer with {status}"
            validator = _validator(path, method.lower(), status)
            if validator is None:
                assert response.content == b""
            else:
                validator.validate(json.loads(response.content))
            for name, header in operation["responses"][status].get("headers", {}).items():
                assert name in response.headers or not header["required"], f"{name} is missing"
