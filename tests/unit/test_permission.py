"""A read takes the scope of all that it shows: of its own resource, and of everything selected, however deep."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from walletsvc import errors
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.permission import check_read, check_related
from walletsvc.queries.questions import Question, Selection
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import ENTRY, TRANSACTION, WALLET

pytestmark = pytest.mark.without_engine

WALLETS = Principal("w", frozenset({"wallets:read"}))
TRANSACTIONS = Principal("t", frozenset({"transactions:read"}), owner="alice")
BOTH = Principal("b", frozenset({"wallets:read", "transactions:read"}))
NEITHER = Principal("n", frozenset({"wallets:write", "transactions:write"}))

PLAIN = Selection()
WITH_WALLET = Selection(to_one=(("wallet", PLAIN),))
WITH_ENTRIES = Selection(to_many=(("entries", Question("Entry")),))
DEEP = Selection(to_one=(("transaction", Selection(to_many=(("entries", Question("Entry", WITH_WALLET)),))),))
"""Of an entry: its transaction, the entries of that one, and their wallets."""


def lacks(
    principal: Principal, scope: str, check: Callable[..., None], resource: Resource, selection: Selection
) -> None:
    with pytest.raises(errors.Forbidden) as caught:
        check(principal, resource, selection)
    assert caught.value.context == {"scope": scope}
    assert scope in caught.value.message


def test_each_resource_takes_its_scope() -> None:
    check_read(WALLETS, WALLET, PLAIN)
    for resource in (TRANSACTION, ENTRY):
        check_read(TRANSACTIONS, resource, PLAIN)
        lacks(WALLETS, "transactions:read", check_read, resource, PLAIN)
    lacks(TRANSACTIONS, "wallets:read", check_read, WALLET, PLAIN)
    for resource in (WALLET, TRANSACTION, ENTRY):
        lacks(NEITHER, resource.scope, check_read, resource, PLAIN)
        check_read(ANYONE, resource, PLAIN)


def test_what_is_selected_takes_its_own_scope() -> None:
    lacks(TRANSACTIONS, "wallets:read", check_read, TRANSACTION, WITH_WALLET)
    lacks(WALLETS, "transactions:read", check_read, WALLET, WITH_ENTRIES)
    for principal in (BOTH, ANYONE):
        check_read(principal, TRANSACTION, WITH_WALLET)
        check_read(principal, WALLET, WITH_ENTRIES)


def test_also_at_any_depth() -> None:
    lacks(TRANSACTIONS, "wallets:read", check_read, ENTRY, DEEP)
    lacks(WALLETS, "transactions:read", check_read, ENTRY, DEEP)
    check_read(BOTH, ENTRY, DEEP)
    # What stands first does not vouch for what follows.
    both_kinds = Selection(to_one=(("transaction", PLAIN), ("wallet", PLAIN)))
    lacks(TRANSACTIONS, "wallets:read", check_read, ENTRY, both_kinds)


def test_who_has_written_a_record_needs_the_scopes_of_what_it_selects_from_it_only() -> None:
    check_related(NEITHER, WALLET, PLAIN)
    lacks(NEITHER, "transactions:read", check_related, WALLET, WITH_ENTRIES)
    lacks(NEITHER, "wallets:read", check_related, TRANSACTION, WITH_WALLET)
    check_related(WALLETS, TRANSACTION, WITH_WALLET)
    check_related(TRANSACTIONS, WALLET, WITH_ENTRIES)
    for principal in (BOTH, ANYONE):
        check_related(principal, ENTRY, DEEP)
