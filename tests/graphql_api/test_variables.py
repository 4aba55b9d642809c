"""Variables: their maximum number, and numbers as in section 3.5 of the GraphQL specification."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.test import Client

from graphql_api.documents import MAX_ERRORS
from graphql_api.variables import MAX_OBJECTS
from tests.graphql_api.conftest import read
from walletsvc.models import Wallet

pytestmark = pytest.mark.django_db

FILTERED = "query ($f: WalletFilters) { wallets(filters: $f) { totalCount } }"
# Its directive leaves it to graphql-core.
FILTERED_BY_CORE = "query ($f: WalletFilters) { wallets(filters: $f) { totalCount @include(if: true) } }"
ORDERED = "query ($o: [WalletOrder!]) { wallets(ordering: $o) { totalCount } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
CREATE = "mutation ($i: CreateWalletInput!) { createWallet(input: $i) { userErrors { code } } }"
KEYS = {f"label{number}": 1 for number in range(20_000)}

FLOODS: dict[str, tuple[str, dict[str, object], list[str]]] = {
    "unknown names": (FILTERED, {"f": KEYS}, ["graphql_too_many_values"]),
    "unknown names, for graphql-core": (FILTERED_BY_CORE, {"f": KEYS}, ["graphql_too_many_values"]),
    "unknown names further down": (FILTERED, {"f": {"label": KEYS}}, ["graphql_too_many_values"]),
    "orders": (ORDERED, {"o": [{"label": "ASC"}] * 50_000}, ["graphql_too_many_values"]),
    "fewer orders": (ORDERED, {"o": [{"label": "ASC"}] * 4_000}, ["graphql_too_many_objects"]),
    "orders that are none": (ORDERED, {"o": [{}] * 9_999}, ["graphql_too_many_objects"]),
    "lists of lists": (ORDERED, {"o": [[]] * 9_999}, ["graphql_too_many_objects"]),
    "ids": (NODES, {"ids": ["V2FsbGV0OjE="] * 20_000}, ["graphql_too_many_values"]),
    "fewer ids": (NODES, {"ids": ["V2FsbGV0OjE="] * 9_999}, ["invalid_parameter"]),
    "ids that are none": (NODES, {"ids": [True] * 9_999}, ["invalid"] * 51),
    "metadata": (CREATE, {"i": {"label": "A", "metadata": {"a": [0] * 20_000}}}, ["graphql_too_many_values"]),
    "variables that are not declared": ("{ __typename }", {"a": [0] * 20_000}, ["graphql_too_many_values"]),
    "such variables in number": ("{ __typename }", dict(KEYS), ["graphql_too_many_values"]),
}


@pytest.mark.parametrize(("query", "variables", "codes"), FLOODS.values(), ids=FLOODS.keys())
@pytest.mark.parametrize("introspection", [False, True], ids=["hidden", "shown"])
def test_a_flood_is_refused_before_it_takes_any_time(
    query: str, variables: dict[str, object], codes: list[str], introspection: bool, ask: Any, settings: Any
) -> None:
    settings.GRAPHQL_INTROSPECTION = introspection
    started = time.process_time()
    reply = ask(query, **variables)
    # It was a minute. A bound that no busy machine reaches.
    assert time.process_time() - started < 3
    assert reply.codes == codes
    assert not Wallet.objects.exists()


def test_a_flood_in_the_url_is_refused_too(client: Client) -> None:
    variables = json.dumps({"f": {f"a{number}": 1 for number in range(11_000)}})
    reply = read(client.get("/graphql/", {"query": FILTERED, "variables": variables}))
    assert reply.codes == ["graphql_too_many_values"]
    assert reply.errors[0]["extensions"]["limit"] == 10_000


@pytest.mark.parametrize("query", [FILTERED, FILTERED_BY_CORE])
def test_as_many_unknown_names_as_there_may_be_take_no_time_either(query: str, ask: Any) -> None:
    started = time.process_time()
    reply = ask(query, f={f"label{number}": 1 for number in range(9_998)})
    assert time.process_time() - started < 3
    # graphql-core reports 50 errors, and that there are more.
    assert reply.codes == ["invalid"] * 51


def test_the_number_of_values_is_a_setting(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_MAX_VALUES = 4
    assert ask(FILTERED, f={"label": {"exact": "A"}}).data == {"wallets": {"totalCount": 0}}
    assert ask("{ __typename }", a=[1, [2]]).errors == []
    for variables in ({"a": [1, 2, 3, 4]}, {"a": 1, "b": 2, "c": {"d": {"e": 3}}}, {"a": [[[[]]]], "b": 1}):
        reply = ask("{ __typename }", **variables)
        assert (reply.data, reply.codes) == (None, ["graphql_too_many_values"])
        assert reply.errors[0]["extensions"]["limit"] == 4


def test_lists_have_so_many_objects(ask: Any) -> None:
    orders = [{"label": "ASC"}] * MAX_OBJECTS
    # These can only be refused for their values: a field is named once.
    assert ask(ORDERED, o=orders).codes == ["invalid_parameter"]
    reply = ask(ORDERED, o=[*orders, {"label": "ASC"}])
    assert (reply.data, reply.codes) == (None, ["graphql_too_many_objects"])
    assert reply.errors[0]["extensions"]["limit"] == MAX_OBJECTS
    two = "query ($o: [WalletOrder!], $p: [WalletOrder!]) { %s p: wallets(ordering: $p) { totalCount } }"
    reply = ask(two % "o: wallets(ordering: $o) { totalCount }", o=orders[40:], p=orders[:41])
    assert (reply.data, reply.codes) == (None, ["graphql_too_many_objects"])


def test_a_document_with_many_errors_reports_some(ask: Any) -> None:
    fields = " ".join(f"lable{number}: 1" for number in range(600))
    started = time.process_time()
    reply = ask(f"{{ wallets(filters: {{{fields}}}) {{ totalCount }} }}")
    # Each message prints all 600 of them.
    assert time.process_time() - started < 3
    assert len(reply.errors) == MAX_ERRORS + 1


def test_metadata_that_rest_takes_is_taken(ask: Any) -> None:
    metadata = {"a": [0] * 5_000, "b": [{"c": 1}] * 100}
    assert ask(CREATE, i={"label": "A", "metadata": metadata}).data == {"createWallet": {"userErrors": []}}
    assert Wallet.objects.get().metadata == metadata


# -- numbers -------------------------------------------------------------------------------------------

FIRST = "query ($n: Int) { wallets(first: $n) { edges { node { id } } } }"


@pytest.mark.parametrize("number", ["2", "2.0", "2.000", "2e0", "0.2e1", "20E-1"])
@pytest.mark.parametrize("directive", ["", "@include(if: true)"])
def test_a_whole_number_is_an_int_however_it_is_written(
    number: str, directive: str, ask_raw: Any, make_wallet: Any
) -> None:
    for _ in range(3):
        make_wallet()
    reply = ask_raw(FIRST.replace("edges", f"edges {directive}"), f'{{"n": {number}}}')
    assert reply.errors == []
    assert len(reply.data["wallets"]["edges"]) == 2
    assert reply.extensions["cost"]["requested"] == 3


NO_INTS = {
    "2.5": "Int cannot represent non-integer value: 2.5",
    "2.5e0": "Int cannot represent non-integer value: 2.5",
    "1e-1": "Int cannot represent non-integer value: 0.1",
    "2147483648": "Int cannot represent non 32-bit signed integer value: 2147483648",
    "2147483648.0": "Int cannot represent non 32-bit signed integer value: 2147483648",
    "1e10": "Int cannot represent non 32-bit signed integer value: 10000000000",
    "1e999999999": "Int cannot represent non-integer value: 1E+999999999",
    "1e99999999999999999999": "Int cannot represent non-integer value: a number beyond all limits",
    "9" * 80: "Int cannot represent non-integer value: " + "9" * 80,
    "true": "Int cannot represent non-integer value: True",
    '"2"': "Int cannot represent non-integer value: '2'",
}


@pytest.mark.parametrize(("number", "message"), NO_INTS.items(), ids=[number[:12] for number in NO_INTS])
def test_an_invalid_int_is_refused_by_its_value(number: str, message: str, ask_raw: Any) -> None:
    reply = ask_raw(FIRST, f'{{"n": {number}}}')
    assert (reply.data, reply.codes) == (None, ["invalid"])
    assert reply.errors[0]["message"] == f"Variable '$n' has invalid value: {message}"


def test_an_int_literal_is_written_without_a_fraction(ask: Any) -> None:
    for literal in ("2.0", "2e0", "2147483648"):
        assert ask(f"{{ wallets(first: {literal}) {{ totalCount }} }}").codes == ["invalid"]
        assert ask(f"query ($n: Int = {literal}) {{ wallets(first: $n) {{ totalCount }} }}").codes == ["invalid"]


@pytest.mark.parametrize("place", ["first: {}", "last: {}"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_an_int_literal_of_any_length_is_refused_by_its_value(place: str, sign: str, ask: Any) -> None:
    refusals = []
    for digits in (80, 4300, 4301, 40_000):
        reply = ask("{ wallets(" + place.format(sign + "9" * digits) + ") { totalCount } }")
        assert (reply.data, reply.codes) == (None, ["invalid"])
        refusals.append(reply.errors[0]["message"][:100])
    assert len(set(refusals)) == 1
    assert refusals[0].startswith("Int cannot represent non")


def test_a_default_of_too_many_digits_is_refused_by_its_value(ask: Any) -> None:
    reply = ask(f"query ($n: Int = {'9' * 5000}) {{ wallets(first: $n) {{ totalCount }} }}")
    message = f"Int cannot represent non 32-bit signed integer value: {'9' * 64}..."
    assert [(each["message"], each["extensions"]["code"]) for each in reply.errors] == [(message, "invalid")]


@pytest.mark.parametrize(
    ("number", "count"), [("1", 1), ("1.0", 1), ("0e0", 2), ("9223372036854775807", 0), ("9223372036854775807.0", 0)]
)
def test_a_long_is_read_likewise(number: str, count: int, ask_raw: Any, make_wallet: Any, post: Any) -> None:
    post(make_wallet("1.00"), "1.00")
    query = "query ($n: Long) { entries(filters: {sequence: {gt: $n}}) { totalCount } }"
    assert ask_raw(query, f'{{"n": {number}}}').data == {"entries": {"totalCount": count}}


@pytest.mark.parametrize("number", ["2.5", "9223372036854775808", "1e19", "1e999999999", "1e99999999999999999999"])
def test_an_invalid_long_is_refused(number: str, ask_raw: Any, ask: Any) -> None:
    query = "query ($n: Long) { entries(filters: {sequence: {gt: $n}}) { totalCount } }"
    reply = ask_raw(query, f'{{"n": {number}}}')
    assert (reply.data, reply.codes) == (None, ["invalid"])
    assert reply.errors[0]["message"].endswith("A Long is an integer of at most 64 bits.")
    for literal in (number, "2.0"):
        reply = ask(f"{{ entries(filters: {{sequence: {{gt: {literal}}}}}) {{ totalCount }} }}")
        assert (reply.data, reply.codes) == (None, ["invalid"])


OTHERS = {
    "ID": "query ($v: ID!) { wallet(id: $v) { id } }",
    "String": "query ($v: String!) { walletByLabel(label: $v) { id } }",
    "Boolean": "query ($v: Boolean!) { wallets @skip(if: $v) { totalCount } }",
    "EntryKind": "query ($v: EntryKind) { entries(filters: {kind: $v}) { totalCount } }",
    "DateTime": "query ($v: DateTime) { wallets(filters: {createdAt: {gte: $v}}) { totalCount } }",
    "WalletFilters": "query ($v: WalletFilters) { wallets(filters: $v) { totalCount } }",
    "WalletOrder": "query ($v: [WalletOrder!]) { wallets(ordering: $v) { totalCount } }",
    "CreateWalletInput": "mutation ($v: CreateWalletInput!) { createWallet(input: $v) { userErrors { code } } }",
}


@pytest.mark.parametrize("query", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("value", ["1.0", "1.5", "1e0", "1e99999999999999999999", '{"a": 1.5}', "[1.5]", "[[1.5e1]]"])
def test_no_message_shows_how_a_number_is_kept(query: str, value: str, ask_raw: Any) -> None:
    """Section 3.5.5: an ID is a string or an integer, even 4.0 is refused."""
    reply = ask_raw(query, f'{{"v": {value}}}')
    assert (reply.data, set(reply.codes)) <= (None, {"invalid", "required"})
    assert "instance" not in reply.text
    assert "Decimal" not in reply.text


def test_a_whole_number_in_metadata_stays_exact(ask_raw: Any) -> None:
    assert ask_raw(CREATE, '{"i": {"label": "A", "metadata": {"a": 2.0, "b": 2}}}').errors == []
    metadata = Wallet.objects.get().metadata
    assert [type(metadata["a"]), type(metadata["b"])] == [float, int]
