"""Map refusals and failures to GraphQL errors, in this one place of the face."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from enum import Enum

from django.db import Error
from graphql import GraphQLError, GraphQLSyntaxError

from walletsvc import errors
from walletsvc.db.failures import give_up

logger = logging.getLogger(__name__)


class Place(Enum):
    """Where a mutation reports a refusal. A query reports each in `errors`, with `extensions.code`."""

    USER_ERRORS = "userErrors"
    """In the payload: the cause is the input, or the state of the wallet. Users can do something about it."""

    ERRORS = "errors"
    """Beside the data: the cause lies elsewhere. The same request may succeed later, or for another caller."""


PLACES: Mapping[type[errors.WalletError], Place] = {
    errors.Several: Place.USER_ERRORS,
    errors.Required: Place.USER_ERRORS,
    errors.Blank: Place.USER_ERRORS,
    errors.TooLong: Place.USER_ERRORS,
    errors.TooMany: Place.USER_ERRORS,
    errors.Invalid: Place.USER_ERRORS,
    errors.Immutable: Place.USER_ERRORS,
    errors.InvalidAmount: Place.USER_ERRORS,
    errors.ScaleExceeded: Place.USER_ERRORS,
    errors.PrecisionExceeded: Place.USER_ERRORS,
    errors.OutOfRange: Place.USER_ERRORS,
    errors.UnknownCurrency: Place.USER_ERRORS,
    errors.CurrencyMismatch: Place.USER_ERRORS,
    errors.Unbalanced: Place.USER_ERRORS,
    errors.InsufficientFunds: Place.USER_ERRORS,
    errors.NotFound: Place.USER_ERRORS,
    errors.DuplicateTxid: Place.USER_ERRORS,
    errors.IdempotencyConflict: Place.USER_ERRORS,
    errors.DuplicateLabel: Place.USER_ERRORS,
    errors.TransactionBound: Place.USER_ERRORS,
    errors.HoldExceeded: Place.USER_ERRORS,
    errors.HoldClosed: Place.USER_ERRORS,
    errors.ReversalExceeds: Place.USER_ERRORS,
    errors.WalletNotEmpty: Place.USER_ERRORS,
    errors.WalletFrozen: Place.USER_ERRORS,
    errors.WalletClosed: Place.USER_ERRORS,
    errors.InvalidParameter: Place.ERRORS,
    errors.TooBroad: Place.ERRORS,
    errors.ConditionFailed: Place.USER_ERRORS,
    errors.PreconditionFailed: Place.USER_ERRORS,
    errors.Unauthenticated: Place.ERRORS,
    errors.Forbidden: Place.USER_ERRORS,
    errors.RateLimited: Place.ERRORS,
    errors.Conflict: Place.ERRORS,
    errors.Unavailable: Place.ERRORS,
}
"""The place of each refusal of the domain. A test walks all subclasses of `WalletError`."""

PARSE_FAILED = "graphql_parse_failed"
VALIDATION_FAILED = "graphql_validation_failed"
INTERNAL_ERROR = "internal_error"
_INSTANCE = re.compile(r"<\w+ instance>")
"""The text that graphql-core prints for a number of our own type, deep in a value that it quotes."""


def explain(error: GraphQLError) -> None:
    """Give an error its `extensions.code`, in place. Log and mask an unexpected one."""
    if error.extensions and "code" in error.extensions:
        return
    cause = _root_cause(error)
    if isinstance(cause, Error):
        cause = give_up(cause) or cause
    if isinstance(cause, errors.WalletError):
        error.message = cause.message
        error.extensions = describe(cause)
    elif isinstance(cause, GraphQLSyntaxError):
        error.extensions = {"code": PARSE_FAILED}
    elif cause is None:
        error.extensions = {"code": code_of_value(error.message)}
        error.message = _INSTANCE.sub("...", error.message)
    else:
        logger.error("Unforeseen", exc_info=cause)
        error.message = "Something went wrong on our side. It has been logged."
        error.extensions = {"code": INTERNAL_ERROR}


def describe(error: errors.WalletError) -> dict[str, object]:
    """Return the extensions of a refusal: its code, the field or parameter that caused it, and its context."""
    described: dict[str, object] = {"code": error.code}
    if isinstance(error, errors.InvalidParameter):
        described["parameter"] = argument_name(error.parameter)
    elif error.field is not None:
        described["field"] = camel_case(error.field)
    return described | {camel_case(name): value for name, value in error.context.items() if value is not None}


def argument_name(parameter: str) -> str:
    """Return the GraphQL argument for a parameter of the domain: `filter.label.icontains`, `sort`, `first`."""
    family, dot, member = parameter.partition(".")
    return {"filter": "filters", "sort": "ordering"}.get(family, family) + dot + member


def camel_case(name: str) -> str:
    """Return the public form of a name: `retryAfterSeconds` for `retry_after_seconds`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _root_cause(error: GraphQLError) -> Exception | None:
    """Return the innermost exception, or None if graphql-core itself refused."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError) and not isinstance(cause, GraphQLSyntaxError):
        cause = cause.original_error
    return cause


def code_of_value(message: str) -> str:
    """Return the code of a value that graphql-core refused. It has no codes: only its message tells a
    missing value from one of the wrong kind. A test checks the messages of the installed version."""
    if "of non-null type" in message or "include required field" in message or "of required type" in message:
        return errors.Required.code
    return errors.Invalid.code
