"""Preconditions have the same effect in front of Django as behind it."""

import json
from urllib.parse import quote

import pytest

from tests.fast_path.front import Front, graphql, transaction
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)


CONDITIONS = [
    {"HTTP_IF_MATCH": '"nope"'},
    {"HTTP_IF_MATCH": "*"},
    {"HTTP_IF_MATCH": "{etag}"},
    {"HTTP_IF_MATCH": "W/{etag}"},
    {"HTTP_IF_NONE_MATCH": "*"},
    {"HTTP_IF_NONE_MATCH": 'W/{etag}, "a"'},
    {"HTTP_IF_MATCH": "{etag}", "HTTP_IF_NONE_MATCH": "{etag}"},
    {"HTTP_IF_MATCH": '"nope"', "HTTP_IF_NONE_MATCH": "{etag}"},
    {"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"HTTP_RANGE": "bytes=0-1"},
]


@pytest.mark.parametrize("conditions", CONDITIONS, ids=str)
def test_preconditions_are_judged_as_django_does(front, wallet, conditions):
    query = quote("{ wallets { edges { node { label } } } }")
    for asked in ({"path": f"/api/wallets/{wallet.id}/"}, {"path": f"/graphql/?query={query}"}):
        _, headers, _ = front.ask(**asked)
        sent = {name: value.replace("{etag}", headers["etag"]) for name, value in conditions.items()}
        expected = Front().ask(**asked, **sent)
        [status, answered, body] = front.ask(**asked, **sent)
        assert (status, body) == (expected[0], expected[2])
        assert answered == {name: value for name, value in expected[1].items() if name != "content-length" or body}


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"HTTP_IF_MATCH": '"nope"'}, "412 Precondition Failed"),
        ({"HTTP_IF_NONE_MATCH": "*"}, "412 Precondition Failed"),
        ({"HTTP_IF_MATCH": "*"}, "201 Created"),
    ],
    ids=str,
)
def test_the_preconditions_of_a_write_are_judged_too(front, wallet, conditions, status):
    assert front.ask(**transaction(wallet.id, "A"))[0] == "201 Created"
    assert front.ask(**transaction(wallet.id, "B"), **conditions)[0] == status
    assert Transaction.objects.count() == 1 + (status == "201 Created")


def test_a_mutation_with_if_match_is_not_run(front, wallet):
    rename = f'mutation {{ updateWallet(input: {{id: "{wallet.id}", label: "B"}}) {{ wallet {{ label }} }} }}'
    for value in ("*", '"a"'):
        status, _, body = front.ask(**graphql(rename), HTTP_IF_MATCH=value)
        assert status == "412 Precondition Failed"
        assert json.loads(body)["errors"][0]["extensions"] == {"code": "precondition_failed"}
    assert Wallet.objects.get().label == "Savings"
