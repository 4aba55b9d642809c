"""Entries are append-only in the database too, and a wallet does not vanish with its money."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from tests.conftest import MakeWallet, Post
from tests.database.rows import execute, fetch
from tests.writes import close_wallet
from walletsvc.models import AccessEvent, Entry, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

APPEND_ONLY = "entries are append-only"
NOT_EMPTY = "a wallet that holds money is not deleted"


def refusal_of(statement: str, *values: object) -> tuple[type[DatabaseError], tuple[object, ...]]:
    """Run a statement that a trigger refuses; return the error's class and arguments."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        execute(statement, *values)
    return type(caught.value), caught.value.args


def refused_with(message: str) -> tuple[type[DatabaseError], tuple[object, ...]]:
    # RAISE(ABORT) is SQLITE_CONSTRAINT_TRIGGER; 1644 is ER_SIGNAL_EXCEPTION.
    return (IntegrityError, (message,)) if connection.vendor == "sqlite" else (OperationalError, (1644, message))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE walletsvc_entry SET amount = 1",
        "UPDATE walletsvc_entry SET principal = principal",
        "DELETE FROM walletsvc_entry",
        "DELETE FROM walletsvc_entry WHERE sequence = 2",
        "REPLACE INTO walletsvc_entry SELECT * FROM walletsvc_entry",
    ],
)
def test_an_entry_is_neither_changed_nor_removed(statement: str, make_wallet: MakeWallet, post: Post) -> None:
    post(make_wallet("100.00"), "-30.00")
    before = fetch("SELECT * FROM walletsvc_entry ORDER BY id")
    assert refusal_of(statement) == refused_with(APPEND_ONLY)
    assert fetch("SELECT * FROM walletsvc_entry ORDER BY id") == before
    assert len(before) == 2


def test_the_orm_cannot_either(make_wallet: MakeWallet) -> None:
    make_wallet("100.00")
    for change in (lambda: Entry.objects.update(amount=1), lambda: Entry.objects.get().delete()):
        with pytest.raises(DatabaseError, match=APPEND_ONLY), transaction.atomic():
            change()
    assert Entry.objects.get().amount == 100


def test_a_wallet_that_holds_money_is_not_removed(make_wallet: MakeWallet) -> None:
    wallet = make_wallet("0.01")
    assert refusal_of("DELETE FROM walletsvc_wallet WHERE id = %s", wallet.id) == refused_with(NOT_EMPTY)
    assert Wallet.objects.get().balance == wallet.balance


def test_an_empty_wallet_goes_and_its_entries_stay(make_wallet: MakeWallet, post: Post) -> None:
    wallet = make_wallet("5.00")
    post(wallet, "-5.00")
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    assert fetch("SELECT id FROM walletsvc_wallet") == []
    assert list(Entry.objects.order_by("sequence").values_list("wallet_id", "kind")) == [
        (wallet.id, "opening"),
        (wallet.id, "post"),
    ]


def test_only_the_owner_of_an_entry_can_be_set(make_wallet: MakeWallet) -> None:
    wallet, other = make_wallet("1.00"), make_wallet("2.00")
    Wallet.objects.filter(id=wallet.id).update(owner="alice")
    entries = fetch("SELECT * FROM walletsvc_entry ORDER BY id")
    for change in (
        "owner = 'bob'",
        "owner = 'Alice'",
        "owner = 'alice', amount = 2",
        "owner = 'alice', principal = 'alice'",
        "owner = 'alice', shown_principal = 'alice'",
        f"owner = 'alice', wallet_id = {other.id}",
        "owner = owner",
    ):
        statement = f"UPDATE walletsvc_entry SET {change} WHERE wallet_id = {wallet.id}"  # noqa: S608 - our own
        assert refusal_of(statement) == refused_with(APPEND_ONLY)
    assert refusal_of("UPDATE walletsvc_entry SET owner = 'alice'") == refused_with(APPEND_ONLY)
    assert fetch("SELECT * FROM walletsvc_entry ORDER BY id") == entries
    execute("UPDATE walletsvc_entry SET owner = 'alice' WHERE wallet_id = %s", wallet.id)
    assert fetch("SELECT wallet_id, owner, amount FROM walletsvc_entry ORDER BY id") == [
        (wallet.id, "alice", 1),
        (other.id, "", 2),
    ]


def test_an_entry_of_a_deleted_wallet_stays_unchanged(make_wallet: MakeWallet, post: Post) -> None:
    wallet = make_wallet("5.00")
    post(wallet, "-5.00")
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    assert refusal_of("UPDATE walletsvc_entry SET owner = 'alice'") == refused_with(APPEND_ONLY)


@pytest.mark.parametrize(
    "statement", ["UPDATE walletsvc_accessevent SET by = 'x'", "DELETE FROM walletsvc_accessevent"]
)
def test_access_events_never_change(statement: str) -> None:
    event = AccessEvent.objects.create(at=timezone.now(), by="system", action="create", key="0123456789")
    statement = statement.replace("by =", f"{connection.ops.quote_name('by')} =")
    assert refusal_of(statement) == refused_with("access events are append-only")
    assert AccessEvent.objects.get() == event
