"""Encode rows as the JSON of a selection, by column: all records of a list share everything but their values.

A selection becomes a text with a `%b` for each value, and for each of these a function that returns its column of a
whole list. To call a function for each value, or to make an object for each record, would cost several times as much
as the query.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from graphql_api.planning import Planner
from walletsvc.queries.records import CURRENCY, Links, Lists, Page, Plan, Record, cursors_of
from walletsvc.queries.row_sql import Row

Part = Callable[[Any, Planner], Iterable[bytes]]
"""Returns the JSON of one value of each object: the objects are a `Batch`, or a list of pages or of other objects."""


class Unencodable(Exception):
    """The answer has an error, which graphql-core puts in its place."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection from an object, or a value of it: its JSON with `%b` for each of the parts."""

    template: bytes
    parts: tuple[Part, ...] = ()

    def encode(self, objects: Any, planner: Planner) -> list[bytes]:
        """Return the JSON of each object. Raises `Unencodable`."""
        if not len(objects):
            return []
        if not self.parts:
            return [self.template] * len(objects)
        columns = [part(objects, planner) for part in self.parts]
        return list(map(self.template.__mod__, zip(*columns, strict=True)))


def constant(value: object) -> Selection:
    """Return the selection of a value that is the same everywhere. Its JSON has no `%`."""
    return Selection(orjson.dumps(value))


def fields_of(members: Mapping[str, Selection]) -> Selection:
    """Return the selection of several values, by their names in the answer, as one object."""
    template = b",".join([b'"%b":%b' % (name.encode(), each.template) for name, each in members.items()])
    return Selection(b"{%b}" % template, tuple(part for each in members.values() for part in each.parts))


def resolved(resolve: Callable[[Any, Any], object]) -> Selection:
    """Return the selection of a value that a resolver without arguments finds in a single object."""

    def part(objects: Iterable[Any], _planner: Planner) -> list[bytes]:
        return [orjson.dumps(resolve(each, None)) for each in objects]

    return Selection(b"%b", (part,))


class Batch:
    """Records of one plan, which are encoded together: their rows, and what is related to them."""

    def __init__(
        self,
        plan: Plan,
        rows: Sequence[Row],
        find_records: Callable[[], list[Record]],
        *,
        links: Links | None = None,
        lists: Lists | None = None,
    ) -> None:
        self.plan = plan
        self.rows = rows
        self.links = links or {}
        self.lists = lists or {}
        self._find_records = find_records

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def columns(self) -> list[Any]:
        """Return its columns."""
        return list(zip(*self.rows, strict=True))

    @cached_property
    def records(self) -> list[Record]:
        """Return its records, for what is not in their rows."""
        return self._find_records()


class Edges(Batch):
    """The records of pages of one plan and order."""

    def __init__(self, pages: Sequence[Page]) -> None:
        first = pages[0]
        rows = first.rows if len(pages) == 1 else [row for page in pages for row in page.rows]
        super().__init__(
            first.plan,
            rows,
            lambda: [each for page in pages for each in page.records],
            links=first.links,
            lists=first.lists,
        )
        self.order = first.order


def batch_of(records: list[Record]) -> Batch:
    """Return records of one plan, of which there is at least one, as a batch."""
    return Batch(records[0].plan, [record.row for record in records], lambda: records)


# -- values of records -------------------------------------------------------------------------------------


def global_ids(resource: str) -> Selection:
    """Return the selection of the global ids (`ids.global_id`)."""
    prefix = f"{resource}:".encode()

    def part(batch: Batch, _planner: Planner) -> list[bytes]:
        return [b2a_base64(prefix + text, newline=False) for text in batch.columns[0]]

    return Selection(b'"%b"', (part,))


def _database_ids(batch: Batch, _planner: Planner) -> Iterable[bytes]:
    ids: Iterable[bytes] = batch.columns[0]
    return ids


def _cursors(edges: Edges, _planner: Planner) -> Iterable[bytes]:
    return cursors_of(edges.plan, edges.order, edges.columns)


DATABASE_IDS = Selection(b'"%b"', (_database_ids,))
CURSORS = Selection(b'"%b"', (_cursors,))


def attributes(name: str, *, unbound: bool) -> Selection:
    """Return the selection of an attribute, which is null if it is `unbound` and the caller is bound to an owner."""

    def part(batch: Batch, _planner: Planner) -> Iterable[bytes]:
        found = batch.plan.by_name.get(name)
        if found is None:
            if unbound:
                return [b"null"] * len(batch)
            raise Unencodable
        place, kind = found
        return kind.json(batch.columns[place], batch.columns[CURRENCY])

    return Selection(b"%b", (part,))


# -- what is related ---------------------------------------------------------------------------------------


def to_one(name: str, selection: Selection, *, optional: bool) -> Selection:
    """Return the selection from what a to-one relation leads to."""

    def part(batch: Batch, planner: Planner) -> list[bytes]:
        texts = _texts_of_links(batch, planner) if name in batch.links else _texts_of_records(batch, planner)
        if None not in texts:
            return texts  # type: ignore[return-value]  # none of them is None
        if not optional:
            raise Unencodable
        return [b"null" if text is None else text for text in texts]

    def _texts_of_links(batch: Batch, planner: Planner) -> list[bytes | None]:
        linked = batch.links[name]
        rows = [*linked.rows.values()]
        there = Batch(linked.plan, rows, lambda: [*linked.records.values()], links=linked.links, lists=linked.lists)
        texts = dict(zip(linked.rows, selection.encode(there, planner), strict=True))
        return [*map(texts.get, batch.columns[batch.plan.keys[name]])]

    def _texts_of_records(batch: Batch, planner: Planner) -> list[bytes | None]:
        related = [record.one[name] for record in batch.records]
        once = {id(record): record for record in related if record is not None}
        texts = selection.encode(batch_of([*once.values()]), planner) if once else []
        found = dict(zip(once, texts, strict=True))
        return [found.get(id(record)) for record in related]

    return Selection(b"%b", (part,))


def edges(selection: Selection) -> Selection:
    """Return the selection of the edges of a connection: those of many pages are encoded together."""

    def part(pages: Sequence[Page], planner: Planner) -> list[bytes]:
        texts = selection.encode(Edges(pages), planner)
        lists, start = [], 0
        for page in pages:
            end = start + len(page.rows)
            lists.append(b",".join(texts[start:end]))
            start = end
        return lists

    return Selection(b"[%b]", (part,))


def below(find: Callable[[Any, Planner], Sequence[Any]], selection: Selection) -> Selection:
    """Return the selection from what `find` returns for some objects, one for each."""
    if len(selection.parts) == 1:
        # Its text becomes a part of theirs.
        [only] = selection.parts
        return Selection(selection.template, (lambda objects, planner: only(find(objects, planner), planner),))

    def part(objects: Any, planner: Planner) -> list[bytes]:
        return selection.encode(find(objects, planner), planner)

    return Selection(b"%b", (part,))
