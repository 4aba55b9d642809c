"""The server is killed under load, again and again: everything acknowledged survives."""

import httpx
from django.conf import settings

from tests.chaos.clients import Depositor, open_wallet, wait_for

WALLETS = 4
DEPOSITS_BEFORE_EACH_KILL = 25


def test_writes_acknowledged_before_a_kill_survive_it(start_live):
    live = start_live(workers=2 if settings.REDIS_URL else 1)
    wallets = [open_wallet(live.url, f"Wallet {number}") for number in range(WALLETS)]
    acknowledged = {}
    for life in range(2):
        depositors = [Depositor(live.url, wallet, name=f"life-{life}-{wallet}") for wallet in wallets]
        for depositor in depositors:
            depositor.start()
        for depositor in depositors:
            wait_for(lambda depositor=depositor: len(depositor.acknowledged) >= DEPOSITS_BEFORE_EACH_KILL)
        live.kill()
        for depositor in depositors:
            depositor.join(timeout=60)
            assert depositor.surprises == []
            acknowledged |= dict.fromkeys(depositor.acknowledged, depositor.wallet_id)
        live.start()
    assert len(acknowledged) >= 2 * WALLETS * DEPOSITS_BEFORE_EACH_KILL

    assert acknowledged.items() <= stored(live.url).items()
    reconciled = live.manage("reconcile")
    assert (reconciled.returncode, reconciled.stderr) == (0, ""), reconciled.stderr


def stored(url):
    """Page through all transactions and return their wallets, by txid."""
    found = {}
    page = "/api/transactions/?page[size]=100&fields[Transaction]=txid,wallet&sort=id"
    with httpx.Client(base_url=url, headers={"Accept": "application/vnd.api+json"}, timeout=30) as client:
        while page:
            document = client.get(page).json()
            for each in document["data"]:
                found[each["attributes"]["txid"]] = each["relationships"]["wallet"]["data"]["id"]
            page = document["links"]["next"]
    return found
