"""The tables get what holds, floors, transfers and totals need while servers of the version before keep writing."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from tests.database.old_servers import OldServer, fill, going_on, set_up_as_of_0012
from tests.database.rows import fetch
from tests.writes import post_transaction
from walletsvc import errors
from walletsvc.principals import ANYONE

ENTRIES = int(os.environ.get("LEDGER_MIGRATION_ENTRIES", "600"))
WALLETS = max(6, ENTRIES // 1000)


def reconcile(*options: str) -> str:
    """Return what the command says."""
    said = StringIO()
    with suppress(SystemExit):
        call_command("reconcile", *options, stdout=said, stderr=said)
    return said.getvalue()


def shown(amount: object) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def test_the_ledger_is_migrated_while_older_servers_write(scratch: str) -> None:
    set_up_as_of_0012()
    fill(wallets=WALLETS, entries=ENTRIES)
    share = ENTRIES // WALLETS
    servers = [OldServer("one", range(1, WALLETS, 2)), OldServer("two", range(2, WALLETS, 2))]
    with going_on(*servers):
        while any(each.stored < 3 for each in servers):
            pass
        before, started = [each.stored for each in servers], time.monotonic()
        call_command("setup_database", verbosity=0)
        seconds, migrated = time.monotonic() - started, [each.stored for each in servers]
        print(f"{ENTRIES} entries: {seconds:.1f} s, {sum(migrated) - sum(before)} writes of others meanwhile")
        while any(each.stored < least + 3 for each, least in zip(servers, migrated, strict=True)):
            pass
    assert all(least < most for least, most in zip(before, migrated, strict=True))

    # Nobody wrote to the last wallet; of the others, `--recount` sets what older servers left behind.
    assert fetch("SELECT balance, available FROM walletsvc_wallet WHERE id = %s", WALLETS) == [(share, share)]
    print(reconcile("--recount"))
    expected = {wallet: Decimal(share) for wallet in range(1, WALLETS + 1)}
    for each in servers:
        expected |= each.balances
    found = fetch("SELECT id, balance, available, held, floor, state FROM walletsvc_wallet")
    assert {row[0]: tuple(map(shown, row[1:5])) + row[5:] for row in found} == {
        wallet: (balance, balance, 0, 0, "active") for wallet, balance in expected.items()
    }
    if connection.vendor == "mysql":
        # SQLite keeps no sums.
        totals = fetch("SELECT SUM(received) - SUM(paid) FROM walletsvc_transactioncount WHERE currency = 'USD'")
        assert shown(totals[0][0]) == sum(expected.values())
    assert reconcile().startswith("Clean: ")


def test_a_new_server_does_not_trust_what_an_old_one_left_behind(scratch: str) -> None:
    """`available` is 3.00 and above what the balance is, or below: the balance decides."""
    set_up_as_of_0012()
    fill(wallets=2, entries=20)
    call_command("setup_database", verbosity=0)
    old = OldServer("late", [1, 2])
    old.post(1, Decimal(-6))
    old.post(2, Decimal(6))
    assert fetch("SELECT balance, available FROM walletsvc_wallet ORDER BY id") == [(4, 10), (16, 10)]
    with pytest.raises(errors.InsufficientFunds) as caught:
        post_transaction(principal=ANYONE, wallet_id=1, txid="too much", amount="-4.01")
    assert caught.value.context["balance"] == "4.00"
    post_transaction(principal=ANYONE, wallet_id=1, txid="all", amount="-4.00")
    post_transaction(principal=ANYONE, wallet_id=2, txid="more", amount="-15.00")
    assert fetch("SELECT balance, available FROM walletsvc_wallet ORDER BY id") == [(0, 0), (1, 1)]
    old.post(2, Decimal(5))
    assert "wallet 2 (W2): " in reconcile()
    reconcile("--recount")
    assert fetch("SELECT balance, available FROM walletsvc_wallet ORDER BY id") == [(0, 0), (6, 6)]
    assert reconcile().startswith("Clean: 2 wallets")
