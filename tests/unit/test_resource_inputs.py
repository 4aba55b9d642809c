"""What a command takes of the values that a caller sent, for each field and relation of a resource."""

from __future__ import annotations

from decimal import Decimal

import pytest

from walletsvc import errors
from walletsvc.commands.inputs import (
    LocalId,
    id_so_far,
    parse_changes,
    parse_id,
    parse_new,
    parse_reference,
    resolve,
)
from walletsvc.schema.resources import TRANSACTION, WALLET

pytestmark = pytest.mark.without_engine


def test_a_new_resource_has_all_that_clients_write() -> None:
    assert parse_new(TRANSACTION, {"txid": "A", "amount": "1.50", "wallet": "7"}) == {
        "txid": "A",
        "amount": Decimal("1.50"),
        "description": "",
        "metadata": {},
        "wallet": 7,
    }
    values = {"label": "A", "metadata": {"a": 1}, "currency": "EUR"}
    assert parse_new(WALLET, values, without=["label", "balance"]) == {
        "currency": "EUR",
        "owner": "",
        "metadata": {"a": 1},
    }


def test_what_is_required_is_named() -> None:
    with pytest.raises(errors.Several) as caught:
        parse_new(TRANSACTION, {})
    assert [(each.code, each.field, each.message) for each in caught.value.each()] == [
        ("required", "txid", "txid is required."),
        ("required", "amount", "amount is required."),
        ("required", "wallet", "Wallet is required."),
    ]


@pytest.mark.parametrize("parse", [parse_new, parse_changes])
def test_names_that_no_field_has_are_a_bug(parse: object) -> None:
    with pytest.raises(TypeError) as caught:
        parse(WALLET, {"label": "A", "size": 1, "colour": 2, "id": 3})  # type: ignore[operator]
    assert str(caught.value) == "There is no field colour, id, size."


def test_changes_are_what_was_sent_and_may_be_changed() -> None:
    assert parse_changes(TRANSACTION, {"amount": "2", "wallet": "8"}) == ({"amount": Decimal(2), "wallet": 8}, None)
    changes, refusal = parse_changes(WALLET, {"label": "B", "balance": "5", "currency": "EUR"})
    assert changes == {"label": "B"}
    assert refusal is not None
    assert [(each.code, each.field, each.message) for each in refusal.each()] == [
        ("immutable", "balance", "Only transactions change the balance of a wallet."),
        ("immutable", "currency", "The currency of a wallet never changes."),
    ]


def test_a_value_is_refused_by_the_name_of_its_field_or_relation() -> None:
    _, refusal = parse_changes(TRANSACTION, {"wallet": "seven", "amount": "0"})
    assert refusal is not None
    amount, wallet = refusal.each()
    assert (amount.code, amount.field, wallet.code, wallet.field) == (
        "invalid_amount",
        "amount",
        "not_found",
        "wallet",
    )
    assert wallet.message == errors.not_found("Wallet", "seven").message


def test_a_reference_may_be_to_what_does_not_exist_yet() -> None:
    local_id = LocalId()
    assert parse_reference(local_id, what="Wallet") is local_id
    assert id_so_far(local_id) == 0
    assert (local_id.id, local_id.owner) == (None, "")
    with pytest.raises(RuntimeError):
        resolve(local_id)
    local_id.id = 5
    assert (resolve(local_id), id_so_far(local_id)) == (5, 5)
    assert (resolve(7), id_so_far(7)) == (7, 7)


@pytest.mark.parametrize(("value", "shown"), [("seven", "seven"), (10**5000, "")], ids=["text", "huge"])
def test_an_impossible_id_is_named(value: object, shown: str) -> None:
    for parse in (parse_id, parse_reference):
        with pytest.raises(errors.NotFound) as caught:
            parse(value, what="Transaction", field="transaction")
        assert caught.value.field == "transaction"
        assert caught.value.message == errors.not_found("Transaction", shown).message
