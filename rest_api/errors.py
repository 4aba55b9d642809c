"""Map refusals of the domain and of the protocol to JSON:API error objects. The only such map of this face."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import Error
from rest_framework import exceptions as drf

from walletsvc import errors
from walletsvc.commands.keyed import KEY_FIELD
from walletsvc.db.failures import give_up
from walletsvc.web.idempotency import IDEMPOTENCY_KEY

logger = logging.getLogger(__name__)

STATUS: Mapping[type[errors.WalletError], int] = {
    errors.Several: 422,
    errors.Required: 422,
    errors.Blank: 422,
    errors.TooLong: 422,
    errors.TooMany: 422,
    errors.Invalid: 422,
    errors.Immutable: 422,
    errors.InvalidAmount: 422,
    errors.ScaleExceeded: 422,
    errors.PrecisionExceeded: 422,
    errors.OutOfRange: 422,
    errors.UnknownCurrency: 422,
    errors.CurrencyMismatch: 422,
    errors.Unbalanced: 422,
    errors.InsufficientFunds: 422,
    errors.NotFound: 404,
    errors.DuplicateTxid: 409,
    errors.DuplicateLabel: 409,
    errors.TransactionBound: 409,
    errors.HoldExceeded: 422,
    errors.HoldClosed: 409,
    errors.ReversalExceeds: 422,
    errors.WalletNotEmpty: 409,
    errors.WalletFrozen: 409,
    errors.WalletClosed: 409,
    errors.InvalidParameter: 400,
    errors.TooBroad: 400,
    errors.ConditionFailed: 412,
    errors.IdempotencyConflict: 422,
    errors.PreconditionFailed: 412,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.RateLimited: 429,
    errors.Conflict: 503,
    errors.Unavailable: 503,
}
"""The status of each refusal of the domain. A test walks all subclasses of `WalletError`."""

UNSUPPORTED_SORT = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination/unsupported-sort"
"""The error type that the cursor pagination profile requires for an order it cannot page through."""

Locate = Callable[[str], str]
"""Turns the domain's name of an input into a JSON pointer to it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One JSON:API error object (https://jsonapi.org/format/#error-objects)."""

    status: int
    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    meta: Mapping[str, object] = field(default_factory=dict)
    type_link: str | None = None

    def render(self) -> dict[str, object]:
        """Return the error object. The title is the code in words, so it never changes."""
        rendered: dict[str, object] = {
            "status": str(self.status),
            "code": self.code,
            "title": self.code.replace("_", " ").capitalize(),
            "detail": _printable(self.detail),
        }
        if self.type_link is not None:
            rendered["links"] = {"type": self.type_link}
        named = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        source = {name: _printable(value) for name, value in named.items() if value is not None}
        if source:
            rendered["source"] = source
        if self.meta:
            rendered["meta"] = dict(self.meta)
        return rendered


class Refused(Exception):
    """A request refused by this face itself, before a command or selector sees it."""

    def __init__(self, *problems: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = problems
        self.headers = dict(headers or {})


def refuse(status: int, code: str, detail: str, *, pointer: str | None = None) -> Refused:
    """Return a refusal with one problem, optionally at the document member `pointer`."""
    return Refused(Problem(status, code, detail, pointer=pointer))


def bad_parameter(name: str, detail: str) -> Refused:
    """Return the refusal of a query parameter."""
    return Refused(Problem(400, errors.InvalidParameter.code, detail, parameter=name))


def common_status(problems: Sequence[Problem]) -> int:
    """Return the status of the whole answer: the shared one, or else the most general that applies (400 or 500)."""
    statuses = {problem.status for problem in problems}
    if len(statuses) == 1:
        return statuses.pop()
    return 400 if max(statuses) < 500 else 500


def explain(exception: Exception, *, locate: Locate | None = None) -> Refused:
    """Turn any exception into the refusal that the caller gets. Unexpected ones are logged and masked."""
    if isinstance(exception, Refused):
        return exception
    if isinstance(exception, Error):
        exception = give_up(exception) or exception
    if isinstance(exception, errors.WalletError):
        return _explain_refusal(exception, locate)
    if isinstance(exception, drf.APIException):
        return _explain_framework(exception)
    logger.error("Unforeseen", exc_info=exception)
    return Refused(Problem(500, "internal_error", "Something went wrong on our side. It has been logged."))


def _explain_refusal(error: errors.WalletError, locate: Locate | None) -> Refused:
    problems = [_problem(each, locate) for each in error.each()]
    headers = {}
    if isinstance(error, errors.Conflict | errors.RateLimited | errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = errors.CHALLENGE
    return Refused(*problems, headers=headers)


def _problem(error: errors.WalletError, locate: Locate | None) -> Problem:
    meta = {camel_case(name): value for name, value in error.context.items() if value is not None}
    problem = Problem(STATUS[type(error)], error.code, error.message, meta=meta)
    if isinstance(error, errors.InvalidParameter):
        parameter = parameter_name(error.parameter)
        return replace(problem, parameter=parameter, type_link=UNSUPPORTED_SORT if parameter == "sort" else None)
    if isinstance(error, errors.PreconditionFailed):
        return replace(problem, header=str(error.context.get("header", "")) or None, meta={})
    if error.field == KEY_FIELD:
        # A header that cannot be read is a bad request.
        status = 400 if isinstance(error, errors.Invalid) else problem.status
        return replace(problem, status=status, header=IDEMPOTENCY_KEY)
    if error.field is not None and locate is not None:
        return replace(problem, pointer=locate(error.field))
    return problem


def _explain_framework(error: drf.APIException) -> Refused:
    """Explain what the REST framework's own hooks raise: authentication, permissions, throttles, methods."""
    headers = {}
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait))
    challenge = getattr(error, "auth_header", None)
    if challenge is not None:
        headers["WWW-Authenticate"] = challenge
    code = _FRAMEWORK_CODES.get(error.status_code, "invalid")
    return Refused(Problem(error.status_code, code, str(error.detail)), headers=headers)


_FRAMEWORK_CODES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "rate_limited",
}


def parameter_name(domain_name: str) -> str:
    """Return the query parameter that the domain calls `filter.label`, `page.size` or `after`."""
    if domain_name in ("after", "before"):
        return f"page[{domain_name}]"
    family, dot, member = domain_name.partition(".")
    return f"{family}[{member}]" if dot else family


def camel_case(name: str) -> str:
    """Return the public spelling of a domain name: `retry_after_seconds` becomes retryAfterSeconds."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _printable(text: str) -> str:
    """Return the text without lone surrogates: UTF-8 cannot encode one that a caller sent and the answer quotes."""
    return text.encode(errors="replace").decode()
