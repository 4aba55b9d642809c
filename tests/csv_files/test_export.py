"""What is exported, and what an empty server makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.csv_files.running import balances, documented, export, import_file, is_clean, lines, run, run_documented
from tests.databases import MakeDatabase, connected_to
from tests.writes import amend_transaction, delete_transaction, open_wallet, post_transaction, post_transfer
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

Post = tuple[str, str, str, str, dict[str, object]]


def posts() -> list[Post]:
    """Return the transactions in their order: label, txid, amount, description and metadata."""
    labels = dict(Wallet.objects.values_list("id", "label"))
    rows = Transaction.objects.order_by("id")
    return [(labels[e.wallet_id], e.txid, f"{e.amount:.8f}", e.description, e.metadata) for e in rows]


@pytest.fixture
def elsewhere(ready_database: MakeDatabase) -> Iterator[Callable[[], None]]:
    """Return a function that goes on in an empty database."""
    with ExitStack() as stack:

        def go() -> None:
            stack.enter_context(connected_to(stack.enter_context(ready_database())))

        yield go


def make_history() -> None:
    tea = open_wallet(principal=ANYONE, label="Tea, =1+1", balance="10.00", metadata={"of": "té"})
    coin = open_wallet(principal=ANYONE, label='"Coin"', currency="BTC", owner="alice")
    open_wallet(principal=ANYONE, label="Empty", currency="JPY")
    post_transaction(principal=ANYONE, wallet=tea.id, txid="=a", amount="-3.25", description='two\nlines, "é"')
    post_transaction(
        principal=ANYONE, wallet=coin.id, txid="=a", amount="0.00000001", metadata={"n": [1, 2.5, "\u2028"]}
    )
    post_transaction(principal=ANYONE, wallet=tea.id, txid="-b", amount="5.00")
    legs = [{"wallet": tea.id, "amount": "-1.00"}, {"wallet": coin.id, "amount": "0.5"}]
    external = [{"currency": "USD", "amount": "1.00"}, {"currency": "BTC", "amount": "-0.5"}]
    post_transfer(principal=ANYONE, txid="T", legs=legs, external=external)


def test_transactions_out_and_in_again(tmp_path: Path, elsewhere: Callable[[], None]) -> None:
    make_history()
    path = tmp_path / "out.csv"
    assert run("export_transactions", "--output", path).code == 0
    before = balances(), posts(), [line[:2] for line in lines()]
    metadata = dict(Wallet.objects.values_list("label", "metadata"))
    elsewhere()
    assert (Wallet.objects.count(), import_file(path, "--open-wallets").err) == (0, [])
    assert (balances(), posts(), [line[:2] for line in lines()]) == before
    assert dict(Wallet.objects.values_list("label", "metadata")) == metadata
    assert is_clean()
    # And once more, from there.
    assert len(export("export_transactions")) == 3 + 5
    assert import_file(path, "--open-wallets").out == ["8 rows: 0 transactions posted, 8 there already, 0 refused."]


def test_entries_out_and_in_again_as_postings(
    tmp_path: Path, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a balance has come about: as postings, its entries are accepted in their order."""
    make_history()
    tea = Wallet.objects.get(label="Tea, =1+1")
    first = post_transaction(principal=ANYONE, wallet=tea.id, txid="c", amount="100.00")
    post_transaction(principal=ANYONE, wallet=tea.id, txid="d", amount="-100.00")
    gone = post_transaction(principal=ANYONE, wallet=tea.id, txid="e", amount="90.00")
    # In the order of the transactions, the second one would overdraw now.
    amend_transaction(principal=ANYONE, transaction_id=first.id, amount="80.00", txid="renamed")
    post_transaction(principal=ANYONE, wallet=tea.id, txid="f", amount="20.00")
    delete_transaction(principal=ANYONE, transaction_id=gone.id)
    # What has no entries is not among them.
    Wallet.objects.filter(label="Empty").delete()
    monkeypatch.chdir(tmp_path)
    plain = tmp_path / "transactions.csv"
    run_documented(documented("export_entries"))
    run("export_transactions", "--output", plain)
    before = balances(), [line[:2] for line in lines()]
    elsewhere()
    done = run_documented(documented("import_transactions entries.csv"))
    assert (done.code, done.err) == (0, [])
    assert (balances(), [line[:2] for line in lines()]) == before
    assert is_clean()
    names = Transaction.objects.order_by("id").values_list("txid", "description")
    assert [*names][-3:] == [(f"{tea.id}/8", "c"), (f"{tea.id}/9", "f"), (f"{tea.id}/10", "e")]
    elsewhere()
    assert import_file(plain, "--open-wallets").refused == [(11, "insufficient_funds")]


def test_the_columns_of_an_entry(tmp_path: Path) -> None:
    wallet = open_wallet(principal=ANYONE, label="Tea", balance="10.00", owner="alice")
    posted = post_transaction(principal=ANYONE, wallet=wallet.id, txid="a", amount="-3")
    rows = export("export_entries")
    assert [{**row, "createdAt": row["createdAt"][-1:]} for row in rows] == [
        {
            "entry": f"{wallet.id}/{sequence}",
            "wallet": f"{wallet.id}",
            "label": "Tea",
            "owner": "alice",
            "sequence": f"{sequence}",
            "kind": kind,
            "txid": txid,
            "amount": amount,
            "balanceAfter": after,
            "held": "0.00",
            "heldAfter": "0.00",
            "currency": "USD",
            "detail": "",
            "transaction": transaction,
            "principal": ANYONE.subject,
            "createdAt": "Z",
        }
        for sequence, kind, txid, amount, after, transaction in (
            (1, "opening", "", "10.00", "10.00", ""),
            (2, "post", "a", "-3.00", "7.00", f"{posted.id}"),
        )
    ]


def test_filters() -> None:
    def at(hour: int) -> Callable[[], datetime]:
        return lambda: datetime(2030, 1, 1, hour, tzinfo=UTC)

    tea = open_wallet(principal=ANYONE, label="Tea", clock=at(1))
    coin = open_wallet(principal=ANYONE, label="Coin", currency="BTC", owner="alice", balance="1", clock=at(2))
    post_transaction(principal=ANYONE, wallet=tea.id, txid="a", amount="5", clock=at(3))
    post_transaction(principal=ANYONE, wallet=coin.id, txid="b", amount="-1", clock=at(4))

    def entries(*options: object) -> list[str]:
        return [row["kind"] + row["txid"] for row in export("export_entries", *options)]

    def found(*options: object) -> list[str]:
        return [row["txid"] or row["label"] for row in export("export_transactions", *options)]

    assert found() == ["Tea", "Coin", "a", "b"]
    assert found("--no-openings") == ["a", "b"]
    assert found("--wallet", coin.id) == found("--owner", "alice") == found("--currency", "BTC") == ["Coin", "b"]
    assert found("--owner", "") == ["Tea", "a"]
    assert found("--from", "2030-01-01T02:00:00Z", "--to", "2030-01-01T04:00:00Z") == ["Coin", "a"]
    assert found("--wallet", "9" * 18) == []
    assert entries() == ["opening", "posta", "postb"]
    assert entries("--kind", "opening") == ["opening"]
    assert entries("--kind", "opening", "--kind", "post", "--wallet", coin.id) == ["opening", "postb"]
    assert entries("--to", "2030-01-01T03:00:00+01:00") == []


@pytest.mark.parametrize(
    "options",
    [("--wallet", "x"), ("--currency", "XXL"), ("--from", "yesterday"), ("--to", "2030-01-01")],
)
def test_options_that_cannot_be(options: tuple[str, str]) -> None:
    for name in ("export_entries", "export_transactions"):
        done = run(name, *options)
        assert (done.code, done.out, len(done.err)) == (2, [], 1)


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine", "utf-8")
    assert run("export_entries", "--output", path).code == 2
    assert run("export_entries", "--output", tmp_path / "no folder" / "out.csv").code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text("utf-8") == "mine"
