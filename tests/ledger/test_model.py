"""Random sequences of operations, compared with the rules in plain Python after each step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.ledger.model import Line, Model, ModelWallet, Refused
from tests.ledger.state import assert_reconciled, snapshot
from tests.writes import (
    UNSET,
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    rename_wallet,
)
from walletsvc import errors
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal

SCOPES = frozenset({"admin"})
# Everyone more often than the others, who reach little.
PRINCIPALS = [
    ANYONE,
    ANYONE,
    ANYONE,
    Principal("alice", SCOPES, owner="alice"),
    Principal("bob", SCOPES, owner="bob"),
]

principals = st.sampled_from(PRINCIPALS)
names = st.sampled_from(["a", "A", "\u00e1", "b", "\U0001f4b0"])
amounts = st.one_of(
    st.integers(-3000, 3000).map(lambda cents: Decimal(cents) / 100),
    st.integers(-30, 30).map(Decimal),
    st.sampled_from([Decimal("0.001"), Decimal(0)]),
)
openings = st.one_of(st.integers(0, 90).map(Decimal), amounts)
picks = st.integers(0, 11)
NEVER = 10**15


class Ledger(RuleBasedStateMachine):
    """The services and the model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        # No atomic block: the operations' own are durable, and those do not nest.
        self.savepoint = transaction.savepoint()
        self.model = Model()
        self.wallet_ids: list[int] = []
        self.transaction_ids: list[int] = []

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def wallet_id(self, pick: int) -> int:
        """Return one of all ids that ever were, or one that never was."""
        return self.wallet_ids[-1 - pick % len(self.wallet_ids)] if self.wallet_ids and pick < 11 else NEVER

    def transaction_id(self, pick: int) -> int:
        ids = self.transaction_ids
        return ids[-1 - pick % len(ids)] if ids and pick < 11 else NEVER

    def agree(self, check: Callable[[], None], call: Callable[[], Any]) -> Any:
        """Make the call if the model allows it, and return its result; otherwise check that it is refused."""
        try:
            check()
        except Refused as refusal:
            expected = refusal.code
        else:
            return call() or True
        with pytest.raises(errors.WalletError) as caught:
            call()
        assert [each.code for each in caught.value.each()] == [expected]
        return None

    @rule(principal=principals, label=names, currency=st.sampled_from(["USD", "USD", "JPY"]), opening=openings)
    def open_wallet(self, principal: Principal, label: str, currency: str, opening: Decimal) -> None:
        wallet = self.agree(
            lambda: self.model.open_wallet(principal, label, currency, opening),
            lambda: open_wallet(principal=principal, label=label, currency=currency, balance=f"{opening:f}"),
        )
        if wallet:
            self.wallet_ids.append(wallet.id)
            self.model.wallets[wallet.id] = ModelWallet(label, currency, principal.owner or "")
            self.model.apply_line(wallet.id, "opening", opening, "")

    @rule(principal=principals, pick=picks, label=names)
    def rename_wallet(self, principal: Principal, pick: int, label: str) -> None:
        identifier = self.wallet_id(pick)
        if self.agree(
            lambda: self.model.rename(principal, identifier, label),
            lambda: rename_wallet(principal=principal, wallet_id=identifier, label=label),
        ):
            self.model.wallets[identifier].label = label

    @rule(principal=principals, pick=picks)
    def close_wallet(self, principal: Principal, pick: int) -> None:
        identifier = self.wallet_id(pick)
        if self.agree(
            lambda: self.model.close(principal, identifier),
            lambda: close_wallet(principal=principal, wallet_id=identifier),
        ):
            self.model.apply_close(identifier)

    @rule(principal=principals, pick=picks, txid=names, amount=amounts)
    def post(self, principal: Principal, pick: int, txid: str, amount: Decimal) -> None:
        wallet_id = self.wallet_id(pick)
        posted = self.agree(
            lambda: self.model.post(principal, wallet_id, txid, amount),
            lambda: post_transaction(principal=principal, txid=txid, wallet_id=wallet_id, amount=f"{amount:f}"),
        )
        if posted:
            self.transaction_ids.append(posted.id)
            self.model.apply_post(posted.id, "post", wallet_id, txid, amount)

    @rule(principal=principals, pick=picks, txid=st.none() | names, amount=st.none() | amounts, to=st.none() | picks)
    def amend(
        self, principal: Principal, pick: int, txid: str | None, amount: Decimal | None, to: int | None
    ) -> None:
        identifier = self.transaction_id(pick)
        wallet_id = None if to is None else self.wallet_id(to)
        if self.agree(
            lambda: self.model.amend(principal, identifier, txid, amount, wallet_id),
            lambda: amend_transaction(
                principal=principal,
                transaction_id=identifier,
                txid=UNSET if txid is None else txid,
                amount=UNSET if amount is None else amount,
                wallet_id=UNSET if wallet_id is None else str(wallet_id),
            ),
        ):
            self.model.apply_amendment(identifier, txid, amount, wallet_id)

    @rule(principal=principals, pick=picks)
    def delete(self, principal: Principal, pick: int) -> None:
        identifier = self.transaction_id(pick)
        if self.agree(
            lambda: self.model.delete(principal, identifier),
            lambda: delete_transaction(principal=principal, transaction_id=identifier),
        ):
            self.model.apply_deletion(identifier)

    @rule(principal=principals, source=picks, destination=picks, txid=names, amount=amounts)
    def transfer(self, principal: Principal, source: int, destination: int, txid: str, amount: Decimal) -> None:
        source_id, destination_id = self.wallet_id(source), self.wallet_id(destination)
        done = self.agree(
            lambda: self.model.transfer(principal, source_id, destination_id, txid, amount),
            lambda: post_transfer(
                principal=principal, txid=txid, source_id=source_id, destination_id=destination_id, amount=amount
            ),
        )
        if done:
            debit, credit = done.legs.order_by("id")
            self.transaction_ids += (debit.id, credit.id)
            self.model.apply_transfer((debit.id, credit.id), source_id, destination_id, txid, amount)

    @invariant()
    def the_tables_hold_what_the_model_holds(self) -> None:
        columns = ("id", "label", "currency", "owner", "balance", "sequence", "transaction_count")
        counts = Counter(each.wallet for each in self.model.transactions.values())
        assert sorted(Wallet.objects.values_list(*columns)) == sorted(
            (identifier, each.label, each.currency, each.owner, each.balance, len(each.lines), counts[identifier])
            for identifier, each in self.model.wallets.items()
        )
        assert sorted(Transaction.objects.values_list("id", "txid", "wallet_id", "amount", "owner")) == sorted(
            (identifier, each.txid, each.wallet, each.amount, each.owner)
            for identifier, each in self.model.transactions.items()
        )
        ledgers: defaultdict[int, list[Line]] = defaultdict(list)
        owners: defaultdict[int, set[str]] = defaultdict(set)
        for wallet_id, owner, *line in Entry.objects.order_by("sequence").values_list(
            "wallet_id", "owner", "kind", "amount", "balance_after", "txid"
        ):
            ledgers[wallet_id].append(tuple(line))
            owners[wallet_id].add(owner)
        wallets = {key: each for key, each in (self.model.wallets | self.model.closed).items() if each.lines}
        assert ledgers == {identifier: each.lines for identifier, each in wallets.items()}
        assert owners == {identifier: {each.owner} for identifier, each in wallets.items()}

    @invariant()
    def the_ledger_is_reconciled(self) -> None:
        assert_reconciled()


@pytest.mark.django_db
def test_services_and_model_agree_on_any_sequence_of_operations() -> None:
    before = snapshot()
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert snapshot() == before
