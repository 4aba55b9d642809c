"""POST: build the answer, without access to the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_api.documents import ResourceInput, read_resource
from rest_api.encoder import Document, encode_one, encode_problems
from rest_api.endpoints import Action
from rest_api.errors import Locate, common_status, explain
from rest_api.negotiation import MEDIA_TYPE, NOTHING_AGREED
from rest_api.parser import parse_document
from rest_api.query import Query
from rest_api.read import Reader
from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute_once
from walletsvc.models import Transaction
from walletsvc.money import format_amount
from walletsvc.queries.written import WrittenRecord, find_posting
from walletsvc.web.idempotency import read_key, replayed
from walletsvc.web.replays import Written

NOT_INCLUDED = "notIncluded"
"""The meta member that lists the paths of `include` that could not be read after a write."""

WALLET_THEN = "wallet"
"""The member of a posted transaction's meta that says how its wallet stood after it."""

Guard = Callable[[Command[Any]], Command[Any]]


def unguarded(command: Command[Any]) -> Command[Any]:
    """Return the command unchanged."""
    return command


def encode_written(reader: Reader, instance: Any, *, meta: Mapping[str, object] | None = None) -> bytes:
    """Return the document of a resource from the instance that a command has just written.

    `meta` is that of the resource. The write is committed: if an included resource cannot be read, the document
    leaves it out and says so.
    """
    selection = reader.with_included
    record = WrittenRecord(instance, reader.endpoint.resource.name, selection, principal=reader.principal)
    record.read_related(selection, principal=reader.principal)
    document = Document(reader.public_url, reader.item_url(instance.pk), meta=_meta(record, reader.query))
    return encode_one(record, reader.query, document, meta=meta)


def _posting(instance: Any) -> Mapping[str, object] | None:
    """Return the meta of a transaction: how its wallet stood after its entry."""
    if not isinstance(instance, Transaction):
        return None
    sequence, balance, held = find_posting(instance)
    currency = instance.currency
    amounts = {"balance": format_amount(balance, currency), "held": format_amount(held, currency)}
    return {WALLET_THEN: {"sequence": sequence, **amounts}}


def _meta(record: WrittenRecord, query: Query) -> Mapping[str, object] | None:
    if not record.failures:
        return None
    # A document includes no balances in the past.
    missing = {place[0] if isinstance(place, tuple) else place for place in record.failures}
    return {NOT_INCLUDED: [path for path in query.include if path.partition(".")[0] in missing]}


@dataclass(frozen=True, slots=True)
class Creation:
    """POST to one URL: who runs its command, and what the answer shows of the result (the `reader`).

    The URL is that of a collection, of which it creates a member, or that of an `action` on one resource.
    """

    reader: Reader
    action: Action | None = None

    def store(
        self, written: ResourceInput, number: int | None = None, *, key: str | None, guard: Guard = unguarded
    ) -> Written:
        """Run the command for a document, and for the id in the URL of an action, and return the answer.

        A request that is repeated with its idempotency `key` gets the same answer again. `guard` wraps the command
        before it runs. Raises what the command refuses.
        """
        self.reader.check_included()
        command = guard(self._parse(number, written.values))
        done = execute_once(command, by=self.reader.principal, key=key)
        instance, creates = done.results[0], self.action is None or self.action.creates
        url = self.reader.public_url + self.reader.endpoint.item_url(instance.pk)
        location = (("Location", url),) if creates else ()
        body = encode_written(self.reader, instance, meta=_posting(instance))
        return Written(201 if creates else 200, (*location, *replayed(done)), body)

    def _parse(self, number: int | None, values: Mapping[str, Any]) -> Command[Any]:
        if self.action is None:
            return self.reader.endpoint.parse_create(values)
        return self.action.command.parse(number, values)

    def __call__(self, body: bytes, key: str | None, number: int | None) -> Written:
        """Run the command for the document in `body`; a refusal is returned as an answer too.

        `key` is the value of the header Idempotency-Key, `number` the id in the URL.
        """
        locate: Locate | None = None
        try:
            idempotency_key = read_key(key)
            written = read_resource(parse_document(body), self.reader.endpoint)
            locate = written.locate
            answer = self.store(written, number, key=idempotency_key)
            return Written(answer.status, (("Content-Type", MEDIA_TYPE), *answer.headers), answer.body)
        except Exception as error:
            refused = explain(error, locate=locate)
            content = encode_problems(refused.problems, NOTHING_AGREED)
            headers = (("Content-Type", MEDIA_TYPE), *refused.headers.items())
            return Written(common_status(refused.problems), headers, content)
