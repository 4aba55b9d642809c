"""Every kind of line that the ledger writes reaches subscribers, over both protocols, in the order of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.live_updates.clients import open_events, open_socket
from tests.live_updates.conftest import LiveUpdates

LINES = """subscription ($wallet: ID!) {
  transactions(walletId: $wallet, afterSequence: 1) {
    sequence kind amount held balanceAfter heldAfter txid detail
    hold { txid }
    transaction { transfer { txid } reversalOf { txid } }
  }
}"""
STATE = """subscription ($wallet: ID!) {
  walletBalance(id: $wallet, afterSequence: 1) { balance held available floor state sequence }
}"""
SHOWN = ("kind", "amount", "held", "balanceAfter", "heldAfter", "txid")
Next = Callable[[], Any]


@contextmanager
def over_a_socket(url: str, query: str, wallet: str) -> Iterator[Next]:
    with open_socket(url) as socket:
        socket.subscribe(query, wallet=wallet)
        yield socket.next


@contextmanager
def over_events(url: str, query: str, wallet: str) -> Iterator[Next]:
    with open_events(url, {"query": query, "variables": {"wallet": wallet}}) as events:

        def take() -> Any:
            kind, result = events.next()
            assert (kind, "errors" in result) == ("next", False), result
            (value,) = result["data"].values()
            return value

        yield take


PROTOCOLS = pytest.mark.parametrize("subscribe", [over_a_socket, over_events])


def line(sequence: int, *shown: str, hold: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the event of one line. It has a transaction where it is one's."""
    transfer, reversal_of = more.get("transfer"), more.get("reversal_of")
    is_of_transaction = shown[0] in ("post", "capture", "transfer_out", "transfer_in", "reversal")
    named = {
        "transfer": transfer and {"txid": transfer},
        "reversalOf": reversal_of and {"txid": reversal_of},
    }
    return {
        "sequence": sequence,
        **dict(zip(SHOWN, shown, strict=True)),
        "detail": more.get("detail", {}),
        "hold": hold and {"txid": hold},
        "transaction": named if is_of_transaction else None,
    }


@PROTOCOLS
def test_a_subscriber_sees_each_kind_of_line(live_updates: LiveUpdates, subscribe: Any) -> None:
    one, two = (live_updates.open_wallet("100.00") for _ in range(2))
    n = f"K{one}"
    with (
        subscribe(live_updates.url, LINES, one) as from_one,
        subscribe(live_updates.url, LINES, two) as from_two,
    ):
        hold = {"txid": f"{n}H", "walletId": one, "destinationId": two, "amount": "20.00"}
        held = live_updates.mutate("createHold", **hold)["hold"]["databaseId"]
        assert from_one() == line(2, "hold", "0.00", "20.00", "100.00", "20.00", f"{n}H", hold=f"{n}H")
        live_updates.mutate("updateHold", id=held, amount="30.00")
        assert from_one() == line(3, "adjust", "0.00", "10.00", "100.00", "30.00", f"{n}H", hold=f"{n}H")

        live_updates.mutate("captureHold", id=held, txid=f"{n}C", amount="5.00")
        captured = ("capture", "-5.00", "-5.00", "95.00", "25.00", f"{n}C")
        assert from_one() == line(4, *captured, hold=f"{n}H", transfer=f"{n}C")
        paid = ("transfer_in", "5.00", "0.00", "105.00", "0.00", f"{n}C.2")
        assert from_two() == line(2, *paid, transfer=f"{n}C")

        live_updates.mutate("releaseHold", id=held)
        assert from_one() == line(5, "release", "0.00", "-25.00", "95.00", "0.00", f"{n}H", hold=f"{n}H")

        pair = {"txid": f"{n}T", "source": one, "destination": two, "amount": "10.00"}
        moved = live_updates.mutate("createTransfer", **pair)["transfer"]["databaseId"]
        gone = ("transfer_out", "-10.00", "0.00", "85.00", "0.00", f"{n}T.1")
        assert from_one() == line(6, *gone, transfer=f"{n}T")
        come = ("transfer_in", "10.00", "0.00", "115.00", "0.00", f"{n}T.2")
        assert from_two() == line(3, *come, transfer=f"{n}T")

        live_updates.mutate("reverseTransfer", id=moved, txid=f"{n}R", amount="4.00")
        back = ("reversal", "4.00", "0.00", "89.00", "0.00", f"{n}R.1")
        assert from_one() == line(7, *back, transfer=f"{n}R", reversal_of=f"{n}T.1")
        given = ("reversal", "-4.00", "0.00", "111.00", "0.00", f"{n}R.2")
        assert from_two() == line(4, *given, transfer=f"{n}R", reversal_of=f"{n}T.2")

        posted = live_updates.post(one, "1.00", txid=f"{n}P")
        assert from_one() == line(8, "post", "1.00", "0.00", "90.00", "0.00", f"{n}P")
        live_updates.mutate("reverseTransaction", id=posted, txid=f"{n}Q")
        taken = ("reversal", "-1.00", "0.00", "89.00", "0.00", f"{n}Q")
        assert from_one() == line(9, *taken, reversal_of=f"{n}P")

        live_updates.mutate("updateWallet", id=one, floor="-50.00")
        changed = {"floor": ["0.00", "-50.00"]}
        assert from_one() == line(10, "settings", "0.00", "0.00", "89.00", "0.00", "", detail=changed)


@PROTOCOLS
def test_a_subscriber_sees_a_hold_expire_although_nobody_writes(live_updates: LiveUpdates, subscribe: Any) -> None:
    wallet = live_updates.open_wallet("100.00")
    with (
        subscribe(live_updates.url, LINES, wallet) as lines,
        subscribe(live_updates.url, STATE, wallet) as states,
    ):
        soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        name = f"E{wallet}"
        live_updates.mutate("createHold", txid=name, walletId=wallet, amount="20.00", expiresAt=soon)
        assert lines() == line(2, "hold", "0.00", "20.00", "100.00", "20.00", name, hold=name)
        assert lines() == line(3, "expire", "0.00", "-20.00", "100.00", "0.00", name, hold=name)
        state = states()
        # Quick changes may come as one.
        if state["sequence"] == 2:
            assert (state["held"], state["available"]) == ("20.00", "80.00")
            state = states()
        assert state == {
            "balance": "100.00",
            "held": "0.00",
            "available": "100.00",
            "floor": "0.00",
            "state": "active",
            "sequence": 3,
        }


@PROTOCOLS
def test_a_subscriber_to_a_wallet_sees_what_is_held_and_its_settings(
    live_updates: LiveUpdates, subscribe: Any
) -> None:
    wallet = live_updates.open_wallet("100.00")
    with subscribe(live_updates.url, STATE, wallet) as states:
        live_updates.mutate("createHold", txid=f"S{wallet}", walletId=wallet, amount="20.00")
        state = {"balance": "100.00", "held": "20.00", "available": "80.00", "floor": "0.00", "state": "active"}
        assert states() == state | {"sequence": 2}
        live_updates.mutate("updateWallet", id=wallet, floor="-50.00", state="frozen")
        settings = {"available": "130.00", "floor": "-50.00", "state": "frozen"}
        assert states() == state | settings | {"sequence": 3}
