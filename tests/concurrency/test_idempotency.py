"""Many callers with the same keys: each request is stored once, and all its callers learn the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

import pytest
from django.db import OperationalError, connection, connections

from tests.concurrency.threads import at_once, tally
from tests.ledger.state import assert_reconciled, balance
from tests.writes import open_wallet
from walletsvc import errors
from walletsvc.commands import retry
from walletsvc.commands.execute import execute_all, execute_once
from walletsvc.commands.keyed import hash_of
from walletsvc.commands.outcomes import Done, Refused
from walletsvc.commands.transactions import PostTransaction
from walletsvc.models import ReplayKey, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal

CLIENTS = 16


def command(wallet: Wallet, txid: str, amount: str = "1") -> PostTransaction:
    return PostTransaction.parse({"txid": txid, "wallet": wallet.id, "amount": amount})


def post(wallet: Wallet, txid: str, amount: str = "1", *, key: str, by: Principal = ANYONE) -> Done:
    return execute_once(command(wallet, txid, amount), by=by, key=key)


def shown(done: Done) -> tuple[object, ...]:
    """Return all that an answer shows of a transaction."""
    [made] = done.results
    return (made.id, made.txid, made.wallet_id, made.amount, made.currency, made.owner, made.created_at)


@pytest.fixture
def wallets() -> list[Wallet]:
    return [open_wallet(principal=ANYONE, label=f"{number}", balance="100") for number in range(3)]


def test_sixteen_clients_with_the_same_requests_store_each_once(wallets: list[Wallet]) -> None:
    keys = [f"k{number}" for number in range(8)]

    def client(seed: int) -> dict[str, tuple[bool, tuple[object, ...]]]:
        shuffled = random.Random(seed).sample(keys, len(keys))
        done = {key: post(wallets[len(key) % 3], key, "-1", key=key) for key in shuffled}
        return {key: (each.is_replay, shown(each)) for key, each in done.items()}

    answers = at_once(partial(client, seed) for seed in range(CLIENTS))
    for key in keys:
        found = [each[key] for each in answers]  # type: ignore[index]
        # One was the first, and the others got its answer.
        assert Counter(is_replay for is_replay, _ in found) == {False: 1, True: CLIENTS - 1}
        assert len({made for _, made in found}) == 1
    assert Transaction.objects.count() == ReplayKey.objects.count() == len(keys)
    assert_reconciled()


def test_of_two_requests_under_one_key_one_is_stored(wallets: list[Wallet]) -> None:
    for number in range(5):
        calls: list[Callable[[], object]] = [
            partial(post, wallets[place % 3], f"{number}.{place}", key=f"k{number}") for place in range(8)
        ]
        found = tally(at_once(calls))
        assert found == {"done": 1, "idempotency_conflict": 7}
    assert Transaction.objects.count() == ReplayKey.objects.count() == 5
    assert_reconciled()


def test_batches_under_one_key_are_stored_once(wallets: list[Wallet]) -> None:
    batch = [command(wallet, f"T{wallet.id}") for wallet in wallets]
    found = at_once([partial(execute_all, batch, by=ANYONE, key="k")] * 8)
    assert all(isinstance(each, Done) for each in found)
    assert sorted(each.is_replay for each in found if isinstance(each, Done)) == [False, *[True] * 7]
    ids = {tuple(made.id for made in each.results) for each in found if isinstance(each, Done)}
    assert len(ids) == 1
    assert Transaction.objects.count() == 3
    other = execute_all(batch[:2], by=ANYONE, key="k")
    assert isinstance(other, Refused)
    assert other.error.code == "idempotency_conflict"


def test_owners_do_not_share_keys() -> None:
    callers = [Principal(name, frozenset({"admin"}), owner=name) for name in ("alice", "bob")]
    theirs = {each.owner: open_wallet(principal=each, label="A") for each in callers}
    calls = [partial(post, theirs[each.owner], "T", key="k", by=each) for each in callers * 4]
    assert tally(at_once(calls)) == {"done": 8}
    assert sorted(Transaction.objects.values_list("owner", "txid")) == [("alice", "T"), ("bob", "T")]


def test_refused_first_and_then_funded_it_is_stored_once(wallets: list[Wallet]) -> None:
    call = partial(post, wallets[0], "T", "-150", key="k")
    assert tally(at_once([call] * 4)) == {"insufficient_funds": 4}
    post(wallets[0], "more", "50", key="l")
    done = at_once([call] * 8)
    assert sorted(each.is_replay for each in done if isinstance(each, Done)) == [False, *[True] * 7]
    assert balance(wallets[0].id) == "0.00"


@contextmanager
def cut_after_commit() -> Iterator[None]:
    """Let the connection of this thread be lost between COMMIT and its answer."""
    commit = connection._commit

    def lose() -> None:
        commit()
        with connection.wrap_database_errors:
            raise OperationalError(2013, "Lost connection to server during query")

    with mock.patch.object(connections["default"], "_commit", lose):
        yield


@pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite has no connection to lose")
def test_who_lost_the_answer_gets_it_again(wallets: list[Wallet]) -> None:
    with cut_after_commit(), pytest.raises(errors.Unavailable) as caught:
        post(wallets[0], "T", "-60", key="k")
    assert caught.value.outcome_known is False
    again = post(wallets[0], "T", "-60", key="k")
    assert again.is_replay
    assert again.results[0].id == Transaction.objects.get().id
    assert balance(wallets[0].id) == "40.00"


@pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite has no connection to lose")
def test_a_storm_of_repeats_with_lost_answers_stores_each_request_once(wallets: list[Wallet]) -> None:
    keys = [f"k{number}" for number in range(6)]

    def client(seed: int) -> dict[str, tuple[object, ...]]:
        source = random.Random(seed)
        answers = {}
        for key in source.sample(keys, len(keys)):
            while key not in answers:
                call = partial(post, wallets[int(key[1:]) % 3], key, key=key)
                try:
                    if source.random() < 0.3:
                        with cut_after_commit():
                            answers[key] = shown(call())
                    else:
                        answers[key] = shown(call())
                except errors.Unavailable:
                    continue
        return answers

    answers = at_once(partial(client, seed) for seed in range(8))
    assert all(each == answers[0] for each in answers)
    assert Transaction.objects.count() == ReplayKey.objects.count() == len(keys)
    assert_reconciled()


@pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite locks the whole database")
def test_who_waits_longer_than_the_server_for_a_key_is_told_to_come_again(
    wallets: list[Wallet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "PATIENCE_SECONDS", 0)
    holder = connections.create_connection("default")
    try:
        holder.set_autocommit(False)
        post(wallets[0], "T", key="other")
        with holder.cursor() as cursor:
            # As by a request on another server that has not committed yet.
            cursor.execute(
                "INSERT INTO walletsvc_replaykey SELECT %s, fingerprint, kind, target, results, created_at"
                " FROM walletsvc_replaykey",
                [hash_of("k", ANYONE)],
            )
            with connection.cursor() as own:
                own.execute("SET innodb_lock_wait_timeout = 1")
            # Another wallet and another name: only the key is in the way.
            with pytest.raises(errors.Conflict):
                post(wallets[1], "U", key="k")
        holder.commit()
        with pytest.raises(errors.IdempotencyConflict):
            post(wallets[1], "U", key="k")
    finally:
        holder.close()
        connection.close()
    assert Transaction.objects.count() == 1
