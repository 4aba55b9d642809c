"""The balance and the statement of a wallet, as documents: links, caching and preconditions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.fast_path.front import Front
from tests.live import LiveServer
from tests.rest_api.conftest import Api
from tests.rest_api.structure import MEDIA_TYPE
from walletsvc.schema.kinds import print_time

IMMUTABLE, REVALIDATED = "private, max-age=31536000, immutable", "private, no-cache"
PERIOD = "from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z"


def ago(**time: int) -> str:
    return print_time(datetime.now(UTC) - timedelta(**time))


@pytest.fixture
def url(api: Api) -> str:
    """Return the URL of a wallet with three entries."""
    wallet = api.create_wallet(label="W", balance="10.00")
    for number in range(2):
        api.create_transaction(wallet["id"], txid=f"T{number}", amount="1.00")
    return f"/api/wallets/{wallet['id']}/"


def test_a_balance_is_a_resource_of_its_wallet(api: Api, url: str) -> None:
    data = api.data(f"{url}balance?sequence=2")
    identifier = url.split("/")[3]
    assert (data["type"], data["id"]) == ("Balance", f"{identifier}.2")
    assert data["links"]["self"] == f"http://localhost{url}balance/?sequence=2"
    wallet = data["relationships"]["wallet"]
    assert wallet == {
        "links": {"related": f"http://localhost{url}"},
        "data": {"type": "Wallet", "id": identifier},
    }
    assert api.data(wallet["links"]["related"])["id"] == identifier
    at = data["attributes"]["at"]
    assert api.data(f"{url}balance/?at={at}")["id"] == f"{identifier}@{at}"


@pytest.mark.parametrize("seconds", [61, 86_400, None])
def test_what_no_write_can_change_is_immutable(api: Api, url: str, seconds: int | None) -> None:
    query = "sequence=1" if seconds is None else f"at={ago(seconds=seconds)}"
    for _ in range(2):
        assert api.get(f"{url}balance/?{query}")["Cache-Control"] == IMMUTABLE


def test_the_last_minute_is_revalidated_and_so_is_a_refusal(api: Api, url: str) -> None:
    response = api.get(f"{url}balance/?at={ago(seconds=1)}")
    assert (response.status_code, response["Cache-Control"]) == (200, REVALIDATED)
    response = api.get(f"{url}balance/?sequence=4")
    assert (response.status_code, response["Cache-Control"]) == (404, REVALIDATED)
    assert api.get(f"{url}statement/?{PERIOD}")["Cache-Control"] == REVALIDATED


def test_both_are_read_once_until_the_wallet_changes(api: Api, url: str) -> None:
    wallet_id = url.split("/")[3]
    for path in (f"{url}balance/?at={ago(days=1)}", f"{url}statement/?{PERIOD}&page[size]=2"):
        first = api.get(path)
        with CaptureQueriesContext(connection) as queries:
            second = api.get(path)
        assert len(queries) == 0
        assert first.content == second.content
        assert api.get(path, If_None_Match=first["ETag"]).status_code == 304
        assert api.get(path, If_Match='"other"').status_code == 412
        with CaptureQueriesContext(connection) as queries:
            api.create_transaction(wallet_id, txid=path, amount="1.00")
            api.get(path)
        assert any("walletsvc_entry" in each["sql"] and "SELECT" in each["sql"] for each in queries.captured_queries)
    with CaptureQueriesContext(connection) as queries:
        api.get(f"{url}balance/?at={ago(hours=1)}")
    # Of the wallet, and of the entries: it has few.
    assert len(queries) == 2


@pytest.mark.django_db(transaction=True)
def test_the_layer_in_front_of_django_repeats_what_is_immutable(make_wallet: Any) -> None:
    wallet, other, front = make_wallet("1.00"), make_wallet("2.00"), Front()
    for wallet_id, balance in ((wallet.id, "1.00"), (other.id, "2.00"), (wallet.id, "1.00")):
        status, headers, body = front.ask(f"/api/wallets/{wallet_id}/balance/?sequence=1")
        assert status == "200 OK"
        assert dict(headers)["cache-control"] == IMMUTABLE
        assert json.loads(body)["data"]["attributes"]["balance"] == balance


def test_a_real_server_sends_a_file_of_many_chunks(live: LiveServer) -> None:
    with httpx.Client(base_url=live.url, headers={"Content-Type": MEDIA_TYPE}) as client:
        document = {"data": {"type": "Wallet", "attributes": {"label": "W", "balance": "1"}}}
        wallet = client.post("/api/wallets/", json=document, headers={"Content-Type": MEDIA_TYPE}).json()["data"][
            "id"
        ]
        for batch in range(3):
            data = [
                {
                    "op": "add",
                    "data": {
                        "type": "Transaction",
                        "attributes": {"txid": f"T{batch}-{number}", "amount": "1", "wallet": wallet},
                    },
                }
                for number in range(700)
            ]
            content = json.dumps({"atomic:operations": data})
            media_type = f'{MEDIA_TYPE};ext="https://jsonapi.org/ext/atomic"'
            done = client.post("/api/operations/", content=content, headers={"Content-Type": media_type}, timeout=60)
            assert done.status_code == 200
        answer = client.get(f"/api/wallets/{wallet}/statement/?{PERIOD}", headers={"Accept": "text/csv"})
        assert answer.status_code == 200
        assert "Content-Length" not in answer.headers
        lines = answer.text.splitlines()
        assert len(lines) == 2102
        assert [line.split(",")[0] for line in lines[1:]] == [str(number) for number in range(1, 2102)]
        assert lines[-1].split(",")[5] == "2101.00"
