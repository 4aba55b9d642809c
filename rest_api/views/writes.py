"""What all writes share: a document of the right type, an optional precondition, one command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rest_api import negotiation
from rest_api.parser import read_document
from rest_api.views.reads import ReadView
from walletsvc.commands.command import Command, Conditional
from walletsvc.commands.execute import execute
from walletsvc.etags import make_etag
from walletsvc.web.preconditions import are_given, check_write

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Precondition:
    """The condition in a request's headers (RFC 9110, section 13)."""

    headers: Mapping[str, str]
    read_current: Callable[[], bytes]
    """Returns what a GET of the URL would return."""

    def check(self) -> None:
        """Raise what `check_write` raises."""
        check_write(self.headers, self._etag)

    def _etag(self) -> str:
        return make_etag(self.read_current())


class WriteView(ReadView):
    """A URL that writes resources."""

    def read_request(self) -> object:
        """Return the JSON value of the request. Raises `Refused`."""
        header = self.request.META.get("CONTENT_TYPE", "")
        negotiation.check_content_type(header, extensions=self.extensions)
        return read_document(self.request._request)

    def execute(self, command: Command[T], *, read_current: Callable[[], bytes]) -> T:
        """Run the command and return its result.

        `read_current` returns what a GET of this URL would return: the preconditions of the request are compared with
        it, under the lock of the wallets that the command changes.
        """
        return execute(self.guard(command, read_current), by=self.principal)

    def guard(self, command: Command[T], read_current: Callable[[], bytes]) -> Command[T]:
        """Return the command under the preconditions of the request."""
        headers = self.request.headers
        return Conditional(command, Precondition(headers, read_current)) if are_given(headers) else command
