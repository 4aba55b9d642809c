"""Who is calling, decided before GraphQL runs: what goes wrong is an HTTP status."""

from __future__ import annotations

from collections.abc import Callable

from django.db import Error

from graphql_api.requests import Refused
from walletsvc import errors
from walletsvc.db.failures import give_up
from walletsvc.principals import Principal


def identify(find_caller: Callable[[], Principal]) -> Principal:
    """Return the caller that `find_caller` returns. Raises `Refused` for what it raises."""
    try:
        return find_caller()
    except errors.Unauthenticated as error:
        raise Refused(401, error.code, error.message, headers={"WWW-Authenticate": errors.CHALLENGE}) from error
    except errors.Forbidden as error:
        raise Refused(403, error.code, error.message) from error
    except errors.RateLimited as error:
        raise rate_limited(error) from error
    except errors.WalletError as error:
        raise Refused(400, error.code, error.message) from error
    except Error as error:
        refusal = give_up(error)
        if refusal is None:
            raise
        headers = {"Retry-After": str(refusal.retry_after_seconds)}
        raise Refused(503, refusal.code, refusal.message, headers=headers) from error


def rate_limited(error: errors.RateLimited) -> Refused:
    """Return the refusal of a caller that is over its limit."""
    return Refused(429, error.code, error.message, headers={"Retry-After": str(error.retry_after_seconds)})
