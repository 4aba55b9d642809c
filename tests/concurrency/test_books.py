"""The books are balanced in every answer while others move money, and in the end they are what a model says."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from threading import Event, Lock, Thread

import pytest
from django.db import connection

from tests.writes import (
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    reverse_transaction,
)
from walletsvc import errors
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.books import Book, compute_books
from walletsvc.queries.reconciliation import compute_discrepancies

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 6
OPERATIONS = 60
CURRENCIES = ("USD", "EUR")
BETWEEN_READS_SECONDS = 0.01
SEED = 20260127


class Model:
    """What the accepted answers come to, added up with plain decimals."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.balances: defaultdict[int, Decimal] = defaultdict(Decimal)
        self.received: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.paid: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.accepted = 0

    def accept(self, changes: list[tuple[int, Decimal]], crossed: list[tuple[str, Decimal]]) -> None:
        with self._lock:
            self.accepted += 1
            for wallet_id, amount in changes:
                self.balances[wallet_id] += amount
            for currency, amount in crossed:
                (self.received if amount > 0 else self.paid)[currency] += abs(amount)


class Client:
    """Does random things, one after another, and tells the model what was accepted."""

    def __init__(self, number: int, wallets: dict[str, list[int]], model: Model) -> None:
        self.random = random.Random(SEED + number)
        self.number, self.wallets, self.model = number, wallets, model
        self.own: dict[int, tuple[str, int, Decimal]] = {}
        self.names = 0

    def run(self) -> None:
        actions: list[Callable[[], None]] = [self.post, self.post, self.transfer, self.transfer, self.amend]
        actions += [self.move, self.delete, self.reverse, self.open_and_close]
        try:
            for _ in range(OPERATIONS):
                try:
                    self.random.choice(actions)()
                except (errors.InsufficientFunds, errors.Conflict, errors.TransactionBound):
                    # Nothing has changed then.
                    continue
        finally:
            connection.close()

    def name(self) -> str:
        self.names += 1
        return f"{self.number}-{self.names}"

    def amount(self) -> Decimal:
        return Decimal(self.random.choice([-1, 1]) * self.random.randint(1, 2000)) / 100

    def post(self) -> None:
        currency = self.random.choice(CURRENCIES)
        wallet_id, amount = self.random.choice(self.wallets[currency]), self.amount()
        posted = post_transaction(principal=ANYONE, txid=self.name(), wallet_id=wallet_id, amount=f"{amount}")
        self.own[posted.id] = (currency, wallet_id, amount)
        self.model.accept([(wallet_id, amount)], [(currency, amount)])

    def transfer(self) -> None:
        legs: list[tuple[int, Decimal]] = []
        outside: dict[str, Decimal] = {}
        for currency in self.random.sample(CURRENCIES, self.random.randint(1, 2)):
            some = [
                (self.random.choice(self.wallets[currency]), self.amount()) for _ in range(self.random.randint(1, 3))
            ]
            total = sum((amount for _, amount in some), Decimal())
            if self.random.random() < 0.5 and total:
                outside[currency] = -total
            elif total:
                some.append((self.random.choice(self.wallets[currency]), -total))
            legs += some
        post_transfer(
            principal=ANYONE,
            txid=self.name(),
            legs=[{"wallet": wallet_id, "amount": f"{amount}"} for wallet_id, amount in legs],
            external=[{"currency": currency, "amount": f"{amount}"} for currency, amount in outside.items()],
        )
        self.model.accept(legs, [(currency, -amount) for currency, amount in outside.items()])

    def amend(self) -> None:
        if self.own:
            identifier = self.random.choice([*self.own])
            currency, wallet_id, old = self.own[identifier]
            new = self.amount()
            amend_transaction(principal=ANYONE, transaction_id=identifier, amount=f"{new}")
            self.own[identifier] = (currency, wallet_id, new)
            self.model.accept([(wallet_id, new - old)], [(currency, new - old)])

    def move(self) -> None:
        if self.own:
            identifier = self.random.choice([*self.own])
            currency, wallet_id, old = self.own[identifier]
            to, new = self.random.choice(self.wallets[currency]), self.random.choice([old, self.amount()])
            amend_transaction(principal=ANYONE, transaction_id=identifier, amount=f"{new}", wallet_id=to)
            self.own[identifier] = (currency, to, new)
            self.model.accept([(wallet_id, -old), (to, new)], [(currency, new - old)])

    def delete(self) -> None:
        if self.own:
            identifier = self.random.choice([*self.own])
            currency, wallet_id, amount = self.own[identifier]
            delete_transaction(principal=ANYONE, transaction_id=identifier)
            del self.own[identifier]
            self.model.accept([(wallet_id, -amount)], [(currency, -amount)])

    def reverse(self) -> None:
        if self.own:
            identifier = self.random.choice([*self.own])
            currency, wallet_id, amount = self.own[identifier]
            reverse_transaction(principal=ANYONE, transaction_id=identifier, txid=self.name())
            # From now on it is bound.
            del self.own[identifier]
            self.model.accept([(wallet_id, -amount)], [(currency, -amount)])

    def open_and_close(self) -> None:
        currency = self.random.choice(CURRENCIES)
        opened = open_wallet(principal=ANYONE, label=self.name(), currency=currency, balance="2.50")
        self.model.accept([], [(currency, Decimal("2.5"))])
        post_transaction(principal=ANYONE, txid=self.name(), wallet_id=opened.id, amount="-2.50")
        self.model.accept([], [(currency, Decimal("-2.5"))])
        close_wallet(principal=ANYONE, wallet_id=opened.id)


def test_books_are_balanced_in_every_answer() -> None:
    model = Model()
    wallets: dict[str, list[int]] = {}
    for currency in CURRENCIES:
        made = [
            open_wallet(principal=ANYONE, label=f"{currency}{n}", currency=currency, balance="50") for n in range(4)
        ]
        wallets[currency] = [each.id for each in made]
        for each in made:
            model.accept([(each.id, Decimal(50))], [(currency, Decimal(50))])
    answers: list[list[Book]] = []
    failures: list[BaseException] = []
    is_over = Event()

    def read() -> None:
        try:
            while not is_over.is_set():
                answers.append([*compute_books(principal=ANYONE)])
                time.sleep(BETWEEN_READS_SECONDS)
        finally:
            connection.close()

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    clients = [Thread(target=run, args=[Client(number, wallets, model).run]) for number in range(THREADS)]
    reader = Thread(target=run, args=[read])
    for each in (reader, *clients):
        each.start()
    for each in clients:
        each.join()
    is_over.set()
    reader.join()
    assert failures == []

    assert len(answers) > 10
    assert model.accepted > THREADS * OPERATIONS // 3
    wrong = [book for books in answers for book in books if book.difference != 0]
    assert wrong == []
    moments = [books[0].at for books in answers]
    assert moments == sorted(moments)
    assert list(compute_discrepancies()) == []
    stored = dict(Wallet.objects.values_list("id", "balance"))
    assert {wallet_id: amount for wallet_id, amount in stored.items() if amount} == {
        wallet_id: amount for wallet_id, amount in model.balances.items() if amount
    }
    for book in compute_books(principal=ANYONE):
        in_model = sum((model.balances[each] for each in wallets[book.currency]), Decimal())
        assert (book.received, book.paid) == (model.received[book.currency], model.paid[book.currency])
        assert book.funds.balance == in_model == book.received - book.paid
