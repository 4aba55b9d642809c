"""What was received and paid in total is kept with each write, and corrected after servers that did not keep it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from tests.conftest import MakeWallet
from tests.database.rows import execute, insert
from tests.writes import amend_transaction, close_wallet, delete_transaction, post_transaction, post_transfer
from walletsvc.commands.recount import recount_all
from walletsvc.ledger.totals import compare_totals, correct_totals, read_totals
from walletsvc.models import Total, Wallet
from walletsvc.principals import ANYONE

D = Decimal


@pytest.fixture
def wallets(make_wallet: MakeWallet) -> list[Wallet]:
    return [make_wallet("10.00"), make_wallet("0"), make_wallet("7", currency="EUR")]


def crossed() -> dict[str, tuple[Decimal, Decimal]]:
    """Return what was received and paid, as it is kept, and assert that the ledger says the same."""
    compared = compare_totals()
    assert compared.missing() == {}
    assert compared.count_kept() == compared.count_found()
    found = {currency: each for currency, each in read_totals().items() if each.received or each.paid}
    return {currency: (each.received, each.paid) for currency, each in found.items()}


@pytest.mark.django_db
def test_what_is_posted_amended_and_deleted_crosses_gross(wallets: list[Wallet]) -> None:
    assert crossed() == {"USD": (D(10), D(0)), "EUR": (D(7), D(0))}
    posted = post_transaction(principal=ANYONE, txid="A", wallet_id=wallets[0].id, amount="-4.00")
    assert crossed()["USD"] == (D(10), D(4))
    amend_transaction(principal=ANYONE, transaction_id=posted.id, amount="-1.50")
    assert crossed()["USD"] == (D("12.5"), D(4))
    amend_transaction(principal=ANYONE, transaction_id=posted.id, amount="-2.00", description="only this as well")
    assert crossed()["USD"] == (D("12.5"), D("4.5"))
    delete_transaction(principal=ANYONE, transaction_id=posted.id)
    assert crossed() == {"USD": (D("14.5"), D("4.5")), "EUR": (D(7), D(0))}


@pytest.mark.django_db
def test_a_move_crosses_what_it_amends(wallets: list[Wallet]) -> None:
    posted = post_transaction(principal=ANYONE, txid="A", wallet_id=wallets[0].id, amount="4.00")
    amend_transaction(principal=ANYONE, transaction_id=posted.id, wallet_id=wallets[1].id)
    assert crossed()["USD"] == (D(14), D(0))
    amend_transaction(principal=ANYONE, transaction_id=posted.id, wallet_id=wallets[0].id, amount="3.00")
    assert crossed()["USD"] == (D(14), D(1))


@pytest.mark.django_db
def test_of_a_transfer_what_is_external_crosses(wallets: list[Wallet]) -> None:
    one, two, euros = (each.id for each in wallets)
    post_transfer(principal=ANYONE, txid="A", source_id=one, destination_id=two, amount="3.00")
    assert crossed() == {"USD": (D(10), D(0)), "EUR": (D(7), D(0))}
    legs = [{"wallet": one, "amount": "97"}, {"wallet": two, "amount": "3"}, {"wallet": euros, "amount": "-2"}]
    external = [{"currency": "USD", "amount": "-100"}, {"currency": "EUR", "amount": "2"}]
    post_transfer(principal=ANYONE, txid="B", legs=legs, external=external)
    assert crossed() == {"USD": (D(110), D(0)), "EUR": (D(7), D(2))}


@pytest.mark.django_db
def test_a_closed_wallet_leaves_what_it_received_and_paid(wallets: list[Wallet]) -> None:
    post_transaction(principal=ANYONE, txid="A", wallet_id=wallets[1].id, amount="5")
    post_transaction(principal=ANYONE, txid="B", wallet_id=wallets[1].id, amount="-5")
    close_wallet(principal=ANYONE, wallet_id=wallets[1].id)
    assert crossed()["USD"] == (D(15), D(5))
    assert compare_totals().count_kept() == 0


@pytest.mark.django_db
def test_captures_and_reversals_cross_unless_they_are_legs(wallets: list[Wallet]) -> None:
    """The rows are what holds and reversals leave: the entries of one leg each, and those of a transfer."""
    bound = [
        ("capture", "-1.25", {"hold_id": 5}),
        ("reversal", "0.50", {"reversal_of_id": 6}),
        ("reversal", "-0.75", {"reversal_of_id": 7}),
        ("capture", "-2", {"hold_id": 5, "transfer_id": 8}),
        ("transfer_in", "2", {"transfer_id": 8}),
    ]
    for number, (kind, amount, bonds) in enumerate(bound):
        values = {"wallet_id": wallets[0].id, "amount": amount, "txid": f"B{number}"}
        identifier = insert("walletsvc_transaction", **values, **bonds)
        insert("walletsvc_entry", sequence=number + 2, kind=kind, transaction_id=identifier, **values)
    found = compare_totals().found["USD"]
    assert (found.received, found.paid) == (D("10.5"), D(2))


@pytest.mark.django_db
def test_sums_are_exact_at_any_length(wallets: list[Wallet]) -> None:
    """SQLite keeps 15 digits of an amount; their sum has more, and the sum of a column of reals would lose them."""
    long = "999999999999999" if connection.vendor == "sqlite" else "99999999999999999999.999999999999999999"
    with transaction.atomic():
        for sequence in range(2, 503):
            insert("walletsvc_entry", wallet_id=wallets[0].id, sequence=sequence, amount=long)
        insert("walletsvc_entry", wallet_id=wallets[0].id, sequence=503, amount="0.1")
        insert("walletsvc_entry", wallet_id=wallets[0].id, sequence=504, amount="0.2")
    found = compare_totals().found["USD"]
    assert Fraction(found.received) == 501 * Fraction(long) + Fraction("10.3")
    correct_totals()
    assert read_totals()["USD"].received == found.received


@pytest.mark.django_db
def test_moves_of_earlier_servers_that_amended_at_once_cross_their_difference(wallets: list[Wallet]) -> None:
    moves = [("move_out", "-5", 31), ("move_in", "7", 31), ("move_out", "-9", 32), ("move_in", "6.5", 32)]
    for number, (kind, amount, identifier) in enumerate(moves):
        values = {"sequence": number + 2, "transaction_id": identifier}
        insert("walletsvc_entry", wallet_id=wallets[0].id, kind=kind, amount=amount, **values)
    found = compare_totals().found["USD"]
    assert (found.received, found.paid) == (D(12), D("2.5"))


@pytest.mark.django_db(transaction=True)
def test_totals_are_corrected_once_however_many_do_it(wallets: list[Wallet]) -> None:
    post_transaction(principal=ANYONE, txid="A", wallet_id=wallets[0].id, amount="5")
    if connection.vendor == "sqlite":
        execute("UPDATE walletsvc_transactioncount SET count = count + 3")
    else:
        Total.objects.filter(currency="EUR").delete()
        execute("UPDATE walletsvc_transactioncount SET count = count + 3, paid = 2 WHERE currency = 'USD' LIMIT 1")
    start, corrected = Barrier(4), []

    def correct() -> None:
        start.wait()
        try:
            corrected.append(recount_all())
        finally:
            connection.close()

    threads = [Thread(target=correct) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(corrected) == [False, False, False, True]
    assert crossed() == {"USD": (D(15), D(0)), "EUR": (D(7), D(0))}
    assert compare_totals().count_kept() == 1
