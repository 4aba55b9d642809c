"""All refusals of the domain: a stable code, a message for people, a context for programs.

The tree knows neither HTTP nor GraphQL. Each face maps it once, and a test walks all subclasses to check that
every one is mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar


class WalletError(Exception):
    """A refusal. Nothing has changed when it is raised.

    `field` is the snake_case name of the input at fault, if there is one. `context` holds values that
    can be shown to the caller: strings, integers, booleans, and lists or mappings of them.
    """

    code: ClassVar[str]

    def __init__(self, message: str, *, field: str | None = None, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.context = context

    def each(self) -> Iterator[WalletError]:
        """Iterate over the single refusals in this one."""
        yield self


class Several(WalletError):
    """More than one field was refused at once."""

    code = "invalid"

    def __init__(self, errors: Sequence[WalletError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)

    def each(self) -> Iterator[WalletError]:
        for error in self.errors:
            yield from error.each()


# -- fields -------------------------------------------------------------------------------------------


class Required(WalletError):
    """A required field is missing or null."""

    code = "required"


class Blank(WalletError):
    """A text that must not be empty is empty."""

    code = "blank"


class TooLong(WalletError):
    """A text or document is longer than its limit. Context: limit."""

    code = "too_long"


class TooMany(WalletError):
    """A list has more members than its limit. Context: limit."""

    code = "too_many"


class Invalid(WalletError):
    """A value has the wrong type or form for its field."""

    code = "invalid"


class Immutable(WalletError):
    """A change of a field that is fixed once its object exists."""

    code = "immutable"


# -- money --------------------------------------------------------------------------------------------


class InvalidAmount(WalletError):
    """Not a plain decimal number, or zero where a change is required."""

    code = "invalid_amount"


class ScaleExceeded(WalletError):
    """More decimal places than the currency has. Context: scale, currency."""

    code = "scale_exceeded"


class PrecisionExceeded(WalletError):
    """More significant digits than the database engine keeps exactly. Context: limit."""

    code = "precision_exceeded"


class OutOfRange(WalletError):
    """An amount, or the resulting balance, is beyond what a wallet can hold. Context: limit."""

    code = "out_of_range"


class UnknownCurrency(WalletError):
    """Neither an ISO 4217 code with a minor unit nor an asset of the settings."""

    code = "unknown_currency"


class CurrencyMismatch(WalletError):
    """Two wallets of one operation hold different currencies. Context: currencies."""

    code = "currency_mismatch"


class Unbalanced(WalletError):
    """The legs of a transfer and what crosses the border do not sum to 0.

    Context: sums, what each currency at fault sums to.
    """

    code = "unbalanced"


class InsufficientFunds(WalletError):
    """A change would take more than is available.

    Context: balance, held, floor, available, amount, currency, wallet.
    """

    code = "insufficient_funds"


# -- objects ------------------------------------------------------------------------------------------


class NotFound(WalletError):
    """There is no such object that the caller can see."""

    code = "not_found"


class DuplicateTxid(WalletError):
    """The txid is taken.

    Context: transaction, transfer or hold, the id of the holder; txid, if it is a leg's. If the refused request would
    create another: is_same, whether the same request created the holder.
    """

    code = "duplicate_txid"


class DuplicateLabel(WalletError):
    """The label is taken. Context: wallet, the id of the holder."""

    code = "duplicate_label"


class TransactionBound(WalletError):
    """What belongs to a transfer, a hold or a reversal is reversed, rather than amended, moved or deleted.

    Context: transaction, transfer, hold, reversal_of, reversals.
    """

    code = "transaction_bound"


class HoldExceeded(WalletError):
    """More than remains of a hold. Context: remaining, amount, currency, hold."""

    code = "hold_exceeded"


class HoldClosed(WalletError):
    """The hold has been captured or released, or has expired. Context: state, hold."""

    code = "hold_closed"


class ReversalExceeds(WalletError):
    """A reversal of more than is left to reverse. Context: rest, amount, currency."""

    code = "reversal_exceeds"


class WalletNotEmpty(WalletError):
    """A wallet that holds money cannot be closed. Context: balance, held, currency, wallet."""

    code = "wallet_not_empty"


class WalletFrozen(WalletError):
    """Nothing leaves a frozen wallet, and nothing more is held in it. Context: wallet."""

    code = "wallet_frozen"


class WalletClosed(WalletError):
    """A closed wallet accepts nothing. Context: wallet."""

    code = "wallet_closed"


# -- requests and conditions ----------------------------------------------------------------------------


class InvalidParameter(WalletError):
    """A question without an answer: an unknown filter, a malformed cursor, a page of 0.

    `parameter` is the domain's name of the parameter, for example `filter.label` or `page.size`.
    """

    code = "invalid_parameter"

    def __init__(self, message: str, *, parameter: str, **context: object) -> None:
        super().__init__(message, field=None, **context)
        self.parameter = parameter


class TooBroad(InvalidParameter):
    """A page would take reading too many rows to find its own. Context: limit."""

    code = "too_broad"


class ConditionFailed(WalletError):
    """A condition of the request does not hold under the lock.

    Context: sequence, balance and available as they are, currency, wallet.
    """

    code = "condition_failed"


class IdempotencyConflict(WalletError):
    """The caller has used the same idempotency key for another request."""

    code = "idempotency_conflict"


class PreconditionFailed(WalletError):
    """The object has changed since the caller saw it."""

    code = "precondition_failed"


CHALLENGE = 'Bearer realm="walletsvc", error="invalid_token"'
"""What an answer with 401 has as WWW-Authenticate (RFC 6750, section 3)."""


class Unauthenticated(WalletError):
    """The caller has not shown who it is: no credentials, or none that are good."""

    code = "unauthenticated"


class Forbidden(WalletError):
    """The caller may see this but not do that."""

    code = "forbidden"


class RateLimited(WalletError):
    """The caller has used up its limit, and nothing has been looked at. Context: retry_after_seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class Conflict(WalletError):
    """Concurrent writes changed the same wallets until all retries were used up. Context: retry_after_seconds."""

    code = "conflict"

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(WalletError):
    """The database is away, silent, full, or accepts no changes. Context: outcome_known, retry_after_seconds.

    With `outcome_known`, nothing has changed. Otherwise a write may have been stored: look its txid up.
    """

    code = "unavailable"

    def __init__(self, message: str, *, outcome_known: bool = True, retry_after_seconds: int = 5) -> None:
        super().__init__(message, outcome_known=outcome_known, retry_after_seconds=retry_after_seconds)
        self.outcome_known = outcome_known
        self.retry_after_seconds = retry_after_seconds


def outcome_unknown() -> Unavailable:
    """Return the refusal of a write that may have been stored all the same."""
    return Unavailable("The outcome is unknown. Look the txid up to see whether it was stored.", outcome_known=False)


def not_found(what: str, identifier: object, *, field: str | None = None) -> NotFound:
    """Return the refusal for an object that does not exist or that the caller cannot see."""
    return NotFound(f"There is no {what} {str(identifier)[:64]!r}.", field=field)
