"""Operations in the description, and their answers."""

from __future__ import annotations

from collections.abc import Sequence

from rest_api.endpoints import Endpoint
from rest_api.negotiation import MEDIA_TYPE
from rest_api.openapi.parameters import Parameter
from rest_api.openapi.refusals import MEANINGS
from rest_api.openapi.schemas import Schema, ref
from walletsvc.web.idempotency import REPLAYED

READING = (400, 401, 403, 406, 411, 415, 429, 500, 501, 503)
"""The statuses that refuse any read. Any request may have a body, and be refused for the body's codings."""
WRITING = (400, 401, 403, 404, 406, 408, 409, 411, 413, 415, 422, 429, 500, 501, 503)
"""The statuses that refuse any write."""

DONE: Schema = {"204": {"description": "Done."}}
REPLAYED_HEADER: Schema = {
    REPLAYED: {
        "required": False,
        "schema": {"const": "true"},
        "description": "The request was answered with this before, and nothing has changed.",
    }
}
"""What an answer to a request with an idempotency key may have."""

_HEADERS = {
    "ETag": "Changes with every change of the document.",
    "Location": "The URL of the new resource.",
    "Retry-After": "When to try again, in seconds.",
    "RateLimit": 'What is left of the limit, and when it is restored, such as `"principal";r=0;t=41`.',
    "RateLimit-Policy": 'The limit that applies, such as `"principal";q=6000;w=60`.',
}
_OF_REFUSALS = {429: ("Retry-After", "RateLimit", "RateLimit-Policy"), 503: ("Retry-After",)}


def operation(
    operation_id: str,
    summary: str,
    tag: str,
    *,
    answers: Schema,
    parameters: Sequence[Parameter] = (),
    body: Schema | None = None,
    media_type: str = MEDIA_TYPE,
) -> Schema:
    """Return an operation with its `answers` by status, and a `body` if it takes one."""
    described: Schema = {"operationId": operation_id, "summary": summary, "tags": [tag], "responses": answers}
    if parameters:
        described["parameters"] = list(parameters)
    if body is not None:
        described["requestBody"] = {"required": True, "content": {media_type: {"schema": body}}}
    return described


def document_answer(name: str, description: str, *headers: str, media_type: str = MEDIA_TYPE) -> Schema:
    """Return the answer with the document of this schema, and with these headers."""
    answer: Schema = {"description": description, "content": {media_type: {"schema": ref(name)}}}
    if headers:
        answer["headers"] = {
            name: {"required": True, "schema": {"type": "string"}, "description": _HEADERS[name]} for name in headers
        }
    return answer


def read_answers(name: str, *statuses: int) -> Schema:
    """Return the answers to a GET of the document of this schema, `statuses` among the refusals."""
    found = document_answer(name, "The document.", "ETag")
    unchanged = {"description": "The client has the current document.", "headers": found["headers"]}
    return {"200": found, "304": unchanged} | refusals(*READING, 412, *statuses)


def refusals(*statuses: int, media_type: Sequence[str] = (MEDIA_TYPE,)) -> Schema:
    """Return the answers that refuse a request with these statuses."""
    answers: Schema = {}
    for status in sorted(statuses):
        answers[str(status)] = document_answer(f"Errors{status}", MEANINGS[status], *_OF_REFUSALS.get(status, ()))
        answers[str(status)]["content"] = {each: {"schema": ref(f"Errors{status}")} for each in media_type}
    return answers


def created_answer(endpoint: Endpoint) -> Schema:
    """Return the answer with a new resource, which leads to further operations on it."""
    created = document_answer(f"{endpoint.name}Document", "Created.", "Location")
    created["headers"] |= REPLAYED_HEADER
    return {"201": created | {"links": _links(endpoint)}}


def _links(endpoint: Endpoint) -> Schema:
    """Return the links from a new resource's id to further operations."""
    verbs = ["read", "update", *(["delete"] if endpoint.delete else [])]
    parameters = {"id": "$response.body#/data/id"}
    return {f"{verb}It": {"operationId": f"{verb}{endpoint.name}", "parameters": parameters} for verb in verbs}
