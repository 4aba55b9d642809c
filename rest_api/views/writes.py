"""What all writes have in common: a document of the right type, an optional precondition, one step of a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.utils import timezone

from rest_api import negotiation
from rest_api.parser import read_document
from rest_api.views.reads import ReadView
from walletsvc.etags import make_etag
from walletsvc.services.performing import perform
from walletsvc.services.steps import Step, guarded
from walletsvc.web.preconditions import are_given, check_write

T = TypeVar("T")


class WriteView(ReadView):
    """A URL that resources are written by."""

    def read_request(self) -> object:
        """Return the JSON value of the request. Raises `Refused`."""
        header = self.request.META.get("CONTENT_TYPE", "")
        negotiation.check_content_type(header, extensions=self.extensions)
        return read_document(self.request._request)

    def perform(self, step: Step[T], *, read_current: Callable[[], bytes]) -> T:
        """Run the step of a service and return its result.

        `read_current` returns what a GET of this URL would say: the preconditions of the request are compared with
        it, under the lock of the wallets that the step changes.
        """
        return perform(self.guard(step, read_current), principal=self.principal, clock=timezone.now)

    def guard(self, step: Step[T], read_current: Callable[[], bytes]) -> Step[T]:
        """Return the step that checks the preconditions of the request first."""
        headers = self.request.headers
        if not are_given(headers):
            return step
        return guarded(step, lambda: check_write(headers, lambda: make_etag(read_current())))
