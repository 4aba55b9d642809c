"""GET: build the answer, without access to the request. Each document is one read of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from rest_api.caching import cache_key_parts, choose_stamps
from rest_api.encoder import Document, encode_identifiers, encode_many, encode_null, encode_one, encode_to_one
from rest_api.endpoints import ENDPOINTS, Endpoint
from rest_api.negotiation import NOTHING_AGREED, Negotiated, content_type
from rest_api.paging import list_url, page_links, page_meta
from rest_api.parameters import format_url
from rest_api.query import Query
from rest_api.resource_objects import relationship_links
from walletsvc import errors
from walletsvc.cache.responses import make_key
from walletsvc.commands.inputs import parse_id
from walletsvc.principals import Principal
from walletsvc.queries.dependencies import stamps_of
from walletsvc.queries.permission import check_related
from walletsvc.queries.questions import CursorPage, Selection
from walletsvc.queries.records import Page, Record
from walletsvc.queries.selectors import get_record, list_records
from walletsvc.web.replays import Reading

PER_RESOURCE = 100
"""How many related resources of each relationship the document of a single resource includes."""
NOTHING = Selection(fields=frozenset())
"""No attributes: only existence, and the keys of its relations."""


@dataclass(frozen=True)
class Reader:
    """Who reads what, with which query: all inputs of the answer to a GET except the id in its path.

    Each method that takes that id (`number`) returns the `Reading` of one kind of URL; building its document may
    raise `NotFound` and `InvalidParameter`.
    """

    principal: Principal
    endpoint: Endpoint
    public_url: str
    query: Query = field(default_factory=Query)
    negotiated: Negotiated = NOTHING_AGREED
    relation: str = ""

    @property
    def target(self) -> Endpoint:
        """Return the endpoint that `relation` leads to."""
        resource = self.endpoint.resource
        relation = resource.to_one.get(self.relation) or resource.to_many[self.relation]
        return ENDPOINTS[relation.target]

    @cached_property
    def with_included(self) -> Selection:
        """Return the selection of one resource and of what its document includes."""
        return self.query.selection(self.endpoint.resource, per_parent=PER_RESOURCE)

    def check_included(self) -> None:
        """Raise `Forbidden` unless the caller may read what a write is to be shown with: before it runs."""
        check_related(self.principal, self.endpoint.resource, self.with_included)

    def find(self, identifier: int | str | None, selection: Selection = NOTHING) -> Record:
        """Return a record that the caller can see. Raises `NotFound`."""
        number = parse_id(identifier, what=self.endpoint.name)
        record = get_record(principal=self.principal, resource=self.endpoint.name, selection=selection, id=number)
        if record is None:
            raise errors.not_found(self.endpoint.name, identifier)
        return record

    def _reading(self, url: str, stamps: Sequence[str], build: Callable[[], bytes], *, variant: str = "") -> Reading:
        # The URL begins with `public_url`, as all links in the document do, so no host gets the links of another.
        key = make_key(*cache_key_parts(self.principal.reach, url, variant))
        return Reading(key, stamps, content_type(self.negotiated), build)

    # -- one resource ----------------------------------------------------------------------------------

    def item_url(self, number: int | None) -> str:
        """Return the canonical URL of one resource."""
        return format_url(self.public_url + self.endpoint.item_url(number or 0), self.query.text)

    def item(self, number: int | None) -> Reading:
        """Read a resource."""
        stamps = choose_stamps(
            self.endpoint.resource, identifier=number, include=self.query.include, owner=self.principal.owner
        )
        url = self.item_url(number)
        return self._reading(url, stamps, partial(self._encode_item, number, url))

    def encode_item(self, number: int | None) -> bytes:
        """Return the document of a resource, read from the database. Raises `NotFound`."""
        return self._encode_item(number, self.item_url(number))

    def _encode_item(self, number: int | None, url: str) -> bytes:
        record = self.find(number, self.with_included)
        return encode_one(record, self.query, self._document(url))

    # -- lists -----------------------------------------------------------------------------------------

    def collection(self, _number: int | None = None) -> Reading:
        """Read a page of a collection."""
        query, resource = self.query, self.endpoint.resource
        stamps = choose_stamps(resource, filters=query.filters, include=query.include, owner=self.principal.owner)
        url = self.public_url + self.endpoint.url
        return self._list(url, stamps, partial(self._encode_list, url, self.endpoint))

    def related_list(self, number: int | None) -> Reading:
        """Read a page of the related resources."""
        url = self.public_url + self.endpoint.related_url(number or 0, self.relation)

        def build() -> bytes:
            self.find(number)
            return self._encode_list(url, self.target, self._by_parent(number))

        return self._list(url, self._stamps_of_related(number), build)

    def relationship_list(self, number: int | None) -> Reading:
        """Read a page of a to-many relationship."""
        url = self._relationship_url(number)

        def build() -> bytes:
            parent = self.find(number)
            question = self.query.question(self.target.resource, self._by_parent(number))
            page = list_records(principal=self.principal, question=replace(question, selection=NOTHING))
            related = relationship_links(parent, self.relation, self.public_url)["related"]
            document = self._frame(url, page, related=related)
            return encode_identifiers(page.records, document, with_cursors=self._has_cursors)

        return self._list(url, self._stamps_of_related(number), build)

    @property
    def _has_cursors(self) -> bool:
        return isinstance(self.query.page, CursorPage)

    def _by_parent(self, number: int | None) -> tuple[str, str]:
        """Return the filter of the target that selects the parent.

        A client's filter on the same name counts as given twice, which the engine refuses.
        """
        return self.endpoint.resource.to_many[self.relation].filter, str(number)

    def _stamps_of_related(self, number: int | None) -> Sequence[str]:
        by_parent = (self._by_parent(number),)
        return choose_stamps(
            self.target.resource, filters=by_parent, include=self.query.include, owner=self.principal.owner
        )

    def _list(self, url: str, stamps: Sequence[str], build: Callable[[], bytes]) -> Reading:
        variant = "cursors" if self._has_cursors else "numbers"
        return self._reading(list_url(url, self.query), stamps, build, variant=variant)

    def _encode_list(self, url: str, target: Endpoint, *filters: tuple[str, str]) -> bytes:
        """Return the document of the page, with only the records that pass `filters` too."""
        page = list_records(principal=self.principal, question=self.query.question(target.resource, *filters))
        return encode_many(page, self.query, self._frame(url, page), with_cursors=self._has_cursors)

    def _document(self, url: str, **links: object) -> Document:
        return Document(self.public_url, url, links=links)

    def _frame(self, url: str, page: Page, **links: object) -> Document:
        return Document(
            self.public_url,
            list_url(url, self.query),
            links={**links, **page_links(url, self.query, page)},
            meta=page_meta(self.query, page),
            negotiated=self.negotiated,
        )

    # -- to-one relations ------------------------------------------------------------------------------

    def related_item(self, number: int | None) -> Reading:
        """Read the related resource."""
        url = self.public_url + self.endpoint.related_url(number or 0, self.relation)
        url = format_url(url, self.query.text)

        def build() -> bytes:
            wanted = ((self.relation, self.query.selection(self.target.resource, per_parent=PER_RESOURCE)),)
            record = self.find(number, Selection(fields=frozenset(), to_one=wanted))
            related = record.one[self.relation]
            if related is None:
                # An entry outlives its transaction, and its linkage still names it.
                self.find(number)
                return encode_null(self._document(url))
            return encode_one(related, self.query, self._document(url))

        return self._reading(url, stamps_of(None, owner=self.principal.owner), build)

    def relationship_item(self, number: int | None) -> Reading:
        """Read a to-one relationship."""
        stamps = stamps_of(None, owner=self.principal.owner)

        def build() -> bytes:
            # Its URL takes the scope of what it leads to, like that of the resource itself.
            related = Selection(fields=frozenset(), to_one=((self.relation, NOTHING),))
            check_related(self.principal, self.endpoint.resource, related)
            return self.encode_relationship_item(number)

        return self._reading(self._relationship_url(number), stamps, build)

    def encode_relationship_item(self, number: int | None) -> bytes:
        """Return the document of a to-one relationship, read from the database. Raises `NotFound`."""
        record = self.find(number)
        links = relationship_links(record, self.relation, self.public_url)
        return encode_to_one(
            record, self.relation, self._document(self._relationship_url(number), related=links["related"])
        )

    def _relationship_url(self, number: int | None) -> str:
        return self.public_url + self.endpoint.relationship_url(number or 0, self.relation)
