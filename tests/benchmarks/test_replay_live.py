"""The replay against a real server, with a part of the real file."""

import json
from pathlib import Path

import pytest

from benchmarks.bank_file import expect, read_accounts
from benchmarks.replay import main
from tests.live import LiveServer

BANK_FILE = Path(__file__).parents[1] / "data" / "czech_bank_1993.csv"
SMALLEST_OVERDRAWN = 1
OTHERS = 4


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Return a file with a few of the accounts, one of which was overdrawn at the real bank."""
    accounts = sorted(read_accounts(BANK_FILE), key=lambda account: len(account.rows))
    refused = expect(accounts).refused
    overdrawn = [account for account in accounts if account.account_id in refused]
    chosen = {account.account_id for account in overdrawn[:SMALLEST_OVERDRAWN] + accounts[:OTHERS]}
    header, *lines = BANK_FILE.read_text(encoding="utf-8").splitlines()
    place = header.split(",").index("account_id")
    path = tmp_path / "part.csv"
    path.write_text("\n".join([header, *(line for line in lines if line.split(",")[place] in chosen)]), "utf-8")
    return path


def test_every_check_holds_through_both_faces(
    live: LiveServer, part: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for face in ("rest", "graphql"):
        arguments = ["--face", face, "--workers", "2", "--url", live.url, "--prefix", f"{face} ", "--json", str(part)]
        assert main(arguments) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["refused"] == 1
    reconciled = live.manage("reconcile")
    assert (reconciled.returncode, reconciled.stderr) == (0, "")
