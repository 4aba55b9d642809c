"""Finding objects by name: without an owner, of a given owner, or of the caller's owner."""

from __future__ import annotations

import pytest

from tests.conftest import MakeWallet, Post
from tests.graphql_api.conftest import Ask
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db

ANN, BOB = (Principal(name, frozenset({"admin"}), owner=name) for name in ("ann", "bob"))
QUERY = """query ($owner: String) {
  walletByLabel(label: "Same", owner: $owner) { currency }
  transactionByTxid(txid: "TX", owner: $owner) { amount }
}"""
UNNAMED = '{ walletByLabel(label: "Same") { currency } transactionByTxid(txid: "TX") { amount } }'


@pytest.fixture(autouse=True)
def wallets(make_wallet: MakeWallet, post: Post) -> None:
    for amount, (principal, currency) in enumerate(((ANYONE, "USD"), (ANN, "EUR"), (BOB, "CHF")), start=1):
        wallet = make_wallet(principal=principal, label="Same", currency=currency)
        post(wallet, f"{amount}.00", txid="TX", principal=principal)


def found(currency: str, amount: str) -> dict[str, object]:
    return {"walletByLabel": {"currency": currency}, "transactionByTxid": {"amount": amount}}


def test_a_caller_that_sees_all_names_the_owner(ask: Ask) -> None:
    assert ask(QUERY, owner="ann").data == found("EUR", "2.00")
    assert ask(QUERY, owner="bob").data == found("CHF", "3.00")
    for owner in ("", None):
        assert ask(QUERY, owner=owner).data == found("USD", "1.00")
    assert ask(QUERY).data == ask(UNNAMED).data == found("USD", "1.00")
    for owner in ("Ann", "nobody", "\ud800"):
        reply = ask(QUERY, owner=owner)
        assert reply.data == {"walletByLabel": None, "transactionByTxid": None}
        assert reply.codes == ["not_found", "not_found"]


def test_a_bound_caller_finds_its_own_objects_whatever_the_argument(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who, currency, amount in ((ANN, "EUR", "2.00"), (BOB, "CHF", "3.00")):
        monkeypatch.setattr("graphql_api.views.principal_of", lambda _request, who=who: who)
        assert ask(UNNAMED).data == ask(QUERY, owner=who.owner).data == found(currency, amount)
        for owner in ("", "ann" if who is BOB else "bob"):
            assert ask(QUERY, owner=owner).codes == ["not_found", "not_found"]
