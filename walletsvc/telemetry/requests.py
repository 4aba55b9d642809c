"""What is known of the request that is being answered: for its line in the log, its counts and its trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from walletsvc.telemetry.metrics import REFUSALS

REST, GRAPHQL, LIVE = "rest", "graphql", "live"
"""The faces."""
OTHER = "other"
"""The operation of a request that is none of the API: a label must not take the values that clients make up."""

MAX_WALLETS = 20
"""How many wallets the line of a request names."""


class RequestRecord:
    """One request. The layers that learn something about it note it here.

    `operation` is a route's template or the name of a GraphQL operation, out of a limited set. `code` is that of the
    first refusal, `principal` the caller's subject, and `wallets` are the ids of the wallets that it wrote to. `span`
    is the step that is being traced (`telemetry/traces.py`). An id that `is_given` by the client may hold a secret.
    """

    # What most requests have nothing of is the class's: each request makes one of these.
    operation: str = OTHER
    is_write: bool = False
    code: str | None = None
    principal: str | None = None
    wallets: Sequence[int] = ()
    span: Any = None

    def __init__(self, request_id: str, face: str, traceparent: str | None = None, *, is_given: bool = False) -> None:
        self.request_id, self.face, self.traceparent, self.is_given = request_id, face, traceparent, is_given


current_request: ContextVar[RequestRecord | None] = ContextVar("current_request", default=None)
"""The request that this thread or task is answering."""


def note_operation(operation: str, *, is_write: bool) -> None:
    """Note what the request asks for."""
    record = current_request.get()
    if record is not None:
        record.operation, record.is_write = operation, is_write


def note_caller(subject: str) -> None:
    """Note who is asking."""
    record = current_request.get()
    if record is not None:
        record.principal = subject


def note_refusal(code: str) -> None:
    """Note that the request, or a part of it, is refused."""
    REFUSALS.add(code)
    record = current_request.get()
    if record is not None and record.code is None:
        record.code = code


def note_wallets(ids: Iterable[int]) -> None:
    """Note the wallets that the request writes to."""
    record = current_request.get()
    if record is not None:
        known = record.wallets
        record.wallets = [*known, *(each for each in ids if each not in known)][:MAX_WALLETS]
