"""Encode the read engine's records as JSON:API documents (https://jsonapi.org/format/#document-structure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Model

from rest_api.errors import Problem
from rest_api.included import Included
from rest_api.negotiation import NOTHING_AGREED, Negotiated, content_type
from rest_api.query import Query
from rest_api.resource_objects import Pages, identifier_object, key_of, record_text, resource_texts, row_texts
from walletsvc.principals import Principal
from walletsvc.queries.records import Page, Record, cursors_of, plan_for
from walletsvc.telemetry.requests import note_refusal

VERSION = "1.1"


@dataclass(frozen=True, slots=True)
class Document:
    """The parts of a document besides its data: links, meta, and the negotiated extensions and profiles.

    Its links begin with `public_url`, as `url` does.
    """

    public_url: str
    url: str
    links: Mapping[str, object] | None = None
    meta: Mapping[str, object] | None = None
    negotiated: Negotiated = NOTHING_AGREED

    def encode(self, members: Mapping[str, object]) -> bytes:
        """Return the document as bytes, with `members` added: data and included, errors, or nothing."""
        document: dict[str, object] = {"jsonapi": jsonapi_object(self.negotiated), **members}
        document["links"] = {"self": self._self_link(), **(self.links or {})}
        if self.meta is not None:
            document["meta"] = self.meta
        return orjson.dumps(document)

    def _self_link(self) -> object:
        if self.negotiated == NOTHING_AGREED:
            return self.url
        # A link object states the media type of its target, with parameters.
        return {"href": self.url, "type": content_type(self.negotiated)}


def jsonapi_object(negotiated: Negotiated = NOTHING_AGREED) -> dict[str, object]:
    """Return the `jsonapi` member: the version, and the applied extensions and profiles."""
    described: dict[str, object] = {"version": VERSION}
    if negotiated.extensions:
        described["ext"] = sorted(negotiated.extensions)
    if negotiated.profiles:
        described["profile"] = sorted(negotiated.profiles)
    return described


def encode_one(
    record: Record, query: Query, document: Document, *, meta: Mapping[str, object] | None = None
) -> bytes:
    """Return the document of one resource, which has the `meta`, with its included resources."""
    pages = Pages([record])
    shown = query.shown_relations(record.resource)
    included = pages.of(record)
    if included:
        (data,) = row_texts(record.plan, [record.row], shown, document.public_url, [included])
    else:
        data = record_text(record, shown, document.public_url)
    if meta is not None:
        data = b'%b,"meta":%b}' % (data[:-1], orjson.dumps(meta))
    return document.encode({"data": orjson.Fragment(data), **_included(record, query, pages, document.public_url)})


def encode_many(page: Page, query: Query, document: Document, *, with_cursors: bool) -> bytes:
    """Return the document of a list. `with_cursors` adds its cursor to each resource."""
    included: dict[str, Any] = {}
    if query.include:
        found = Included(page)
        texts = found.primary_texts(query, document.public_url)
        included = {"included": _array(found.texts(query, document.public_url))}
    else:
        texts = row_texts(page.plan, page.rows, query.shown_relations(page.plan.resource), document.public_url)
    if with_cursors:
        cursors = cursors_of(page.plan, page.order, list(zip(*page.rows, strict=True))) if page.rows else ()
        texts = [
            b'%b,"meta":{"page":{"cursor":"%b"}}}' % (text[:-1], cursor)
            for text, cursor in zip(texts, cursors, strict=True)
        ]
    return document.encode({"data": _array(texts), **included})


def _array(texts: Iterable[bytes]) -> orjson.Fragment:
    return orjson.Fragment(b"[%b]" % b",".join(texts))


def _included(primary: Record, query: Query, pages: Pages, public_url: str) -> dict[str, Any]:
    if not query.include:
        return {}
    shown = key_of(primary)
    others = [record for key, record in pages.records.items() if key != shown]
    return {"included": _array(resource_texts(others, query, pages, public_url))}


def encode_resources(records: Sequence[Record], *, public_url: str) -> list[orjson.Fragment]:
    """Return the resource objects of records, with all fields, as fragments of another document."""
    return [orjson.Fragment(text) for text in resource_texts(records, Query(), Pages([]), public_url)]


# -- other documents -----------------------------------------------------------------------------------


def encode_null(document: Document) -> bytes:
    """Return the document of an empty to-one relation."""
    return document.encode({"data": None})


def encode_to_one(record: Record, name: str, document: Document) -> bytes:
    """Return the linkage document of a to-one relationship."""
    key = record.keys[name]
    target = record.resource.to_one[name].target
    return document.encode({"data": None if key is None else identifier_object(target, key)})


def encode_identifiers(records: Iterable[Record], document: Document, *, with_cursors: bool) -> bytes:
    """Return the linkage document of a page of a to-many relationship."""
    data = [identifier_object(record.resource.name, record.id) for record in records]
    if with_cursors:
        for rendered, record in zip(data, records, strict=True):
            rendered["meta"] = {"page": {"cursor": record.cursor}}
    return document.encode({"data": data})


def encode_problems(problems: Sequence[Problem], negotiated: Negotiated) -> bytes:
    """Return the error document of a refusal."""
    note_refusal(problems[0].code)
    return orjson.dumps({"jsonapi": jsonapi_object(negotiated), "errors": [problem.render() for problem in problems]})


def records_of(resource: str, instances: Iterable[Model], *, principal: Principal) -> list[Record]:
    """Return model instances as records with all the fields that the caller knows."""
    plan = plan_for(principal, resource, None)
    return [Record(plan, row) for row in plan.rows_of(instances)]
