"""What `demo` fills a server with: the last 90 days of some people, a shop and a café."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.holds import CreateHold
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.reversals import ReverseTransfer
from walletsvc.commands.transactions import PostTransaction
from walletsvc.commands.transfers import PostTransfer
from walletsvc.commands.wallets import OpenWallet
from walletsvc.models import Transfer, Wallet
from walletsvc.principals import SYSTEM

DAYS = 90
_WALLETS = {
    "Alice": ("USD", "1200.00"),
    "Bob": ("USD", "800.00"),
    "Alice's savings": ("USD", "5000.00"),
    "Corner shop": ("USD", "2500.00"),
    "Carla": ("EUR", "950.00"),
    "Dieter": ("EUR", "1100.00"),
    "Café": ("EUR", "3000.00"),
    "Emi": ("JPY", "150000"),
}
"""The labels, with the currency and the balance at the beginning."""
_CUSTOMERS = {"Alice": "Corner shop", "Bob": "Corner shop", "Carla": "Café", "Dieter": "Café"}
"""Who buys where."""
_PAYDAY, _SAVING_DAY = 30, 7
_SALARY, _SAVED, _FEE = "2400.00", "100.00", "-0.35"


def tell(now: datetime) -> Iterator[int]:
    """Fill the database with what happened up to `now`; yield the number of each day that is done.

    The same each time, except for the moments. Raises what the commands raise.
    """
    chance = random.Random(DAYS)  # noqa: S311 - for a story
    begin = now - timedelta(days=DAYS)
    wallets: dict[str, int] = {}
    for label, (currency, balance) in _WALLETS.items():
        values = {"label": label, "currency": currency, "balance": balance}
        wallet: Wallet = _run([OpenWallet.parse(values)], begin)[0]
        wallets[label] = wallet.id
    bought: Transfer | None = None
    for day in range(1, DAYS + 1):
        results = _run(list(_day(day, wallets, chance)), begin + timedelta(days=day, minutes=-30))
        bought = next(result for result in results if isinstance(result, Transfer))
        yield day
    hold = {"txid": "DEMO-HOLD", "wallet": wallets["Alice"], "amount": "80.00", "destination": wallets["Corner shop"]}
    execute(CreateHold.parse({**hold, "description": "A deposit for a bicycle"}), by=SYSTEM)
    if bought is not None:
        refund = {"txid": "DEMO-REFUND", "description": "Taken back: it was broken"}
        execute(ReverseTransfer.parse(bought.id, refund), by=SYSTEM)


def _day(day: int, wallets: dict[str, int], chance: random.Random) -> Iterator[Command[Any]]:
    """Yield what happens on one day: everyone buys something, and some get or save money."""
    for name, place in _CUSTOMERS.items():
        amount = f"{chance.randint(200, 4500) / 100:.2f}"
        yield PostTransfer.parse(
            {
                "txid": f"DEMO-{day:02}-{name}",
                "source": wallets[name],
                "destination": wallets[place],
                "amount": amount,
                "description": chance.choice(("Groceries", "Coffee", "Lunch", "A gift", "Books")),
            }
        )
        if day % _PAYDAY == 1:
            yield _post(f"SALARY-{day:02}-{name}", wallets[name], _SALARY, "Salary")
    for place in ("Corner shop", "Café"):
        yield _post(f"FEE-{day:02}-{place}", wallets[place], _FEE, "Fee of the card terminal")
    yield _post(f"TRAIN-{day:02}", wallets["Emi"], str(-chance.randint(180, 900)), "Train")
    if day % _SAVING_DAY == 0:
        yield PostTransfer.parse(
            {
                "txid": f"DEMO-{day:02}-savings",
                "source": wallets["Alice"],
                "destination": wallets["Alice's savings"],
                "amount": _SAVED,
                "description": "Savings",
            }
        )


def _post(txid: str, wallet: int, amount: str, description: str) -> Command[Any]:
    values = {"txid": f"DEMO-{txid}", "wallet": wallet, "amount": amount, "description": description}
    return PostTransaction.parse(values)


def _run(commands: list[Command[Any]], at: datetime) -> Any:
    """Run commands as of a moment, all or none, and return their results. Raises the refusal of one."""

    def clock() -> datetime:
        return at

    outcome = execute_all(commands, by=SYSTEM, clock=clock)
    if isinstance(outcome, Refused):
        raise outcome.error
    return outcome.results
