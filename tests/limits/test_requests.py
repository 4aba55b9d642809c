"""Each request is charged to its caller before anything is done, whichever layer answers it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fast_path.front import graphql, transaction
from tests.limits.server import Key, Limited, forget_who_was_verified
from walletsvc.models import Transaction, Wallet
from walletsvc.web.hooks import load_hooks
from walletsvc.web.limits import RequestLimits

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("limited")]


# -- what is charged, and what answers say ----------------------------------------------------------------


def test_every_answer_says_what_is_left(server: Limited, key: Key, wallet: Wallet) -> None:
    mine, url = key(), f"/api/wallets/{wallet.id}/"
    first = server.ask(url, key=mine)
    unchanged = {"HTTP_IF_NONE_MATCH": first.headers["etag"]}
    answers = [
        (200, first),
        (200, server.ask(url, key=mine)),
        (304, server.ask(url, key=mine, **unchanged)),
        (200, server.ask(key=mine, **graphql("{ wallets { totalCount } }"))),
        (200, server.ask(key=mine, **graphql("{ wallets { totalCount } }"))),
        (200, server.ask(key=mine, **graphql("{ nonsense }"))),
        (201, server.ask(key=mine, **transaction(wallet.id, "A"))),
        (201, server.ask(key=mine, **transaction(wallet.id, "B"))),
        (422, server.ask(key=mine, **transaction(wallet.id, "C", "-500"))),
        (404, server.ask("/api/wallets/999/", key=mine)),
        (404, server.ask("/nope", key=mine)),
        (400, server.ask("/api/", key=mine, HTTP_HOST="evil.example")),
        (200, server.ask("/api/docs/", key=mine)),
        (405, server.ask("/api/docs/", key=mine, method="DELETE")),
    ]
    assert [answer.status for _, answer in answers] == [status for status, _ in answers]
    assert {answer.headers["ratelimit-policy"] for _, answer in answers} == {'"principal";q=20;w=60'}
    assert [answer.left for _, answer in answers] == [*range(19, 5, -1)]
    # The layer in front of Django has answered some of them.
    assert server.front.reached == len(answers) - 4


def test_who_shows_no_key_is_counted_by_address(server: Limited) -> None:
    for left, (path, status) in zip(
        range(14, -1, -1), [("/api/wallets/", 401), ("/graphql/?query={a}", 401), ("/", 200)] * 5, strict=True
    ):
        answer = server.ask(path)
        assert (answer.status, answer.left) == (status, left)
        assert answer.headers["ratelimit-policy"] == '"address";q=15;w=60'
    for path in ("/api/wallets/", "/graphql/?query={a}", "/", "/api/docs/"):
        answer = server.ask(path)
        assert (answer.status, answer.code, answer.left) == (429, "rate_limited", 0)
    assert server.ask("/", REMOTE_ADDR="192.0.2.2").status == 200
    # A load balancer's check is not.
    assert "ratelimit" not in server.ask("/healthz").headers
    assert server.ask("/healthz").status == 200


def test_a_caller_that_is_not_known_yet_is_charged_as_well(server: Limited, key: Key) -> None:
    mine = key()
    for left in range(19, -1, -1):
        forget_who_was_verified()
        answer = server.ask("/api/wallets/", key=mine)
        assert (answer.status, answer.left) == (200, left)
    forget_who_was_verified()
    assert server.ask("/api/wallets/", key=mine).status == 429
    assert server.ask("/api/wallets/", key=key()).status == 200


def test_what_nobody_asks_a_key_for_is_charged_by_the_address_of_a_bad_one(server: Limited) -> None:
    # Each with other credentials, at pages that need none, or that are refused before a caller is looked for.
    for number in range(5):
        assert server.ask("/api/docs/", key=f"bad{number}").status == 200
    assert server.ask("/api/docs/", key="bad").status == 429
    for number in range(10):
        refused = server.ask("/api/", key=f"bad{number}", HTTP_HOST="evil.example")
        assert (refused.status, refused.left) == (400, 9 - number)
        assert refused.headers["ratelimit-policy"] == '"address";q=15;w=60'
    assert server.ask("/").status == 429


def test_a_key_can_have_a_limit_of_its_own(server: Limited, key: Key, settings: Any) -> None:
    mine = key("3/second")
    for left in (2, 1, 0):
        answer = server.ask("/api/wallets/", key=mine)
        assert (answer.left, answer.headers["ratelimit-policy"]) == (left, '"principal";q=3;w=1')
    assert server.ask("/api/wallets/", key=mine).status == 429
    server.clock.now += 1.1
    assert server.ask("/api/wallets/", key=mine).status == 200
    settings.LIMIT_PER_PRINCIPAL = ""
    without = Limited()
    assert without.ask("/api/wallets/", key=mine).left == 2
    for _ in range(30):
        answer = without.ask("/api/wallets/", key=key())
        assert answer.status == 200
        assert "ratelimit" not in answer.headers


# -- refusals ---------------------------------------------------------------------------------------------


def test_a_refused_request_has_changed_nothing_and_is_remembered_by_nobody(
    server: Limited, key: Key, wallet: Wallet
) -> None:
    mine, url = key(), f"/api/wallets/{wallet.id}/"
    known = [{"path": url}, transaction(wallet.id, "A"), graphql("{ wallets { totalCount } }")]
    for request in known:
        assert server.ask(key=mine, **request).status < 300
    for _ in range(17):
        server.ask("/api/", key=mine)
    mutation = graphql('mutation { createWallet(input: {label: "X"}) { wallet { id } } }')
    for request in ({"path": url}, transaction(wallet.id, "B"), known[2], mutation, {"path": "/nope"}):
        answer = server.ask(key=mine, **request)
        assert (answer.status, answer.code, answer.left) == (429, "rate_limited", 0)
        assert 1 <= int(answer.headers["retry-after"]) <= 63
    assert Transaction.objects.get().txid == "A"
    assert Wallet.objects.get() == wallet
    assert server.ask(url, key=key()).status == 200
    server.clock.now += int(answer.headers["retry-after"])
    assert server.ask(url, key=mine).status == 200


def test_each_operation_of_a_batch_counts(server: Limited, key: Key) -> None:
    def add(label: str) -> object:
        return {"op": "add", "data": {"type": "Wallet", "attributes": {"label": label}}}

    mine = key()
    answer = server.batch(mine, *(add(f"A{number}") for number in range(15)))
    assert (answer.status, answer.left) == (200, 5)
    answer = server.batch(mine, *(add(f"B{number}") for number in range(6)))
    assert (answer.status, answer.code, answer.left) == (429, "rate_limited", 4)
    assert "retry-after" in answer.headers
    assert Wallet.objects.count() == 15
    answer = server.batch(mine, *(add(f"B{number}") for number in range(4)))
    assert (answer.status, answer.left) == (200, 0)
    # More than there ever is.
    answer = server.batch(key(), *(add(f"C{number}") for number in range(21)))
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert "ask for less" in json.loads(answer.body)["errors"][0]["detail"]
    assert Wallet.objects.count() == 19


def test_a_document_counts_by_its_cost_wherever_it_is_answered(server: Limited, key: Key, wallet: Wallet) -> None:
    # 1 + 100 wallets + 1 = 201 records and pages, and so 3 units.
    dear = graphql("{ a: wallets(first: 100) { edges { node { label } } } b: wallets(first: 100) { totalCount } }")
    mine = key()
    server.ask("/api/", key=mine)
    [cost] = [json.loads(server.ask(key=mine, **dear).body)["extensions"]["cost"]["requested"]]
    reached = server.front.reached
    answers = [server.ask(key=mine, **dear) for _ in range(3)]
    assert server.front.reached == reached
    units = 1 + cost // 100
    assert units >= 2
    assert [answer.left for answer in answers] == [19 - units * count for count in (2, 3, 4)]
    while (answer := server.ask(key=mine, **dear)).status == 200:
        pass
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert "data" not in json.loads(answer.body)


def test_a_mutation_counts_by_its_cost_before_it_runs(server: Limited, key: Key) -> None:
    fields = " ".join(
        f'm{number}: createWallet(input: {{label: "W{number}"}}) {{ wallet {{ id }} }}' for number in range(60)
    )
    many, mine = graphql(f"mutation {{ {fields} }}"), key()
    for _ in range(16):
        server.ask("/api/", key=mine)
    answer = server.ask(key=mine, **many)
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert Wallet.objects.count() == 0
    answer = server.ask(key=key(), **many)
    assert answer.status == 200
    assert answer.left == 20 - 1 - json.loads(answer.body)["extensions"]["cost"]["requested"] // 100
    assert Wallet.objects.count() == 60


def test_a_known_mutation_is_charged_once(server: Limited, key: Key) -> None:
    def rename(label: str, *, fields: int) -> dict[str, Any]:
        names = " ".join(
            f'm{number}: updateWallet(input: {{id: "1", label: "{label}"}}) {{ isReplay: __typename }}'
            for number in range(fields)
        )
        return graphql(f"mutation {{ {names} }}")

    mine = key()
    for number, label in enumerate("ABCD"):
        assert server.ask(key=mine, **rename(label, fields=1)).left == 19 - number
    assert server.front.reached == 2
    # 20 mutations cost 200, and so count for 3.
    for number, label in enumerate("ABCD"):
        assert server.ask(key=mine, **rename(label, fields=20)).left == 13 - 3 * number
    assert server.front.reached == 6


# -- an open server ---------------------------------------------------------------------------------------


def test_the_suite_runs_without_limits() -> None:
    assert not any(isinstance(hook, RequestLimits) for hook in load_hooks())


def test_an_open_server_can_have_a_limit(settings: Any) -> None:
    settings.AUTH_REQUIRED = False
    server = Limited()
    assert [server.ask("/api/").left for _ in range(20)] == [*range(19, -1, -1)]
    # Whatever is sent along.
    assert server.ask("/api/", key="bad").status == 429
