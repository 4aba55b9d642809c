"""What all writes have in common: a document of the right type, an optional precondition, one step of a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.utils import timezone

from rest_api import negotiation
from rest_api.parser import read_document
from rest_api.preconditions import check_match
from rest_api.views.reads import ReadView
from walletsvc.services.performing import perform
from walletsvc.services.steps import Step, guarded

T = TypeVar("T")


class WriteView(ReadView):
    """A URL that resources are written by."""

    def read_request(self) -> object:
        """Return the JSON value of the request. Raises `Refused`."""
        header = self.request.META.get("CONTENT_TYPE", "")
        negotiation.check_content_type(header, extensions=self.extensions)
        return read_document(self.request._request)

    def perform(self, step: Step[T], *, read_current: Callable[[], bytes] | None = None) -> T:
        """Run the step of a service and return its result.

        `read_current` returns what a GET of this URL would say: an If-Match header is compared with it, under the
        lock of the wallets that the step changes.
        """
        if_match = self.request.headers.get("If-Match")
        if if_match is not None and read_current is not None:
            step = guarded(step, lambda: check_match(if_match, read_current))
        return perform(step, principal=self.principal, clock=timezone.now)
