"""POST: build the answer, without access to the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rest_api.documents import ResourceInput, read_resource
from rest_api.encoder import Document, encode_one, encode_problems
from rest_api.errors import Locate, common_status, explain
from rest_api.negotiation import MEDIA_TYPE, NOTHING_AGREED
from rest_api.parser import parse_document
from rest_api.query import Query
from rest_api.read import PER_RESOURCE, Reader
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
    resource = reader.endpoint.resource
    selection = reader.query.selection(resource, per_parent=PER_RESOURCE)
    record = WrittenRecord(instance, resource.name, selection, principal=reader.principal)
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


def store(reader: Reader, command: Command[Any], *, key: str | None, is_new: bool = True) -> Written:
    """Run a command, once for its idempotency `key`, and return the answer with its result.

    `is_new` tells that the command creates the resource. Raises what the command refuses.
    """
    done = execute_once(command, by=reader.principal, key=key)
    instance = done.results[0]
    location = (("Location", reader.public_url + reader.endpoint.item_url(instance.pk)),) if is_new else ()
    body = encode_written(reader, instance, meta=_posting(instance))
    return Written(201 if is_new else 200, (*location, *replayed(done)), body)


@dataclass(frozen=True, slots=True)
class Creation:
    """One POST to a collection: who creates a resource, and what the answer shows of it (the `reader`)."""

    reader: Reader

    def store(self, written: ResourceInput, *, key: str | None, guard: Guard = unguarded) -> Written:
        """Create the resource and return the answer. Raises what the command refuses.

        A request that is repeated with its idempotency `key` gets the same answer again. `guard` wraps the command
        before it runs.
        """
        reader = self.reader
        reader.check_included()
        return store(reader, guard(reader.endpoint.parse_create(written.values)), key=key)

    def __call__(self, body: bytes, key: str | None) -> Written:
        """Create what the document in `body` describes; a refusal is returned as an answer too.

        `key` is the value of the header Idempotency-Key.
        """
        locate: Locate | None = None
        try:
            idempotency_key = read_key(key)
            written = read_resource(parse_document(body), self.reader.endpoint)
            locate = written.locate
            answer = self.store(written, key=idempotency_key)
            return replace(answer, headers=(("Content-Type", MEDIA_TYPE), *answer.headers))
        except Exception as error:
            refused = explain(error, locate=locate)
            content = encode_problems(refused.problems, NOTHING_AGREED)
            headers = (("Content-Type", MEDIA_TYPE), *refused.headers.items())
            return Written(common_status(refused.problems), headers, content)
