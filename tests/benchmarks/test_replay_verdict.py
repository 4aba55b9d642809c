"""How the replay judges the posted and read transactions, and how it ends."""

from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.bank_file import Account, expect, read_accounts
from benchmarks.faces import (
    StoredTransaction,
    StoredWallet,
)
from benchmarks.replay import main
from benchmarks.replay_report import Posted, ReadBack, compare

pytestmark = pytest.mark.without_engine

BANK_FILE = Path(__file__).parents[1] / "data" / "czech_bank_1993.csv"


@pytest.fixture(scope="module")
def accounts() -> list[Account]:
    return read_accounts(BANK_FILE)


def _perfect(accounts: list[Account]) -> tuple[Posted, list[StoredWallet], list[StoredTransaction]]:
    """The answers of a correct server to a replay with the prefix "p-"."""
    expectation = expect(accounts)
    wallet_ids = {account.account_id: f"w{account.account_id}" for account in accounts}
    wallets = [
        StoredWallet(wallet_id, f"p-Account {account_id}", expectation.balances[account_id])
        for account_id, wallet_id in wallet_ids.items()
    ]
    transactions = [
        StoredTransaction(f"p-{row.trans_id}", Decimal(row.amount), wallet_ids[account.account_id])
        for account in accounts
        for row in account.rows
        if row.trans_id not in expectation.refused_ids
    ]
    refused = dict.fromkeys(expectation.refused_ids, "insufficient_funds")
    return Posted(wallet_ids, refused), wallets, transactions


def _failed(accounts: list[Account], posted: Posted, read_back: ReadBack) -> list[int]:
    """Number the checks that fail, in the order of the report, from 0."""
    checks, _ = compare(accounts, expect(accounts), posted, read_back, prefix="p-")
    return [number for number, check in enumerate(checks) if not check.holds]


REFUSALS, BALANCES, BANK, COUNT, ROWS, TOTAL = range(6)


class TestTheVerdict:
    def test_finds_nothing_wrong_with_a_perfect_server(self, accounts: list[Account]) -> None:
        posted, wallets, transactions = _perfect(accounts)
        wallets.append(StoredWallet("other", "Not of this replay", Decimal(5)))
        transactions.append(StoredTransaction("other", Decimal(5), "other"))
        assert _failed(accounts, posted, ReadBack(wallets, transactions)) == []

    def test_finds_a_wrong_balance(self, accounts: list[Account]) -> None:
        posted, wallets, transactions = _perfect(accounts)
        first = wallets[0]
        wallets[0] = StoredWallet(first.wallet_id, first.label, first.balance + Decimal("0.01"))
        assert _failed(accounts, posted, ReadBack(wallets, transactions)) == [BALANCES, TOTAL]

    def test_finds_a_missing_wallet(self, accounts: list[Account]) -> None:
        posted, wallets, transactions = _perfect(accounts)
        assert _failed(accounts, posted, ReadBack(wallets[1:], transactions)) == [BALANCES, BANK, TOTAL]

    def test_finds_lost_and_altered_and_repeated_rows(self, accounts: list[Account]) -> None:
        posted, wallets, transactions = _perfect(accounts)
        assert _failed(accounts, posted, ReadBack(wallets, transactions[1:])) == [COUNT, ROWS]
        altered = StoredTransaction(transactions[0].txid, Decimal("0.01"), transactions[0].wallet_id)
        assert _failed(accounts, posted, ReadBack(wallets, [altered, *transactions[1:]])) == [ROWS]
        assert _failed(accounts, posted, ReadBack(wallets, [*transactions, transactions[0]])) == [COUNT, ROWS]

    def test_finds_a_refusal_too_many_or_for_another_reason(self, accounts: list[Account]) -> None:
        posted, wallets, transactions = _perfect(accounts)
        covered = accounts[0].rows[0].trans_id
        extra = Posted(posted.wallet_ids, {**posted.refused, covered: "insufficient_funds"})
        assert REFUSALS in _failed(accounts, extra, ReadBack(wallets, transactions))
        other = Posted(posted.wallet_ids, dict.fromkeys(posted.refused, "invalid"))
        assert _failed(accounts, other, ReadBack(wallets, transactions)) == [REFUSALS]

    def test_finds_an_overdraft_that_was_accepted(self, accounts: list[Account]) -> None:
        posted, wallets, transactions = _perfect(accounts)
        fewer = Posted(posted.wallet_ids, dict(list(posted.refused.items())[1:]))
        assert REFUSALS in _failed(accounts, fewer, ReadBack(wallets, transactions))


class TestTheCommandLine:
    def test_exits_with_2_on_a_faulty_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--face", "rest", str(tmp_path / "missing.csv")]) == 2
        assert "missing.csv: cannot be read" in capsys.readouterr().err

    def test_exits_with_2_when_no_server_answers(self, capsys: pytest.CaptureFixture[str]) -> None:
        # Port 1 (tcpmux) is reserved, and nothing listens on it.
        assert main(["--face", "graphql", "--url", "http://127.0.0.1:1", str(BANK_FILE)]) == 2
        assert "no server answers at http://127.0.0.1:1" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "arguments", [["--face", "soap"], ["--workers", "0"], ["--url", "ftp://x"], ["--url", "x"]]
    )
    def test_exits_with_2_on_bad_usage(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as exit_info:
            main(["--face", "rest", *arguments, str(BANK_FILE)])
        assert exit_info.value.code == 2
