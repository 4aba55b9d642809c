"""GET: the books of all currencies, as documents that are computed from wallets and totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rest_api.caching import cache_key_parts
from rest_api.encoder import Document
from rest_api.endpoints import BASE
from rest_api.errors import bad_parameter
from rest_api.negotiation import NOTHING_AGREED, content_type
from rest_api.parameters import format_parameters, format_url
from walletsvc.cache.responses import make_key
from walletsvc.principals import Principal
from walletsvc.queries.books import FIELDS, Book, compute_book, compute_books
from walletsvc.queries.dependencies import stamps_of
from walletsvc.web.replays import Reading

BOOK = "Book"
PATH = "books"
_FIELDS = f"fields[{BOOK}]"


def parse_fields(parameters: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the attributes that `fields[Book]` selects, None for all. Raises `Refused`."""
    for name in parameters:
        if name != _FIELDS:
            raise bad_parameter(name, f"There are only books here: choose {_FIELDS}.")
    value = parameters.get(_FIELDS)
    if value is None:
        return None
    names = set(value.split(",")) if value else set()
    for name in sorted(names - FIELDS.keys()):
        raise bad_parameter(_FIELDS, f"{BOOK} has no field {name[:64]!r}.")
    return tuple(sorted(names))


@dataclass(frozen=True)
class BookReader:
    """Reads books, with these `fields`, for a caller."""

    principal: Principal
    public_url: str
    fields: tuple[str, ...] | None

    def collection(self, _number: int | None = None) -> Reading:
        """Read the books of all currencies."""
        url = self._url(f"{BASE}{PATH}/")

        def build() -> bytes:
            books = compute_books(principal=self.principal)
            return Document(self.public_url, url).encode({"data": [self._resource(each) for each in books]})

        return self._reading(url, build)

    def item(self, currency: str) -> Reading:
        """Read the book of a currency. Building its document raises `NotFound`."""
        url = self._url(f"{BASE}{PATH}/{currency}/")

        def build() -> bytes:
            book = compute_book(currency, principal=self.principal)
            return Document(self.public_url, url).encode({"data": self._resource(book)})

        return self._reading(url, build)

    def _url(self, path: str) -> str:
        fields = [] if self.fields is None else [(_FIELDS, ",".join(self.fields))]
        return format_url(self.public_url + path, format_parameters(fields))

    def _reading(self, url: str, build: Callable[[], bytes]) -> Reading:
        key = make_key(*cache_key_parts(self.principal.reach, url, ""))
        # Every write changes them.
        return Reading(key, stamps_of(None), content_type(NOTHING_AGREED), build)

    def _resource(self, book: Book) -> dict[str, object]:
        shown = FIELDS if self.fields is None else self.fields
        return {
            "type": BOOK,
            "id": book.currency,
            "attributes": {name: FIELDS[name].show(book) for name in shown},
            "links": {"self": f"{self.public_url}{BASE}{PATH}/{book.currency}/"},
        }
