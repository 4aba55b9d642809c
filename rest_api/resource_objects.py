"""Encode the read engine's records as resource objects (https://jsonapi.org/format/#document-resource-objects).

As text: all records of a list share everything in the object except the values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

import orjson

from rest_api.endpoints import ENDPOINTS
from rest_api.parameters import format_parameters, format_url
from rest_api.query import Query
from walletsvc.queries.records import CURRENCY, Page, Plan, Record, cursor_of
from walletsvc.queries.row_sql import Row
from walletsvc.schema.declarations import Resource
from walletsvc.schema.kinds import frame

Key = tuple[str, int]
"""A type and an id: a document holds at most one resource object for each."""


def identifier_object(type_name: str, identifier: int) -> dict[str, object]:
    """Return a resource identifier object."""
    return {"type": type_name, "id": str(identifier)}


def key_of(record: Record) -> Key:
    """Return the type and id of a record."""
    return record.resource.name, record.id


_NO_PAGES: Mapping[str, Page] = {}


class Pages:
    """The included pages of each record, over all paths that reach it.

    Two paths may reach a record, with and without its related records; it still has one resource object.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.records: dict[Key, Record] = {}
        self._pages: dict[Key, dict[str, Page]] = {}
        for record in records:
            if record.one or record.many:
                self._meet(record)

    def _meet(self, record: Record) -> None:
        key = key_of(record)
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
        return self._pages.get(key_of(record), _NO_PAGES)


def resource_texts(records: Iterable[Record], query: Query, pages: Pages, public_url: str) -> list[bytes]:
    """Return each record's resource object as JSON, with links that begin with `public_url` (`web.public_urls`)."""
    records = list(records)
    by_plan: dict[int, list[int]] = {}
    for place, record in enumerate(records):
        by_plan.setdefault(id(record.plan), []).append(place)
    texts = [b""] * len(records)
    for places in by_plan.values():
        alike = [records[place] for place in places]
        plan = alike[0].plan
        rows, included = [record.row for record in alike], [pages.of(record) for record in alike]
        made = row_texts(plan, rows, query.shown_relations(plan.resource), public_url, included)
        for place, text in zip(places, made, strict=True):
            texts[place] = text
    return texts


def row_texts(
    plan: Plan,
    rows: Collection[Row],
    shown: tuple[str, ...],
    public_url: str,
    included: Sequence[Mapping[str, Page]] = (),
) -> Iterable[bytes]:
    """Return the resource objects of the rows of one plan, as text in which only the values differ.

    They have the `shown` relationships: links and linkage, for to-many relations that of the `included` pages of each
    row. Built by column: a call for each value of a long list would cost more than all the rest.
    """
    columns = list(zip(*rows, strict=True))
    if not columns:
        return ()
    ids, currencies = columns[0], columns[CURRENCY]
    values: list[Iterable[bytes]] = [ids]
    values += [kind.json(columns[index], currencies) for _, index, kind in plan.fields]
    paged = tuple(name for name in shown if any(name in pages for pages in included)) if any(included) else ()
    for name in shown:
        values += (ids, ids)
        if name in plan.keys:
            values.append(_linkages(plan.resource.to_one[name].target, columns[plan.keys[name]]))
        elif name in paged:
            linked = zip(ids, included, strict=True)
            values.append(
                [_page_members(pages.get(name), plan.resource, key, name, public_url) for key, pages in linked]
            )
    values.append(ids)
    return map(_template(plan, shown, paged, public_url, _EACH).__mod__, zip(*values, strict=True))


def record_text(record: Record, shown: tuple[str, ...], public_url: str) -> bytes:
    """Return the resource object of one record without included pages.

    The same as by `row_texts`, which takes two to three times as long for a single one.
    """
    plan, row = record.plan, record.row
    key: bytes = row[0]
    values = [key]
    if plan.fields:
        values.append(orjson.dumps(record.attributes))
    for name in shown:
        values += (key, key)
        if name in plan.keys:
            target = row[plan.keys[name]]
            values.append(b"null" if target is None else _identifier(plan.resource.to_one[name].target) % target)
    values.append(key)
    return _template(plan, shown, (), public_url, _TOGETHER) % tuple(values)


def _page_members(page: Page | None, parent: Resource, key: bytes, name: str, public_url: str) -> bytes:
    """Return what follows the first two links of a to-many relationship: further links, and linkage."""
    if page is None:
        return b"}"
    following = b"null"
    if page.has_next:
        # These links page through the relationship, to the records beyond the included page.
        url = public_url + ENDPOINTS[parent.name].relationship_url(key.decode(), name)
        parameters = format_parameters([("page[after]", cursor_of(page.plan, page.order, page.rows[-1]))])
        following = orjson.dumps(format_url(url, parameters))
    data = b",".join(_linkages(page.plan.resource.name, [row[0] for row in page.rows]))
    return b',"prev":null,"next":%b},"data":[%b]' % (following, data)


@lru_cache(maxsize=64)
def _identifier(target: str) -> bytes:
    """Return a resource identifier object with `%b` for the id."""
    return f'{{"type":"{target}","id":"%b"}}'.encode()


def _linkages(target: str, keys: Sequence[bytes | None]) -> list[bytes]:
    before, after = _identifier(target).split(b"%b")
    known = frame([key for key in keys if key is not None], before, after)
    if len(known) == len(keys):
        return known
    rest = iter(known)
    return [b"null" if key is None else next(rest) for key in keys]


_EACH, _TOGETHER = True, False
"""Whether a template has a gap for each of the attributes, or one for all of them."""


@lru_cache(maxsize=1024)
def _template(plan: Plan, shown: tuple[str, ...], paged: tuple[str, ...], public_url: str, by_field: bool) -> bytes:
    """Return a resource object with `%b` for its id, attributes and relationships, and for its id again."""
    name = plan.resource.name
    root = public_url.replace("%", "%%")
    members = [f'"type":"{name}","id":"%b"']
    if plan.fields:
        fields = ",".join(f'"{name}":%b' for name, _, _ in plan.fields)
        members.append(f'"attributes":{{{fields}}}' if by_field else '"attributes":%b')
    if shown:
        members.append(f'"relationships":{_relationships_template(plan.resource, shown, paged, root)}')
    members.append(f'"links":{{"self":"{root}{ENDPOINTS[name].item_url("%b")}"}}')
    return f"{{{','.join(members)}}}".encode()


def _relationships_template(resource: Resource, shown: tuple[str, ...], paged: tuple[str, ...], root: str) -> str:
    endpoint = ENDPOINTS[resource.name]
    members = []
    for name in shown:
        own, related = root + endpoint.relationship_url("%b", name), root + endpoint.related_url("%b", name)
        rest = '},"data":%b' if name in resource.to_one else "%b" if name in paged else "}"
        members.append(f'"{name}":{{"links":{{"self":"{own}","related":"{related}"{rest}}}')
    return "{" + ",".join(members) + "}"


def relationship_links(record: Record, name: str, public_url: str) -> dict[str, object]:
    """Return the links of a relationship object."""
    endpoint = ENDPOINTS[record.resource.name]
    return {
        "self": public_url + endpoint.relationship_url(record.id, name),
        "related": public_url + endpoint.related_url(record.id, name),
    }
