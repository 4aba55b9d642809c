"""The structure that every response of the API must have, whatever the request: that of JSON:API 1.1.

A restatement of https://jsonapi.org/format/#document-structure, for documents that a server sends. The client
fixture checks every response of the suite with `check_response`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpResponse

MEDIA_TYPE = "application/vnd.api+json"
_CONTENT_TYPE = re.compile(r'application/vnd\.api\+json(; (ext|profile)="[^" ]+( [^" ]+)*")*')
_MEMBER_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?")
_ABSOLUTE_URL = re.compile(r"https?://(\[[0-9a-f:]+\])?[A-Za-z0-9%._~:/?#@!$&'()*+,;=-]*")

ATOMIC = "https://jsonapi.org/ext/atomic"
ATOMIC_TYPE = f'{MEDIA_TYPE}; ext="{ATOMIC}"'
RESULTS = "atomic:results"

TOP_LEVEL = {"data", "errors", "meta", "jsonapi", "links", "included", RESULTS}
TOP_LEVEL_LINKS = {"self", "related", "describedby", "first", "last", "prev", "next"}
COMPUTED = {"Balance", "Statement", "Book"}
"""What is computed from a wallet: it has no relationships of its own to be asked for."""
FILES = {"text/csv", "application/xml", "text/html"}
"""Of a statement with all its lines."""
ERROR = {"id", "links", "status", "code", "title", "detail", "source", "meta"}


def check_response(response: HttpResponse, *, method: str) -> None:
    """Raise `AssertionError` unless the response is what JSON:API and HTTP want of a server."""
    if response.status_code in (204, 304):
        assert response.content == b""
        assert "Content-Type" not in response.headers
        return
    if response["Content-Type"].partition(";")[0] in FILES:
        assert response.status_code == 200
        assert response.streaming or method == "HEAD"
        return
    assert _CONTENT_TYPE.fullmatch(response["Content-Type"])
    if method == "HEAD":
        assert response.content == b""
        return
    assert int(response["Content-Length"]) == len(response.content)
    document = json.loads(response.content)
    check_document(document)
    assert ("errors" in document) == (response.status_code >= 400)
    if "errors" in document:
        statuses = {int(error["status"]) for error in document["errors"]}
        assert response.status_code in statuses or response.status_code in (400, 500)
    if response.status_code == 405:
        assert response["Allow"]
    if response.status_code == 503:
        assert int(response["Retry-After"]) > 0


def check_document(document: Any) -> None:
    """Raise `AssertionError` unless `document` has the structure of a response document."""
    assert isinstance(document, dict)
    assert document.keys() <= TOP_LEVEL
    assert document.keys() & {"data", "errors", "meta", RESULTS}
    assert len(document.keys() & {"data", "errors", RESULTS}) <= 1
    check_jsonapi(document["jsonapi"])
    for result in document.get(RESULTS, []):
        assert document["jsonapi"]["ext"] == [ATOMIC]
        assert result.keys() <= {"data"}
        if result:
            check_resource(result["data"])
    check_links(document.get("links", {}), TOP_LEVEL_LINKS)
    assert isinstance(document.get("meta", {}), dict)
    if "errors" in document:
        assert document["errors"]
        for error in document["errors"]:
            check_error(error)
    if "data" in document:
        check_primary_data(document["data"], document["links"]["self"])
        check_included(document)
    else:
        assert "included" not in document


def check_jsonapi(described: Any) -> None:
    assert described["version"] == "1.1"
    assert described.keys() <= {"version", "ext", "profile", "meta"}
    for uris in (described.get("ext", []), described.get("profile", [])):
        assert isinstance(uris, list)
        assert all(isinstance(uri, str) for uri in uris)


def check_links(links: Any, allowed: set[str]) -> None:
    assert isinstance(links, dict)
    assert links.keys() <= allowed
    for link in links.values():
        if isinstance(link, dict):
            assert link.keys() <= {"href", "rel", "describedby", "title", "type", "hreflang", "meta"}
            link = link["href"]
        assert link is None or _ABSOLUTE_URL.fullmatch(link)


def check_primary_data(data: Any, self_link: Any) -> None:
    url = self_link if isinstance(self_link, str) else self_link["href"]
    check_one = check_identifier if "/relationships/" in url else check_resource
    for each in data if isinstance(data, list) else [data]:
        if each is not None or isinstance(data, list):
            check_one(each)


def check_identifier(identifier: Any) -> None:
    assert identifier.keys() <= {"type", "id", "meta"}
    computed = identifier["type"] in COMPUTED
    assert computed or identifier["type"] in ("Wallet", "Transaction", "Entry", "Transfer", "Hold")
    assert re.fullmatch("[1-9][0-9]*[.@][0-9TZ:./-]+|[A-Z]+" if computed else "[1-9][0-9]*", identifier["id"])
    assert isinstance(identifier.get("meta", {}), dict)


def check_resource(resource: Any) -> None:
    assert resource.keys() <= {"type", "id", "attributes", "relationships", "links", "meta"}
    check_identifier({name: resource[name] for name in ("type", "id", "meta") if name in resource})
    attributes, relationships = resource.get("attributes", {}), resource.get("relationships", {})
    names = [*attributes, *relationships]
    assert len(names) == len(set(names))
    assert not {"type", "id"} & set(names)
    assert all(_MEMBER_NAME.fullmatch(name) for name in names)
    check_links(resource["links"], {"self", "describedby"})
    for name, relationship in relationships.items():
        assert relationship.keys() & {"links", "data", "meta"}
        assert relationship.keys() <= {"links", "data", "meta"}
        check_links(relationship["links"], {"self", "related", "prev", "next"})
        base = resource["links"]["self"]
        if resource["type"] not in COMPUTED:
            assert relationship["links"]["self"] == f"{base}relationships/{name}/"
            assert relationship["links"]["related"] == f"{base}{name}/"
        for identifier in linkage(relationship):
            check_identifier(identifier)


def linkage(relationship: Any) -> list[Any]:
    data = relationship.get("data")
    return data if isinstance(data, list) else [] if data is None else [data]


def check_included(document: Any) -> None:
    """Nothing twice, and everything identified by something that is shown (full linkage)."""
    data = document["data"]
    primary = data if isinstance(data, list) else [] if data is None else [data]
    included = document.get("included", [])
    for resource in included:
        check_resource(resource)
    keys = [(each["type"], each["id"]) for each in (*primary, *included)]
    assert len(keys) == len(set(keys))
    linked = {
        (identifier["type"], identifier["id"])
        for resource in (*primary, *included)
        for relationship in resource.get("relationships", {}).values()
        for identifier in linkage(relationship)
    }
    url = document["links"]["self"]
    if "fields%5B" not in (url if isinstance(url, str) else url["href"]):
        assert {(each["type"], each["id"]) for each in included} <= linked | set(keys[: len(primary)])


def check_error(error: Any) -> None:
    assert error.keys() <= ERROR
    assert re.fullmatch("[45][0-9][0-9]", error["status"])
    assert re.fullmatch("[a-z]+(_[a-z]+)*", error["code"])
    assert error["title"] == error["code"].replace("_", " ").capitalize()
    assert isinstance(error["detail"], str)
    assert error["detail"]
    check_links(error.get("links", {}), {"about", "type"})
    assert isinstance(error.get("meta", {}), dict)
    source = error.get("source", {})
    assert source.keys() <= {"pointer", "parameter", "header"}
    assert "source" not in error or source
    assert source.get("pointer", "") == "" or source["pointer"].startswith("/")
