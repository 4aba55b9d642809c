"""Read a GraphQL request from HTTP and choose the media type of its answer, by the GraphQL over HTTP specification:

https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from walletsvc.errors import TooLong
from walletsvc.web.json_body import MalformedJson, parse_json

JSON_TYPE = "application/json"
RESPONSE_TYPE = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """An operation that a client sends.

    `extensions` are those of the request, such as `persistedQuery`. `document_id` names a registered document.
    """

    query: str | None
    variables: dict[str, Any]
    operation_name: str | None
    extensions: dict[str, Any]
    document_id: str | None = None


class Refused(Exception):
    """A request that is refused before GraphQL runs."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def read_request(request: HttpRequest) -> GraphQLRequest:
    """Return the GraphQL request in the URL of a GET (or HEAD) or the body of a POST.

    Raises `Refused`: 400 for a malformed request, 413 for too long a body, 415 for another media type.
    """
    if request.method in ("GET", "HEAD"):
        texts = ("query", "operationName", "documentId")
        members: dict[str, Any] = {name: request.GET[name] for name in texts if name in request.GET}
        for name in ("variables", "extensions"):
            if request.GET.get(name):
                members[name] = read_json(request.GET[name].encode(), name=f"`{name}`")
        return check_members(members)
    if request.content_type != JSON_TYPE:
        raise Refused(415, "unsupported_media_type", f"Send {JSON_TYPE}.", headers={"Accept": JSON_TYPE})
    if (request.content_params or {}).get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused(415, "unsupported_media_type", "Send JSON in UTF-8.", headers={"Accept": JSON_TYPE})
    return check_members(read_json(_read_body(request)))


def _read_body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        # The rest of the body is still on its way, and will not be read.
        raise Refused(413, TooLong.code, "The body is too long.", headers={"Connection": "close"}) from error
    except UnreadablePostError as error:
        raise Refused(400, "malformed", "The body broke off.") from error


def read_json(body: bytes, *, name: str = "The body") -> Any:
    """Return the JSON value in `body`. Raises `Refused` (400)."""
    try:
        return parse_json(body, name=name)
    except MalformedJson as error:
        raise Refused(400, "malformed", error.message) from error


def check_members(members: Any) -> GraphQLRequest:
    """Return the request in a JSON value. Raises `Refused` (400)."""
    if not isinstance(members, dict):
        raise Refused(400, "malformed", "A GraphQL request is a JSON object.")
    query, name, document_id = members.get("query"), members.get("operationName"), members.get("documentId")
    for member, value in (("query", query), ("operationName", name), ("documentId", document_id)):
        if value is not None and not isinstance(value, str):
            raise Refused(400, "malformed", f"`{member}` is a string.")
    variables, extensions = members.get("variables"), members.get("extensions")
    for member, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise Refused(400, "malformed", f"`{member}` is an object.")
    return GraphQLRequest(query or None, variables or {}, name or None, extensions or {}, document_id or None)


def choose_type(request: HttpRequest) -> str:
    """Return the media type of the answer: the one that the client prefers.

    A client that accepts anything gets `application/json`, which every client can read. Raises `Refused` (406).
    """
    for accepted in request.accepted_types:
        for offered in (JSON_TYPE, RESPONSE_TYPE):
            main_type, _, sub_type = offered.partition("/")
            if accepted.main_type in (main_type, "*") and accepted.sub_type in (sub_type, "*"):
                return offered
    raise Refused(406, "not_acceptable", f"Answers are {RESPONSE_TYPE} or {JSON_TYPE}.")


def wants_page(request: HttpRequest) -> bool:
    """Tell whether a browser asks for the playground instead of an answer."""
    return (
        request.method in ("GET", "HEAD")
        and "query" not in request.GET
        and any((each.main_type, each.sub_type) == ("text", "html") for each in request.accepted_types)
    )
