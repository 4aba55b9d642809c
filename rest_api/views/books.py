"""The books: /api/books/ and /api/books/USD/. For callers bound to an owner there is nothing at these URLs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.books import BookReader, parse_fields
from rest_api.views.reads import ServingView
from rest_api.views.root import nothing_at
from walletsvc.web.replays import Reading


class _BookView(ServingView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.principal.owner is not None:
            # No method is allowed here.
            self.headers: dict[str, str] = {}
            raise nothing_at(request.path)

    def reader(self) -> BookReader:
        """Return a reader for the caller and the query."""
        return BookReader(self.principal, self.public_url, parse_fields(self.parameters("fields")))


class BooksView(_BookView):
    """Read the book of each currency."""

    def get(self, request: Request) -> HttpResponse:
        return self.serve(self.reader().collection)


class BookView(_BookView):
    """Read the book of a currency."""

    def get(self, request: Request, currency: str) -> HttpResponse:
        reader = self.reader()

        def read(_number: int | None) -> Reading:
            return reader.item(currency)

        return self.serve(read)
