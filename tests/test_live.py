"""The helper that the tests of whole servers stand on."""

import httpx
import pytest

from tests.live import LiveServer

WALLET = {"data": {"type": "Wallet", "attributes": {"label": "My Wallet", "balance": "100.00"}}}
HEADERS = {"Content-Type": "application/vnd.api+json"}


def test_acknowledged_writes_survive_a_kill_of_all_processes(live: LiveServer) -> None:
    assert httpx.get(f"{live.url}/healthz").json() == {"status": "ok"}
    created = httpx.post(f"{live.url}/api/wallets/", json=WALLET, headers=HEADERS)
    assert created.status_code == 201
    live.kill()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{live.url}/healthz")
    live.start()
    read = httpx.get(f"{live.url}/api/wallets/{created.json()['data']['id']}/")
    assert (read.status_code, read.json()["data"]["attributes"]["balance"]) == (200, "100.00")
    assert live.manage("reconcile").stdout == "Clean: 1 wallets, 1 entries.\n"
    live.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{live.url}/healthz")
