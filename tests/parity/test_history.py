"""Both faces tell the same about what a wallet held in the past, and refuse the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.writes import capture_hold, create_hold, open_wallet, post_transaction, release_hold
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE
from walletsvc.schema.kinds import print_time

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = ("at", "sequence", "balance", "held", "currency")


def later(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def wallet() -> Wallet:
    """Make a wallet with 100.00 at noon, 90.00 ten seconds later, and 95.25 after two changes at once."""
    wallet = open_wallet(principal=ANYONE, label="W", balance="100", clock=lambda: NOON)
    for number, (seconds, amount) in enumerate(((10, "-10"), (20, "5"), (20, "0.25"))):
        at = later(seconds)
        post_transaction(
            principal=ANYONE, txid=f"T{number}", wallet_id=wallet.id, amount=amount, clock=lambda at=at: at
        )
    return wallet


def ask_rest(client: Client, wallet_id: object, **asked: object) -> Any:
    """Return the attributes of the balance, or the code of a refusal with its parameter."""
    document = json.loads(client.get(f"/api/wallets/{wallet_id}/balance/?{urlencode(asked)}").content)
    if "errors" in document:
        (error,) = document["errors"]
        return error["code"], error.get("source", {}).get("parameter")
    assert document["data"]["type"] == "Balance"
    return document["data"]["attributes"]


def ask_graphql(client: Client, wallet_id: object, **asked: object) -> Any:
    query = (
        "query ($id: ID!, $at: DateTime, $sequence: Long) { wallet(id: $id)"
        f" {{ balanceAt(at: $at, sequence: $sequence) {{ {' '.join(NAMES)} }} }} }}"
    )
    body = json.dumps({"query": query, "variables": {"id": str(wallet_id), **asked}})
    reply = json.loads(client.post("/graphql/", body, content_type="application/json").content)
    if "errors" in reply:
        (error,) = reply["errors"]
        return error["extensions"]["code"], error["extensions"].get("parameter")
    return reply["data"]["wallet"]["balanceAt"]


def ask(client: Client, wallet_id: object, **asked: object) -> Any:
    """Return what both faces answer."""
    rest, graphql = ask_rest(client, wallet_id, **asked), ask_graphql(client, wallet_id, **asked)
    assert rest == graphql
    return rest


def expected(at: datetime, sequence: int, balance: str) -> dict[str, object]:
    values = (print_time(at), sequence, balance, "0.00", "USD")
    return dict(zip(NAMES, values, strict=True))


@pytest.mark.parametrize(
    ("seconds", "sequence", "balance"),
    [(-1, 0, "0.00"), (0, 1, "100.00"), (9, 1, "100.00"), (10, 2, "90.00"), (20, 4, "95.25"), (86_400, 4, "95.25")],
)
def test_the_balance_at_a_moment(client: Client, wallet: Wallet, seconds: int, sequence: int, balance: str) -> None:
    at = later(seconds)
    assert ask(client, wallet.id, at=print_time(at)) == expected(at, sequence, balance)


def test_a_moment_can_have_any_offset_and_more_digits(client: Client, wallet: Wallet) -> None:
    wanted = expected(later(10), 2, "90.00")
    assert ask(client, wallet.id, at="2026-01-31T13:00:10+01:00") == wanted
    assert ask(client, wallet.id, at="2026-01-31T12:00:10.0000009Z") == wanted
    before = datetime(2026, 1, 31, 12, 0, 9, 999_999, tzinfo=UTC)
    assert ask(client, wallet.id, at="2026-01-31T12:00:09.9999999Z") == expected(before, 1, "100.00")


def test_the_balance_after_an_entry(client: Client, wallet: Wallet) -> None:
    """Two entries of one moment are told apart."""
    balances = [ask(client, wallet.id, sequence=number) for number in (1, 2, 3, 4)]
    moments = (0, 10, 20, 20)
    amounts = ("100.00", "90.00", "95.00", "95.25")
    assert balances == [expected(later(moments[place]), place + 1, amounts[place]) for place in range(4)]


def refusals() -> Iterator[tuple[dict[str, object], tuple[str, str | None]]]:
    yield {}, ("invalid_parameter", "at")
    yield {"at": print_time(NOON), "sequence": 1}, ("invalid_parameter", "at")
    yield {"at": print_time(datetime.now(UTC) + timedelta(days=1))}, ("invalid_parameter", "at")
    yield {"at": "2026-01-31"}, ("invalid_parameter", "at")
    yield {"at": ""}, ("invalid_parameter", "at")
    yield {"sequence": 0}, ("invalid_parameter", "sequence")
    yield {"sequence": -1}, ("invalid_parameter", "sequence")
    yield {"sequence": 5}, ("not_found", None)


@pytest.mark.parametrize(("asked", "refusal"), list(refusals()))
def test_both_faces_refuse_the_same(
    client: Client, wallet: Wallet, asked: dict[str, object], refusal: tuple[str, str | None]
) -> None:
    assert ask(client, wallet.id, **asked) == refusal


def test_there_is_no_balance_of_a_wallet_that_there_is_not(client: Client, wallet: Wallet) -> None:
    assert ask(client, wallet.id + 1, sequence=1) == ("not_found", None)


# -- statements ------------------------------------------------------------------------------------------

FIGURES = ("from", "to", "opening", "closing", "credits", "debits", "count", "openingHeld", "closingHeld", "currency")
LINES = "edges { node { databaseId } cursor } pageInfo { hasNextPage endCursor }"


def read_rest(client: Client, wallet_id: object, **asked: object) -> Any:
    """Return figures, ids of the lines and the link to more lines; or the codes of a refusal."""
    document = json.loads(client.get(f"/api/wallets/{wallet_id}/statement/?{urlencode(asked)}").content)
    if "errors" in document:
        return [(error["code"], error.get("source", {}).get("parameter")) for error in document["errors"]]
    data = document["data"]
    assert data["type"] == "Statement"
    lines = data["relationships"]["entries"]
    ids = [each["id"] for each in lines["data"]]
    assert [each["id"] for each in document["included"]] == ids
    return data["attributes"], ids, lines["links"]["next"]


def read_graphql(client: Client, wallet_id: object, size: int = 20, after: str | None = None, **asked: object) -> Any:
    query = (
        "query ($id: ID!, $from: DateTime!, $to: DateTime!, $first: Int, $after: String) { wallet(id: $id) {"
        f" statement(from: $from, to: $to) {{ {' '.join(FIGURES)}"
        f" lines(first: $first, after: $after) {{ totalCount {LINES} }} }} }} }}"
    )
    variables = {"id": str(wallet_id), "first": size, "after": after, **asked}
    body = json.dumps({"query": query, "variables": variables})
    reply = json.loads(client.post("/graphql/", body, content_type="application/json").content)
    if "errors" in reply:
        return [(each["extensions"]["code"], each["extensions"].get("parameter")) for each in reply["errors"]]
    statement = reply["data"]["wallet"]["statement"]
    lines = statement.pop("lines")
    assert lines["totalCount"] == statement["count"]
    ids = [edge["node"]["databaseId"] for edge in lines["edges"]]
    return statement, ids, lines["pageInfo"]["endCursor"] if lines["pageInfo"]["hasNextPage"] else None


@pytest.mark.parametrize(
    ("start", "end", "figures"),
    [
        (-1, 100, ("0.00", "95.25", "105.25", "10.00", 4)),
        (0, 10, ("0.00", "100.00", "100.00", "0.00", 1)),
        (10, 20, ("100.00", "90.00", "0.00", "10.00", 1)),
        (20, 21, ("90.00", "95.25", "5.25", "0.00", 2)),
        (11, 20, ("90.00", "90.00", "0.00", "0.00", 0)),
        (20, 20, ("90.00", "90.00", "0.00", "0.00", 0)),
        (50, 10**9, ("95.25", "95.25", "0.00", "0.00", 0)),
    ],
)
def test_both_faces_give_the_same_statement(
    client: Client, wallet: Wallet, start: int, end: int, figures: tuple[object, ...]
) -> None:
    asked = {"from": print_time(later(start)), "to": print_time(later(end))}
    rest, graphql = read_rest(client, wallet.id, **asked), read_graphql(client, wallet.id, **asked)
    assert rest[:2] == graphql[:2]
    wanted = dict(zip(FIGURES[2:], (*figures, "0.00", "0.00", "USD"), strict=True))
    assert rest[0] == {**asked, **wanted}
    assert len(rest[1]) == rest[0]["count"]
    assert rest[2] is None


def test_both_faces_tell_what_was_held_around_a_period(client: Client, wallet: Wallet) -> None:
    """20.00 are held at 30, 5.00 of them captured at 40, and the rest is released at 50."""
    hold = create_hold(
        principal=ANYONE, txid="H", wallet_id=wallet.id, amount="20", expires_at=None, clock=lambda: later(30)
    )
    capture_hold(principal=ANYONE, hold_id=hold.id, txid="C", amount="5", clock=lambda: later(40))
    release_hold(principal=ANYONE, hold_id=hold.id, clock=lambda: later(50))
    for start, end, held in (
        (0, 30, ("0.00", "0.00")),
        (0, 31, ("0.00", "20.00")),
        (31, 40, ("20.00", "20.00")),
        (40, 41, ("20.00", "15.00")),
        (41, 60, ("15.00", "0.00")),
        (0, 60, ("0.00", "0.00")),
        (60, 70, ("0.00", "0.00")),
    ):
        asked = {"from": print_time(later(start)), "to": print_time(later(end))}
        figures, *_ = read_rest(client, wallet.id, **asked)
        assert read_graphql(client, wallet.id, **asked)[0] == figures
        assert (figures["openingHeld"], figures["closingHeld"]) == held
        net = Decimal(figures["credits"]) - Decimal(figures["debits"])
        assert Decimal(figures["opening"]) + net == Decimal(figures["closing"])


def test_both_faces_lead_through_the_lines_by_the_same_cursors(client: Client, wallet: Wallet) -> None:
    asked = {"from": print_time(NOON), "to": print_time(later(60))}
    url: str | None = f"/api/wallets/{wallet.id}/statement/?{urlencode({**asked, 'page[size]': 3})}"
    after, pages = None, []
    while url:
        data = json.loads(client.get(url).content)["data"]
        lines = data["relationships"]["entries"]
        ids = [each["id"] for each in lines["data"]]
        graphql = read_graphql(client, wallet.id, size=3, after=after, **asked)
        assert graphql[1] == ids
        pages.append(ids)
        after, url = graphql[2], lines["links"]["next"]
        assert (after is None) == (url is None)
    assert [len(ids) for ids in pages] == [3, 1]
    related = json.loads(client.get(lines["links"]["related"]).content)
    assert [each["id"] for each in related["data"]] == [*pages[0], *pages[1]]


@pytest.mark.parametrize(
    ("start", "end", "parameter"),
    [("2026-01-31T12:00:00Z", "2026-01-31T11:59:59Z", "to"), ("then", "2026-01-31T12:00:00Z", "from")],
)
def test_both_faces_refuse_the_same_periods(
    client: Client, wallet: Wallet, start: str, end: str, parameter: str
) -> None:
    refusal = [("invalid_parameter", parameter)]
    assert read_rest(client, wallet.id, **{"from": start, "to": end}) == refusal
    assert read_graphql(client, wallet.id, **{"from": start, "to": end}) == refusal


def test_both_faces_refuse_the_same_pages(client: Client, wallet: Wallet) -> None:
    asked = {"from": print_time(NOON), "to": print_time(later(60))}
    assert read_rest(client, wallet.id, **asked, **{"page[size]": 101}) == [("invalid_parameter", "page[size]")]
    assert read_graphql(client, wallet.id, size=101, **asked) == [("invalid_parameter", "first")]
    assert read_rest(client, wallet.id, **asked, **{"page[after]": "x"}) == [("invalid_parameter", "page[after]")]
    assert read_graphql(client, wallet.id, after="x", **asked) == [("invalid_parameter", "after")]
    for name in ("page[before]", "page[number]"):
        assert read_rest(client, wallet.id, **asked, **{name: "1"}) == [("invalid_parameter", name)]
    assert read_rest(client, wallet.id, to=asked["to"]) == [("invalid_parameter", "from")]
    assert read_rest(client, wallet.id + 1, **asked) == [("not_found", None)]


def test_a_write_shows_at_once_in_a_statement(client: Client, wallet: Wallet) -> None:
    asked = {"from": print_time(NOON), "to": "2099-01-01T00:00:00Z"}
    for read in (read_rest, read_graphql):
        assert read(client, wallet.id, **asked)[0]["count"] == 4
    post_transaction(principal=ANYONE, txid="Last", wallet_id=wallet.id, amount="1")
    for read in (read_rest, read_graphql):
        assert read(client, wallet.id, **asked)[0]["closing"] == "96.25"
