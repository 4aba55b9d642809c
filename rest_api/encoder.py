"""From the read engine's records to the bytes of a JSON:API document (https://jsonapi.org/format/#document-structure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from rest_api.endpoints import ENDPOINTS
from rest_api.errors import Problem
from rest_api.negotiation import NOTHING_AGREED, Negotiated, content_type
from rest_api.parameters import format_url
from rest_api.query import Query
from walletsvc.reading.execution import Page, Record
from walletsvc.reading.questions import Selection
from walletsvc.reading.resources import Resource

Key = tuple[str, int]
"""A type and an id: what a document holds at most one resource object for."""

VERSION = "1.1"


@dataclass(frozen=True, slots=True)
class Document:
    """All of a document but its data: where it is, what it is part of, and what was agreed on."""

    url: str
    links: Mapping[str, object] | None = None
    meta: Mapping[str, object] | None = None
    negotiated: Negotiated = NOTHING_AGREED

    def encode(self, members: Mapping[str, object]) -> bytes:
        """Return the bytes of the document with `members` in it: data and included, errors, or none."""
        document: dict[str, object] = {"jsonapi": jsonapi_object(self.negotiated), **members}
        document["links"] = {"self": self._self_link(), **(self.links or {})}
        if self.meta is not None:
            document["meta"] = self.meta
        return orjson.dumps(document)

    def _self_link(self) -> object:
        if self.negotiated == NOTHING_AGREED:
            return self.url
        # A link object says which media type, with which parameters, is behind it.
        return {"href": self.url, "type": content_type(self.negotiated)}


def jsonapi_object(negotiated: Negotiated = NOTHING_AGREED) -> dict[str, object]:
    """Return the `jsonapi` member: the version, and the extensions and profiles that are applied."""
    described: dict[str, object] = {"version": VERSION}
    if negotiated.extensions:
        described["ext"] = sorted(negotiated.extensions)
    if negotiated.profiles:
        described["profile"] = sorted(negotiated.profiles)
    return described


def encode_one(record: Record, query: Query, document: Document) -> bytes:
    """Return the document of one resource and what is included with it."""
    pages = _Pages([record])
    members = {"data": _resource_object(record, query, pages), **_included([record], query, pages)}
    return document.encode(members)


def encode_many(records: list[Record], query: Query, document: Document, *, with_cursors: bool) -> bytes:
    """Return the document of a list. `with_cursors` adds to each resource its place in the list."""
    pages = _Pages(records)
    data = [_resource_object(record, query, pages) for record in records]
    if with_cursors:
        for rendered, record in zip(data, records, strict=True):
            rendered["meta"] = {"page": {"cursor": record.cursor}}
    return document.encode({"data": data, **_included(records, query, pages)})


def identifier_object(type_name: str, identifier: int) -> dict[str, object]:
    """Return a resource identifier object."""
    return {"type": type_name, "id": str(identifier)}


def _key(record: Record) -> Key:
    return record.resource.name, record.id


_NO_PAGES: Mapping[str, Page] = {}


class _Pages:
    """The included pages of each record, wherever in the document it was reached from.

    A record may be met twice, by two paths, with and without its related records; it has one resource object.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.records: dict[Key, Record] = {}
        self._pages: dict[Key, dict[str, Page]] = {}
        for record in records:
            if record.one or record.many:
                self._meet(record)

    def _meet(self, record: Record) -> None:
        key = _key(record)
        self.records.setdefault(key, record)
        pages = self._pages.setdefault(key, {}) if record.many else {}
        for related in record.one.values():
            if related is not None:
                self._meet(related)
        for (name, _), page in record.many.items():
            pages.setdefault(name, page)
            for related in page.records:
                self._meet(related)

    def of(self, record: Record) -> Mapping[str, Page]:
        """Return the included pages by relation."""
        return self._pages.get(_key(record), _NO_PAGES)


def _included(primary: Iterable[Record], query: Query, pages: _Pages) -> dict[str, Any]:
    if not query.include:
        return {}
    shown = {_key(record) for record in primary}
    return {
        "included": [
            _resource_object(record, query, pages) for key, record in pages.records.items() if key not in shown
        ]
    }


def _resource_object(record: Record, query: Query, pages: _Pages) -> dict[str, Any]:
    name = record.resource.name
    rendered: dict[str, Any] = {"type": name, "id": str(record.id)}
    if record.attributes:
        rendered["attributes"] = record.attributes
    shown = query.shown_relations(record.resource)
    included = pages.of(record)
    if shown and included:
        rendered["relationships"] = _relationships(record, shown, included)
    elif shown:
        rendered["relationships"] = _plain_relationships(record, shown)
    rendered["links"] = {"self": ENDPOINTS[name].item_url(record.id)}
    return rendered


def _plain_relationships(record: Record, shown: tuple[str, ...]) -> orjson.Fragment:
    """Return the relationships of a record with no page of related ones: text in which only ids differ."""
    values: list[object] = []
    for name in shown:
        values += (record.id, record.id)
        relation = record.resource.to_one.get(name)
        if relation is not None:
            target = record.keys[name]
            values.append("null" if target is None else f'{{"type":"{relation.target}","id":"{target}"}}')
    return orjson.Fragment(_relationships_template(record.resource.name, shown) % tuple(values))


@lru_cache(maxsize=256)
def _relationships_template(resource: str, shown: tuple[str, ...]) -> str:
    endpoint = ENDPOINTS[resource]
    members = []
    for name in shown:
        own, related = endpoint.relationship_url("%d", name), endpoint.related_url("%d", name)
        linkage = ',"data":%s' if name in endpoint.resource.to_one else ""
        members.append(f'"{name}":{{"links":{{"self":"{own}","related":"{related}"}}{linkage}}}')
    return "{" + ",".join(members) + "}"


def _relationships(record: Record, shown: tuple[str, ...], included: Mapping[str, Page]) -> dict[str, object]:
    relationships: dict[str, object] = {}
    for name in shown:
        relation = record.resource.to_one.get(name)
        if relation is None:
            relationships[name] = _to_many(record, name, included.get(name))
        else:
            target = record.keys[name]
            relationships[name] = {
                "links": relationship_links(record, name),
                "data": None if target is None else identifier_object(relation.target, target),
            }
    return relationships


def relationship_links(record: Record, name: str) -> dict[str, object]:
    """Return the links of a relationship object."""
    endpoint = ENDPOINTS[record.resource.name]
    return {
        "self": endpoint.relationship_url(record.id, name),
        "related": endpoint.related_url(record.id, name),
    }


def _to_many(record: Record, name: str, page: Page | None) -> dict[str, object]:
    links = relationship_links(record, name)
    if page is None:
        return {"links": links}
    # What did not fit is found by these: they page through the relationship itself.
    links["prev"] = None
    links["next"] = None
    if page.has_next:
        following = [("page[after]", page.records[-1].cursor or "")]
        links["next"] = format_url(ENDPOINTS[record.resource.name].relationship_url(record.id, name), following)
    data = [identifier_object(each.resource.name, each.id) for each in page.records]
    return {"links": links, "data": data}


def encode_resource(record: Record) -> dict[str, Any]:
    """Return the resource object of a record with all its fields, as a part of another document."""
    return _resource_object(record, Query(), _Pages([record]))


# -- other documents -----------------------------------------------------------------------------------


def encode_null(document: Document) -> bytes:
    """Return the document of a to-one relation that leads nowhere."""
    return document.encode({"data": None})


def encode_to_one(record: Record, name: str, document: Document) -> bytes:
    """Return the document of a to-one relationship: its linkage."""
    key = record.keys[name]
    target = record.resource.to_one[name].target
    return document.encode({"data": None if key is None else identifier_object(target, key)})


def encode_identifiers(records: Iterable[Record], document: Document, *, with_cursors: bool) -> bytes:
    """Return the document of a page of a to-many relationship: its linkage."""
    data = [identifier_object(record.resource.name, record.id) for record in records]
    if with_cursors:
        for rendered, record in zip(data, records, strict=True):
            rendered["meta"] = {"page": {"cursor": record.cursor}}
    return document.encode({"data": data})


def encode_problems(problems: Iterable[Problem], negotiated: Negotiated) -> bytes:
    """Return the document of a refusal."""
    return orjson.dumps({"jsonapi": jsonapi_object(negotiated), "errors": [problem.render() for problem in problems]})


def record_of(resource: Resource, instance: Any, selection: Selection) -> Record:
    """Return the record of a model instance, with no related records, as the read engine would have read it."""
    wanted = selection.fields
    attributes: dict[str, object] = {}
    for each in resource.fields:
        if wanted is None or each.name in wanted:
            value = getattr(instance, each.column)
            attributes[each.name] = value if each.print is None else each.print(value, instance.currency)
    keys = {name: getattr(instance, relation.column) for name, relation in resource.to_one.items()}
    return Record(resource, instance.pk, attributes, keys)
