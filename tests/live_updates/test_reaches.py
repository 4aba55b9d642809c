"""Subscribers who may see the same share a read, and no others do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.live.operations import subscribe
from graphql_api.requests import GraphQLRequest
from tests.live_updates.hubs import run
from tests.writes import open_wallet, post_transaction
from walletsvc.events.topics import Topic
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE, OPERATOR, Principal

pytestmark = pytest.mark.django_db(transaction=True)

READS = frozenset({"wallets:read", "transactions:read"})
FIRST = Principal("key 1", READS | {"wallets:write", "transactions:write"}, owner="alice")
SECOND = Principal("key 2", READS, owner="alice")
NARROWED = Principal("key 3", READS | {"transfers:write"}, owner="alice", narrowed=True)
ADMIN = Principal("key 4", frozenset({"admin"}), owner="alice")
ALL = Principal("key 5", READS)

QUERY = """subscription ($wallet: ID!, $after: Long) {
  transactions(walletId: $wallet, afterSequence: $after) { sequence principal owner wallet { owner } } }"""


@pytest.fixture
def wallet() -> Wallet:
    """A wallet of alice, with entries of both her keys and of an operator."""
    made = open_wallet(principal=FIRST, label="A", balance="5.00")
    for number, writer in enumerate((SECOND, NARROWED, ANYONE), start=1):
        by = replace(writer, scopes=FIRST.scopes)
        post_transaction(principal=by, txid=f"T{number}", wallet_id=made.id, amount="1.00")
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Topic]:
    """The topics that were read, each time."""
    found: list[Topic] = []
    read = Topic.read

    def note(topic: Topic, sequence: int) -> Any:
        found.append(topic)
        return read(topic, sequence)

    monkeypatch.setattr(Topic, "read", note)
    return found


def entries_of(wallet: Wallet, *callers: Principal) -> list[list[dict[str, Any]]]:
    """Return the first four entries that each of these callers gets, all subscribed at the same time."""
    request = GraphQLRequest(QUERY, {"wallet": str(wallet.id), "after": 0}, None, {})
    shown: list[list[dict[str, Any]]] = []

    async def work(hub: Hub) -> None:
        streams = [subscribe(request, principal=each, hub=hub, budget=Budget()) for each in callers]
        firsts = await asyncio.gather(*map(anext, streams))
        rests = [[await anext(stream) for _ in range(3)] for stream in streams]
        for first, rest in zip(firsts, rests, strict=True):
            results = [json.loads(each) for each in (first, *rest)]
            assert all(result.keys() == {"data"} for result in results)
            shown.append([result["data"]["transactions"] for result in results])
        for stream in streams:
            await stream.aclose()

    run(work)
    return shown


def test_the_callers_of_one_reach_share_a_read(wallet: Wallet, reads: list[Topic]) -> None:
    shown = entries_of(wallet, FIRST, SECOND, NARROWED)
    assert shown[0] == shown[1] == shown[2]
    assert [each["principal"] for each in shown[0]] == ["key 1", "key 2", OPERATOR, OPERATOR]
    assert {(each["owner"], each["wallet"]["owner"]) for each in shown[0]} == {(None, None)}
    # One topic: read once, or once more if a change wakes it meanwhile.
    assert len(set(reads)) == 1
    assert len(reads) < 3
    assert reads[0].reader == SECOND.as_reader()
    assert reads[0].reader.subject == ""


def test_two_reaches_never_share_a_read(wallet: Wallet, reads: list[Topic]) -> None:
    hers, admins, all_ = entries_of(wallet, FIRST, ADMIN, ALL)
    assert hers == admins
    assert [each["principal"] for each in all_] == ["key 1", "key 2", "key 3", "anonymous"]
    assert {(each["owner"], each["wallet"]["owner"]) for each in all_} == {("alice", "alice")}
    assert {topic.reader.reach for topic in reads} == {FIRST.reach, ADMIN.reach, ALL.reach}
    assert len(set(reads)) == 3


def test_a_reader_is_what_its_reach_says() -> None:
    readers = [each.as_reader() for each in (FIRST, SECOND, NARROWED, ADMIN, ALL, ANYONE)]
    assert [each.reach for each in readers] == [each.reach for each in (FIRST, SECOND, NARROWED, ADMIN, ALL, ANYONE)]
    assert len(set(readers)) == len({each.reach for each in readers}) == 4
