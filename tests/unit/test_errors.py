"""The tree of refusals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from walletsvc import errors

pytestmark = pytest.mark.without_engine


def descendants(kind: type[errors.WalletError]) -> Iterator[type[errors.WalletError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def test_every_refusal_has_a_code_and_says_when_it_is_raised() -> None:
    kinds = list(descendants(errors.WalletError))
    assert len(kinds) >= 20
    for kind in kinds:
        assert kind.code == kind.code.lower().strip()
        assert kind.__doc__


def test_codes_are_those_of_the_contract_and_distinct() -> None:
    codes = [kind.code for kind in descendants(errors.WalletError) if kind is not errors.Several]
    assert len(codes) == len(set(codes))
    assert {
        "insufficient_funds",
        "invalid_amount",
        "scale_exceeded",
        "precision_exceeded",
        "out_of_range",
        "unknown_currency",
        "currency_mismatch",
        "required",
        "blank",
        "too_long",
        "invalid",
        "immutable",
        "duplicate_txid",
        "duplicate_label",
        "wallet_not_empty",
        "not_found",
        "forbidden",
        "conflict",
    } <= set(codes)


def test_a_refusal_carries_its_context() -> None:
    error = errors.InsufficientFunds("Too much.", field="amount", balance="1.00", wallet=7)
    assert (str(error), error.message, error.field) == ("Too much.", "Too much.", "amount")
    assert error.context == {"balance": "1.00", "wallet": 7}
    assert list(error.each()) == [error]


def test_several_refusals_come_apart() -> None:
    first, second = errors.Blank("a", field="a"), errors.Invalid("b", field="b")
    error = errors.Several([first, errors.Several([second])])
    assert list(error.each()) == [first, second]


@pytest.mark.parametrize(("kind", "seconds"), [(errors.Conflict, 1), (errors.Unavailable, 5)])
def test_a_temporary_refusal_says_when_to_try_again(kind: type[errors.Conflict], seconds: int) -> None:
    assert kind("Later.").retry_after_seconds == seconds
    assert kind("Later.", retry_after_seconds=9).context["retry_after_seconds"] == 9


def test_a_refusal_without_a_database_says_whether_anything_is_stored() -> None:
    assert errors.Unavailable("Away.").context == {"outcome_known": True, "retry_after_seconds": 5}
    assert errors.outcome_unknown().context == {"outcome_known": False, "retry_after_seconds": 5}


def test_a_wrong_parameter_is_named() -> None:
    error = errors.InvalidParameter("No.", parameter="filter.label", limit=5)
    assert (error.parameter, error.field, error.context) == ("filter.label", None, {"limit": 5})
