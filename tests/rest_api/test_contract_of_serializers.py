"""What the encoder says is what the serializers and the library's renderer would have said.

The serializers are the contract that documents are described and parsed by; the encoder goes around them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework_json_api.renderers import JSONRenderer

from rest_api.endpoints import ENDPOINTS, Endpoint
from tests.conftest import MakeWallet, Post
from tests.rest_api.conftest import Api
from tests.writes import create_hold, post_transfer
from walletsvc.principals import ANYONE
from walletsvc.schema.declarations import Field

texts = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=40)
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
metadata = st.dictionaries(
    texts.filter(lambda key: key not in ("links", "relationships")), values | st.lists(values, max_size=3), max_size=3
)
amounts = st.sampled_from(["0.01", "-0.01", "12345.67", "-99.90", "100", "1.5"])
currencies = st.sampled_from(["USD", "EUR", "GBP"])


def render(endpoint: Endpoint, instance: Any) -> Any:
    """Return the resource object that the library makes from a model instance."""

    class View:
        resource_name = endpoint.name
        serializer_class = endpoint.serializer

    request = Request(APIRequestFactory().get("/"))
    serializer = endpoint.serializer(instance, context={"request": request})
    context = {"view": View(), "request": request}
    return json.loads(JSONRenderer().render(serializer.data, renderer_context=context))["data"]


def without_links(resource: Any) -> Any:
    """Return what both say: the library has no links, and lists each to-many linkage in full."""
    relationships = {
        name: each["data"]
        for name, each in resource["relationships"].items()
        if "data" in each and not isinstance(each["data"], list)
    }
    return {name: resource[name] for name in ("type", "id", "attributes")} | {"relationships": relationships}


@pytest.fixture(autouse=True)
def camel_case(settings: Any) -> None:
    settings.JSON_API_FORMAT_FIELD_NAMES = "camelize"


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(label=texts, note=texts, details=metadata, amount=amounts, currency=currencies)
def test_encoder_and_renderer_agree(
    api: Api,
    make_wallet: MakeWallet,
    post: Post,
    label: str,
    note: str,
    details: Any,
    amount: str,
    currency: str,
) -> None:
    number = ENDPOINTS["Wallet"].resource.model._default_manager.count()
    wallet = make_wallet("1000", label=f"{number}{label}", currency=currency, metadata=details)
    post(wallet, amount, txid=f"{number}{note}", description=note, metadata=details)
    other = make_wallet("1000", label=f"Other {number}", currency=currency)
    post_transfer(
        principal=ANYONE,
        txid=f"{number}",
        source_id=other.id,
        destination_id=wallet.id,
        amount="1",
        description=note,
        metadata=details,
    )
    create_hold(
        principal=ANYONE,
        txid=f"{number}",
        wallet_id=other.id,
        destination_id=wallet.id if number % 4 else None,
        amount="1",
        expires_at="2999-01-01T00:00:00Z" if number % 3 else None,
        metadata=details,
    )
    for endpoint in ENDPOINTS.values():
        instance = endpoint.resource.model._default_manager.latest("id")
        resource = api.data(endpoint.item_url(instance.pk))
        assert without_links(resource) == without_links(render(endpoint, instance))
        (listed,) = api.data(f"{endpoint.url}?sort=-id&page[size]=1")
        assert listed == resource


def test_every_field_of_the_engine_is_in_the_contract() -> None:
    for endpoint in ENDPOINTS.values():
        inputs = [each.name for each in endpoint.resource.inputs if isinstance(each, Field)]
        assert list(endpoint.attributes) == [*(each.name for each in endpoint.resource.fields), *inputs]
        relations = {*(each.key for each in endpoint.resource.to_one.values()), *endpoint.resource.to_many}
        # An input may have the name of a relation, like the legs of a transfer.
        shown = {each.key for each in endpoint.resource.fields}
        assert set(endpoint.serializer().fields) - shown == relations
        included = endpoint.serializer.included_serializers
        assert set(included) == relations


def test_writable_fields_are_those_of_the_commands() -> None:
    writable = {
        name: {attribute for attribute, each in endpoint.attributes.items() if each.is_writable}
        for name, endpoint in ENDPOINTS.items()
    }
    assert writable == {
        "Wallet": {"label", "balance", "currency", "floor", "state", "owner", "metadata"},
        "Transaction": {"txid", "amount", "description", "metadata", "conditions"},
        "Entry": set(),
        "Transfer": {"txid", "description", "metadata", "external", "amount", "upTo", "legs", "conditions"},
        "Hold": {"txid", "amount", "expiresAt", "description", "metadata", "conditions"},
    }
    assert {name: endpoint.writable_relations for name, endpoint in ENDPOINTS.items()} == {
        "Wallet": frozenset(),
        "Transaction": {"wallet"},
        "Entry": frozenset(),
        "Transfer": frozenset(),
        "Hold": {"wallet", "destination"},
    }
    assert {name: endpoint.required_relations for name, endpoint in ENDPOINTS.items() if endpoint.create} == {
        "Wallet": [],
        "Transaction": ["wallet"],
        "Transfer": [],
        "Hold": ["wallet"],
    }
    changeable = {name: endpoint.changeable_relations for name, endpoint in ENDPOINTS.items()}
    assert {name: relations for name, relations in changeable.items() if relations} == {"Transaction": ["wallet"]}
