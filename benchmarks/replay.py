#!/usr/bin/env python3
"""Replay a bank's transactions against a running server over HTTP, then prove its books by reading them back.

    benchmarks/replay.py --face rest --workers 8 tests/data/czech_bank_1993.csv

Opens one wallet per account and posts every transaction, strictly in order within an account. Exits with 0 if
every check holds, 1 if one fails or an answer is invalid, 2 if the replay could not start: a faulty file, an
unreachable server, labels taken by an earlier replay.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import httpx

if not __package__:  # started as a file: make `benchmarks` importable
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.bank_file import CURRENCY, Account, BankFileError, Row, expect, read_accounts
from benchmarks.faces import Face, LabelTakenError, NewTransaction, ReplayStoppedError, UnreachableError
from benchmarks.graphql_face import GraphqlFace
from benchmarks.replay_report import Posted, ReadBack, Report, compare
from benchmarks.rest_face import RestFace

FACES: dict[str, type[Face]] = {face.name: face for face in (RestFace, GraphqlFace)}
MOST_WORKERS = 256


@dataclass(slots=True)
class Tally:
    """What one worker has done so far; only that worker writes to it."""

    posted_rows: int = 0
    wallet_ids: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Progress:
    """A status line: rewritten in place on a terminal, otherwise printed now and then."""

    def __init__(self, stream: TextIO, total_rows: int) -> None:
        self._stream = stream
        self._total_rows = total_rows
        self._in_place = stream.isatty()
        self._started = time.monotonic()
        self.interval_seconds = 0.5 if self._in_place else 10.0

    def show(self, rows: int) -> None:
        rate = rows / max(time.monotonic() - self._started, 1e-6)
        left = f"{(self._total_rows - rows) / rate:,.0f} s" if rate else "?"
        line = f"{rows:,} of {self._total_rows:,} posted, {rate:,.0f}/s, {left} left"
        if self._in_place:
            self._stream.write(f"\r{line}\x1b[K")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        if self._in_place:
            self._stream.write("\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the replay of the command line and return its exit code."""
    options = _parse_arguments(argv)
    try:
        accounts = read_accounts(options.file)
        report = replay(
            accounts, FACES[options.face], options.url, options.file.name, options.workers, options.prefix
        )
    except (BankFileError, LabelTakenError, UnreachableError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    except ReplayStoppedError as error:
        print(f"replay: stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("replay: interrupted", file=sys.stderr)
        return 130
    print(report.as_json() if options.json else report.as_text())
    return 0 if report.holds else 1


def replay(
    accounts: Sequence[Account], face_class: type[Face], url: str, file: str, workers: int, prefix: str
) -> Report:
    """Post all accounts through one face of the server at `url`, read everything back, and compare.

    Raises ReplayStoppedError if the server cannot be reached or gives an invalid answer.
    """
    reader = face_class(url)
    try:
        reader.check_reachable()
        started = time.monotonic()
        posted = post_accounts(accounts, face_class, url, workers, prefix)
        posted_at = time.monotonic()
        read_back = ReadBack(list(reader.list_wallets()), list(reader.list_transactions()))
        read_at = time.monotonic()
    finally:
        reader.close()
    checks, total_balance = compare(accounts, expect(accounts), posted, read_back, prefix=prefix)
    return Report(
        run={
            "file": file,
            "face": face_class.name,
            "url": url,
            "workers": workers,
            "prefix": prefix,
            "accounts": len(accounts),
        },
        posted_rows=sum(len(account.rows) for account in accounts),
        refused_rows=len(posted.refused),
        total_balance=total_balance,
        post_seconds=posted_at - started,
        read_seconds=read_at - posted_at,
        checks=checks,
    )


def post_accounts(accounts: Sequence[Account], face_class: type[Face], url: str, workers: int, prefix: str) -> Posted:
    """Open a wallet for each account and post its rows in order; each worker takes the next free account."""
    tallies = [Tally() for _ in range(workers)]
    queue = iter(accounts)
    queue_lock = threading.Lock()
    stop = threading.Event()

    def next_account() -> Account | None:
        with queue_lock:
            return next(queue, None)

    def work(tally: Tally) -> None:
        face = face_class(url, pause=stop.wait)
        try:
            while account := next_account():
                wallet_id = face.open_wallet(f"{prefix}Account {account.account_id}", CURRENCY)
                tally.wallet_ids[account.account_id] = wallet_id
                for row, new in _transactions(account, prefix):
                    if stop.is_set():
                        return
                    code = face.post(wallet_id, new)
                    tally.posted_rows += 1
                    if code is not None:
                        tally.refused[row.trans_id] = code
        finally:
            face.close()

    progress = Progress(sys.stderr, sum(len(account.rows) for account in accounts))
    with ThreadPoolExecutor(workers) as pool:
        pending = {pool.submit(work, tally) for tally in tallies}
        try:
            while pending:
                done, pending = wait(pending, progress.interval_seconds, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                progress.show(sum(tally.posted_rows for tally in tallies))
        finally:
            stop.set()
            progress.end()
    return Posted(
        wallet_ids={account: wallet for tally in tallies for account, wallet in tally.wallet_ids.items()},
        refused={trans_id: code for tally in tallies for trans_id, code in tally.refused.items()},
    )


def _transactions(account: Account, prefix: str) -> Iterator[tuple[Row, NewTransaction]]:
    for row in account.rows:
        details = {"date": row.date, "operation": row.operation, "purpose": row.purpose}
        yield (
            row,
            NewTransaction(
                txid=f"{prefix}{row.trans_id}",
                amount=row.amount,
                description=", ".join(text for text in (row.operation, row.purpose) if text),
                metadata={name: text for name, text in details.items() if text},
            ),
        )


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="replay.py",
        description="Replay a bank's transactions and check the server's books against them.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="CSV; see tests/data/README.md")
    parser.add_argument("--face", choices=sorted(FACES), required=True, help="the API to post and read through")
    parser.add_argument("--workers", type=_workers, default=4, metavar="N", help="parallel connections (4)")
    parser.add_argument("--url", type=_url, default="http://127.0.0.1:8000", help="the server (%(default)s)")
    parser.add_argument(
        "--prefix", default="", help="prefix of each label and txid, to replay again on the same server"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args(argv)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_WORKERS}")
    return int(text)


def _url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise argparse.ArgumentTypeError(f"{text!r} is not an http or https URL")
    return text


if __name__ == "__main__":
    sys.exit(main())
