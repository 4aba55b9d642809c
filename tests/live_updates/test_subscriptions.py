"""Subscriptions over real sockets, while another process writes."""

from __future__ import annotations

import asyncio
import threading

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from graphql_api.ids import global_id
from tests.live_updates.clients import BALANCE, ENTRIES, PROTOCOL, TIMEOUT_SECONDS, open_socket
from tests.live_updates.conftest import LiveUpdates


def test_a_balance_comes_at_once_and_after_each_write_on_either_face(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("100.00")
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, wallet=wallet)
        assert socket.next() == {"databaseId": wallet, "balance": "100.00", "sequence": 1}
        live_updates.post(wallet, "-30.00")
        assert socket.next() == {"databaseId": wallet, "balance": "70.00", "sequence": 2}
        live_updates.post_by_rest(wallet, "5.00")
        assert socket.next() == {"databaseId": wallet, "balance": "75.00", "sequence": 3}


def test_a_known_state_is_not_sent_again(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, wallet=wallet, after=1)
        live_updates.post(wallet)
        assert socket.next()["sequence"] == 2


def test_entries_show_the_history_of_a_transaction(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("100.00")
    with open_socket(live_updates.url) as socket:
        socket.subscribe(ENTRIES, wallet=wallet, after=0)
        assert socket.next() == {
            "sequence": 1,
            "kind": "opening",
            "amount": "100.00",
            "balanceAfter": "100.00",
            "txid": "",
            "transaction": None,
        }
        transaction = live_updates.post(wallet, "-30.00", txid="ENTRIES-1")
        shown = {"txid": "ENTRIES-1", "amount": "-30.00"}
        common = {"txid": "ENTRIES-1", "transaction": shown}
        assert socket.next() == {"sequence": 2, "kind": "post", "amount": "-30.00", "balanceAfter": "70.00", **common}
        live_updates.mutate("updateTransaction", id=transaction, amount="-10.00")
        common["transaction"] = shown | {"amount": "-10.00"}
        assert socket.next() == {"sequence": 3, "kind": "amend", "amount": "20.00", "balanceAfter": "90.00", **common}
        live_updates.mutate("deleteTransaction", id=transaction)
        common["transaction"] = None
        assert socket.next() == {
            "sequence": 4,
            "kind": "delete",
            "amount": "10.00",
            "balanceAfter": "100.00",
            **common,
        }


def test_a_fragment_spread_on_two_levels_of_an_event_gives_each_its_own_lists(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("100.00")
    live_updates.post(wallet, "-30.00")
    query = """subscription ($wallet: ID!) { transactions(walletId: $wallet, afterSequence: 1) {
        wallet { credits: transactions(filters: {amount: {gt: 0}}) { ...Amounts } ...D }
        transaction { wallet { ...D newest: transactions(last: 1) { ...Amounts } } } } }
      fragment D on Wallet { debits: transactions(filters: {amount: {lt: 0}}) { ...Amounts } }
      fragment Amounts on TransactionConnection { edges { node { amount } } }"""
    with open_socket(live_updates.url) as socket:
        socket.subscribe(query, wallet=wallet)
        debit = {"edges": [{"node": {"amount": "-30.00"}}]}
        assert socket.next() == {
            "wallet": {"credits": {"edges": []}, "debits": debit},
            "transaction": {"wallet": {"debits": debit, "newest": debit}},
        }


def test_without_a_sequence_only_new_events_are_sent(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    live_updates.post(wallet)
    with open_socket(live_updates.url) as socket:
        socket.subscribe(ENTRIES, name="new", wallet=wallet)
        # Operations begin side by side: this one is answered once the first has found its place.
        live_updates.wait_until(lambda: live_updates.health()["subscriptions"] == 1)
        live_updates.post(wallet)
        assert socket.next("new")["sequence"] == 3


def test_either_id_of_a_wallet_will_do(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, wallet=global_id("Wallet", int(wallet)))
        assert socket.next()["databaseId"] == wallet


def test_more_than_a_page_of_entries_comes_whole_and_in_order(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    for _ in range(125):
        live_updates.post(wallet)
    with open_socket(live_updates.url) as socket:
        socket.subscribe(ENTRIES, wallet=wallet, after=0)
        assert [socket.next()["sequence"] for _ in range(125)] == list(range(1, 126))


def test_a_returning_client_misses_nothing_while_writes_continue(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    writer = threading.Thread(target=lambda: [live_updates.post(wallet) for _ in range(40)])
    writer.start()
    seen = [0]
    while len(seen) <= 40:
        # Without a bound on what it keeps unread, this client sees at once that the server has closed, too.
        with open_socket(live_updates.url, max_queue=None) as socket:
            socket.subscribe(ENTRIES, wallet=wallet, after=seen[-1])
            seen += [socket.next()["sequence"] for _ in range(min(7, 41 - len(seen)))]
    writer.join()
    assert seen == list(range(41))


def test_the_last_state_is_always_sent(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, wallet=wallet)
        for _ in range(20):
            live_updates.post(wallet)
        states = [socket.next()]
        while states[-1]["sequence"] < 20:
            states.append(socket.next())
    assert states[-1] == {"databaseId": wallet, "balance": "20.00", "sequence": 20}
    assert [state["sequence"] for state in states] == sorted({state["sequence"] for state in states})


@pytest.mark.parametrize(("wallet", "code"), [("987654321", "not_found"), ("no-id", "not_found")])
def test_a_missing_wallet_is_an_error(live_updates: LiveUpdates, wallet: str, code: str) -> None:
    with open_socket(live_updates.url) as socket:
        for query in (BALANCE, ENTRIES):
            socket.subscribe(query, wallet=wallet)
            message = socket.receive()
            assert message["type"] == "error"
            assert [error["extensions"]["code"] for error in message["payload"]] == [code]


def test_a_place_before_the_beginning_is_an_error(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        socket.subscribe(ENTRIES, wallet=wallet, after=-1)
        (error,) = socket.receive()["payload"]
        assert error["extensions"] == {"code": "invalid_parameter", "parameter": "afterSequence"}


def test_a_deleted_wallet_ends_its_subscriptions(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, wallet=wallet)
        assert socket.next()["balance"] == "0.00"
        live_updates.mutate("deleteWallet", id=wallet)
        message = socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "not_found"


def test_an_ended_subscription_leaves_nothing_behind(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        for number in range(20):
            socket.subscribe(BALANCE, name=str(number), wallet=wallet)
            socket.next(str(number))
        assert live_updates.health()["subscriptions"] == 20
        for number in range(10):
            socket.send(id=str(number), type="complete")
        live_updates.wait_until(lambda: live_updates.health()["subscriptions"] == 10)
        socket.subscribe(BALANCE, name="0", wallet=wallet)
        socket.next("0")
    live_updates.wait_until(lambda: live_updates.health()["subscriptions"] == 0)


def test_queries_and_mutations_are_refused_and_change_nothing(live_updates: LiveUpdates) -> None:
    with open_socket(live_updates.url) as socket:
        for query in ("{ wallets { totalCount } }", 'mutation { deleteWallet(input: {id: "1"}) { wallet { id } } }'):
            socket.subscribe(query)
            (error,) = socket.receive()["payload"]
            assert error["extensions"]["code"] == "graphql_validation_failed"


def test_a_published_client_is_served(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("7.00")

    async def follow() -> list[str]:
        url = live_updates.url.replace("http://", "ws://") + "/graphql/"
        # Its own detection of the protocol takes the name of the header in capitals only.
        transport = WebsocketsTransport(
            url=url, subprotocols=[PROTOCOL], connect_timeout=TIMEOUT_SECONDS, ack_timeout=TIMEOUT_SECONDS
        )
        request = gql(BALANCE)
        request.variable_values = {"wallet": wallet}
        balances = []
        async with Client(transport=transport) as session:
            async for result in session.subscribe(request):
                balances.append(result["walletBalance"]["balance"])
                if len(balances) == 2:
                    break
                await asyncio.to_thread(live_updates.post, wallet, "3.00")
        return balances

    assert asyncio.run(asyncio.wait_for(follow(), TIMEOUT_SECONDS)) == ["7.00", "10.00"]
