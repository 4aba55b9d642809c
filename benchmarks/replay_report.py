"""Compare what a replay left in the server with what the file requires, and report the differences."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.bank_file import CURRENCY, Account, Expectation
from benchmarks.faces import INSUFFICIENT_FUNDS, StoredTransaction, StoredWallet

# The bank printed amounts rounded to 0.10, so its own balances drift from their sum by this much at most.
BANK_TOLERANCE = Decimal("1.00")
DIFFERENCES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Posted:
    """The server's answers: a wallet id by `account_id`, a code by `trans_id` for each refused row."""

    wallet_ids: Mapping[str, str]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the server lists afterwards, including other wallets and their transactions."""

    wallets: Sequence[StoredWallet]
    transactions: Sequence[StoredTransaction]


@dataclass(frozen=True, slots=True)
class Check:
    """A statement, and each way in which it fails."""

    statement: str
    differences: Sequence[str]

    @property
    def holds(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a replay; times in seconds."""

    run: Mapping[str, str | int]
    posted_rows: int
    refused_rows: int
    total_balance: Decimal
    post_seconds: float
    read_seconds: float
    checks: Sequence[Check]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    @property
    def posts_per_second(self) -> float:
        return self.posted_rows / self.post_seconds if self.post_seconds else 0.0

    def as_text(self) -> str:
        lines = [
            "replay of {file} through {face} at {url}, {workers} worker(s)".format_map(self.run),
            f"  {self.run['accounts']:,} accounts, {self.posted_rows:,} transactions",
            f"  {self.posted_rows - self.refused_rows:,} accepted, {self.refused_rows:,} refused",
            f"  posted in {self.post_seconds:.1f} s ({self.posts_per_second:,.0f}/s)",
            f"  read back in {self.read_seconds:.1f} s",
            f"  sum of all balances {self.total_balance:,.2f} {CURRENCY}",
        ]
        for check in self.checks:
            lines.append(f"{'ok  ' if check.holds else 'FAIL'}  {check.statement}")
            lines += [f"        {difference}" for difference in check.differences[:DIFFERENCES_SHOWN]]
            if len(check.differences) > DIFFERENCES_SHOWN:
                lines.append(f"        and {len(check.differences) - DIFFERENCES_SHOWN:,} more")
        failed = sum(not check.holds for check in self.checks)
        lines.append(f"{failed} of {len(self.checks)} checks failed" if failed else "all checks hold")
        return "\n".join(lines)

    def as_json(self) -> str:
        return json.dumps(
            {
                **self.run,
                "transactions": self.posted_rows,
                "accepted": self.posted_rows - self.refused_rows,
                "refused": self.refused_rows,
                "post_seconds": round(self.post_seconds, 3),
                "read_seconds": round(self.read_seconds, 3),
                "posts_per_second": round(self.posts_per_second, 1),
                "total_balance": f"{self.total_balance:.2f}",
                "currency": CURRENCY,
                "holds": self.holds,
                "checks": [
                    {
                        "statement": check.statement,
                        "holds": check.holds,
                        "difference_count": len(check.differences),
                        "differences": check.differences[:DIFFERENCES_SHOWN],
                    }
                    for check in self.checks
                ],
            },
            indent=2,
        )


def compare(
    accounts: Sequence[Account], expectation: Expectation, posted: Posted, read_back: ReadBack, *, prefix: str
) -> tuple[list[Check], Decimal]:
    """Run every check of a replay; return the checks and the sum of the balances of its wallets.

    `prefix` is the replay's prefix of each `trans_id` in a txid.
    """
    ours = set(posted.wallet_ids.values())
    balances = {wallet.wallet_id: wallet.balance for wallet in read_back.wallets if wallet.wallet_id in ours}
    accepted = {
        f"{prefix}{row.trans_id}": StoredTransaction(
            f"{prefix}{row.trans_id}", Decimal(row.amount), posted.wallet_ids[account.account_id]
        )
        for account in accounts
        for row in account.rows
        if row.trans_id not in posted.refused
    }
    stored = [
        transaction
        for transaction in read_back.transactions
        if transaction.wallet_id in ours or transaction.txid in accepted
    ]
    total = sum(balances.values(), Decimal(0))
    followed = [account for account in accounts if not any(row.trans_id in posted.refused for row in account.rows)]
    checks = [
        Check(
            f"refused exactly the {len(expectation.refused_ids):,} withdrawals that would have overdrawn, "
            f"in {len(expectation.refused):,} accounts",
            list(_compare_refusals(expectation, posted)),
        ),
        Check(
            f"every wallet's balance is the sum of what was accepted ({len(accounts):,} wallets)",
            list(_compare_balances(posted, read_back, accepted)),
        ),
        Check(
            f"within {BANK_TOLERANCE} of the bank's own balance where nothing was refused "
            f"({len(followed):,} wallets)",
            list(_compare_with_bank(followed, posted, balances)),
        ),
        Check(
            f"as many transactions read back as were accepted ({len(accepted):,})",
            [f"{len(stored):,} read back"] if len(stored) != len(accepted) else [],
        ),
        Check(
            "each transaction read back has the txid, amount and wallet that were posted",
            list(_compare_transactions(accepted, stored)),
        ),
        Check(
            f"the balances sum to {expectation.total:,.2f} {CURRENCY}",
            [f"they sum to {total:,}"] if total != expectation.total else [],
        ),
    ]
    return checks, total


def _compare_refusals(expectation: Expectation, posted: Posted) -> Iterable[str]:
    for trans_id, code in posted.refused.items():
        if code != INSUFFICIENT_FUNDS:
            yield f"transaction {trans_id} was refused for another reason: {code}"
        elif trans_id not in expectation.refused_ids:
            yield f"transaction {trans_id} was refused although it is covered"
    for account_id, rows in expectation.refused.items():
        for row in rows:
            if row.trans_id not in posted.refused:
                yield f"transaction {row.trans_id} was accepted although it overdraws account {account_id}"


def _compare_balances(
    posted: Posted, read_back: ReadBack, accepted: Mapping[str, StoredTransaction]
) -> Iterable[str]:
    sums = dict.fromkeys(posted.wallet_ids.values(), Decimal(0))
    for transaction in accepted.values():
        sums[transaction.wallet_id] += transaction.amount
    balances: dict[str, list[Decimal]] = {}
    for wallet in read_back.wallets:
        balances.setdefault(wallet.wallet_id, []).append(wallet.balance)
    for account_id, wallet_id in posted.wallet_ids.items():
        found = balances.get(wallet_id, [])
        if found != [sums[wallet_id]]:
            listed = " and ".join(map(str, found)) or "nothing"
            yield f"account {account_id}, wallet {wallet_id}: {sums[wallet_id]} accepted, {listed} read back"


def _compare_with_bank(accounts: Iterable[Account], posted: Posted, balances: Mapping[str, Decimal]) -> Iterable[str]:
    for account in accounts:
        wallet_id = posted.wallet_ids[account.account_id]
        balance, bank_balance = balances.get(wallet_id), account.rows[-1].bank_balance
        if balance is None or abs(balance - bank_balance) > BANK_TOLERANCE:
            yield f"account {account.account_id}, wallet {wallet_id}: {balance}, at the bank {bank_balance}"


def _compare_transactions(
    accepted: Mapping[str, StoredTransaction], stored: Sequence[StoredTransaction]
) -> Iterable[str]:
    times_listed = Counter(transaction.txid for transaction in stored)
    for txid in accepted.keys() - times_listed.keys():
        yield f"{txid} was accepted but is not listed"
    for transaction in stored:
        posted = accepted.get(transaction.txid)
        if posted is None:
            yield f"{transaction.txid} is listed but was not accepted"
        elif transaction != posted:
            yield f"{transaction.txid}: posted {posted}, listed {transaction}"
    for txid, times in times_listed.items():
        if times > 1:
            yield f"{txid} is listed {times} times"
