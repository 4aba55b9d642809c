"""The filters of each list, and the texts that they take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import django_filters
import pytest
from django.core.exceptions import ValidationError

from walletsvc.ids import MAX_ID, NO_ID
from walletsvc.models.entry import Kind
from walletsvc.queries import filters
from walletsvc.queries.filters import (
    FILTER_SETS,
    AmountFilter,
    IdFilter,
    NumberFilter,
    OwnerFilter,
    OwnIdFilter,
    TextFilter,
    TimeFilter,
    _FoldedFilter,
)
from walletsvc.schema.resources import RESOURCES, RESOURCES_OF_OWNER

pytestmark = pytest.mark.without_engine

RANGE = ("gte", "lte", "gt", "lt")


def with_range(
    name: str, kind: type[django_filters.Filter], column: str, *lookups: str
) -> dict[str, tuple[Any, ...]]:
    named = {name: (kind, column, "exact")} if "exact" in lookups else {}
    return named | {f"{name}.{each}": (kind, column, each) for each in RANGE}


EXPECTED = {
    "Wallet": {
        "label": (TextFilter, "label", "exact"),
        "label.icontains": (_FoldedFilter, "label", "exact"),
        **with_range("balance", AmountFilter, "balance", "exact"),
        "currency": (TextFilter, "currency", "exact"),
        "state": (django_filters.ChoiceFilter, "state", "exact"),
        "owner": (OwnerFilter, "owner", "exact"),
        **with_range("createdAt", TimeFilter, "created_at"),
        "search": (_FoldedFilter, "label", "exact"),
    },
    "Transaction": {
        "txid": (TextFilter, "txid", "exact"),
        "txid.icontains": (_FoldedFilter, "txid", "exact"),
        **with_range("amount", AmountFilter, "amount", "exact"),
        "currency": (TextFilter, "currency", "exact"),
        "owner": (OwnerFilter, "owner", "exact"),
        **with_range("createdAt", TimeFilter, "created_at"),
        "wallet": (IdFilter, "wallet_id", "exact"),
        "transfer": (IdFilter, "transfer_id", "exact"),
        "hold": (IdFilter, "hold_id", "exact"),
        "reversalOf": (IdFilter, "reversal_of_id", "exact"),
        "search": (_FoldedFilter, "txid|description", "exact"),
    },
    "Entry": {
        "sequence.gt": (NumberFilter, "sequence", "gt"),
        "kind": (django_filters.ChoiceFilter, "kind", "exact"),
        "txid": (TextFilter, "txid", "exact"),
        "owner": (OwnerFilter, "owner", "exact"),
        **with_range("createdAt", TimeFilter, "created_at"),
        "wallet": (IdFilter, "wallet_id", "exact"),
        "transaction": (IdFilter, "transaction_id", "exact"),
    },
    "Hold": {
        "txid": (TextFilter, "txid", "exact"),
        "txid.icontains": (_FoldedFilter, "txid", "exact"),
        "currency": (TextFilter, "currency", "exact"),
        "state": (django_filters.ChoiceFilter, "state", "exact"),
        **with_range("expiresAt", TimeFilter, "expires_at"),
        "owner": (OwnerFilter, "owner", "exact"),
        **with_range("createdAt", TimeFilter, "created_at"),
        "wallet": (IdFilter, "wallet_id", "exact"),
        "search": (_FoldedFilter, "txid|description", "exact"),
    },
    "Transfer": {
        "txid": (TextFilter, "txid", "exact"),
        "txid.icontains": (_FoldedFilter, "txid", "exact"),
        "owner": (OwnerFilter, "owner", "exact"),
        **with_range("createdAt", TimeFilter, "created_at"),
        "reversalOf": (IdFilter, "reversal_of_id", "exact"),
        "search": (_FoldedFilter, "txid|description", "exact"),
    },
}


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_list_has_its_filters(resource: str) -> None:
    for resources, without in ((RESOURCES, ""), (RESOURCES_OF_OWNER, "owner")):
        made = filters._filter_set(resources[resource])
        found = {name: (type(each), each.field_name, each.lookup_expr) for name, each in made.base_filters.items()}
        expected = [(name, each) for name, each in EXPECTED[resource].items() if name != without]
        if resource == "Transaction" and without:
            # A leg of a transfer between owners: each sees the leg, and nobody sees the transfer.
            expected = [(name, (OwnIdFilter, *each[1:]) if name == "transfer" else each) for name, each in expected]
        assert list(found.items()) == expected
        assert made._meta.model is resources[resource].model
        assert made.__name__ == f"{resource}FilterSet"


def test_a_choice_is_looked_up_in_the_column_of_its_field() -> None:
    [kind] = [each for each in RESOURCES["Entry"].fields if each.name == "kind"]
    made = filters._filter(replace(kind, column="other"), "exact")
    assert made.field_name == "other"
    for value in Kind.values:
        assert made.field.clean(value) == value


def refusal(resource: str, name: str, value: str) -> list[str]:
    """Return why a filter refuses a value."""
    made = filters._filter_set(RESOURCES[resource]).base_filters[name]
    with pytest.raises(ValidationError) as caught:
        made.field.clean(value)
    return list(caught.value.messages)


def test_a_refused_value_is_told_why() -> None:
    kinds = ", ".join(each.value for each in Kind)
    assert refusal("Entry", "kind", "x") == [f"A kind must be one of {kinds}."]
    assert refusal("Entry", "wallet", "x") == ["An id is a string of digits."]
    assert refusal("Entry", "sequence.gt", "x") == ["A sequence is a string of digits."]
    assert refusal("Wallet", "label", "\ud800") == ["This is not valid Unicode."]
    assert len(refusal("Wallet", "label", "x" * 256)) == 1
    for name in ("balance", "createdAt.gt"):
        [message] = refusal("Wallet", name, "x")
        assert message.endswith(".")
        assert message != "None."


def test_texts_are_taken_as_they_are() -> None:
    for text in (" Rent ", "x" * 255, "%"):
        assert filters._filter_set(RESOURCES["Wallet"]).base_filters["label"].field.clean(text) == text
        assert TextFilter(field_name="label").field.clean(text) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), ("1000000000000000000", 10**18), (str(MAX_ID), MAX_ID), ("9" * 19, MAX_ID)],
)
def test_a_sequence_is_a_number_up_to_what_is_stored(text: str, number: int) -> None:
    assert FILTER_SETS["Entry"].base_filters["sequence.gt"].field.clean(text) == number


def test_no_number_is_too_long_to_be_compared() -> None:
    # Python converts 4,300 digits at most (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
    assert FILTER_SETS["Entry"].base_filters["sequence.gt"].field.clean("9" * 5000) == MAX_ID
    assert FILTER_SETS["Entry"].base_filters["wallet"].field.clean("9" * 5000) == NO_ID
