"""The page of a statement, printed to PDF by a browser, shows the figures and the lines that the API has."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest

from tests.commands import run_to_end
from tests.live import ROOT, LiveServer

pytestmark = pytest.mark.clients

MEDIA_TYPE = "application/vnd.api+json"
PERIOD = "from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
ACCOUNT, LINES = "2378", 80
"""More than fit on a page."""
FIGURES = ("opening", "credits", "debits", "closing", "openingHeld", "closingHeld")
_numbers = count(1)


def amounts() -> Iterator[str]:
    """Yield the amounts of a real account."""
    with (ROOT / "tests/data/czech_bank_1993.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["account_id"] == ACCOUNT:
                yield row["amount"]


def create(client: httpx.Client, path: str, kind: str, **values: Any) -> str:
    values = values if kind == "Wallet" else {"txid": f"printed-{next(_numbers)}", **values}
    document = {"data": {"type": kind, "attributes": values}}
    answer = client.post(path, json=document, headers={"Content-Type": MEDIA_TYPE})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def print_to_pdf(url: str, folder: Path) -> list[str]:
    """Let Chromium print a page, and return the text of each sheet."""
    path = folder / "printed.pdf"
    run_to_end(
        os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", f"--user-data-dir={folder}/profile"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        *("--no-pdf-header-footer", f"--print-to-pdf={path}", url),
        folder=folder,
    )
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


def test_a_statement_on_paper(server: LiveServer, tmp_path: Path) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        wallet = create(client, "/api/wallets/", "Wallet", label="Účet <2378> & paper", currency="CZK")
        posted = [
            create(client, "/api/transactions/", "Transaction", wallet=wallet, amount=amount)
            for amount in [*amounts()][: LINES - 5]
        ]
        create(client, f"/api/transactions/{posted[0]}/reversals", "Transaction", amount="0.50")
        hold = create(client, "/api/holds/", "Hold", wallet=wallet, amount="9.00")
        create(client, f"/api/holds/{hold}/captures", "Transaction", amount="4.25")
        url = f"/api/wallets/{wallet}/statement/?{PERIOD}"
        shown = client.get(url).json()["data"]["attributes"]
        lines = list(csv.DictReader(client.get(url, headers={"Accept": "text/csv"}).text.splitlines()))
    sheets = print_to_pdf(server.url + url, tmp_path)
    assert len(sheets) > 1
    text = " ".join(" ".join(sheets).split())
    assert "Statement of Účet <2378> & paper" in text
    assert f"{shown['count']} lines." in text
    for name, figure in zip(("Opening", "Credits", "Debits", "Closing"), FIGURES, strict=False):
        assert f"{name} {shown[figure]} CZK" in text
    assert (shown["closingHeld"], f"Held at closing {shown['closingHeld']} CZK" in text) == ("4.75", True)
    found = re.findall(
        r"(\d+) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\w+) (\S+) (-?[\d.]+) ([\d.]+) (-?[\d.]+) ([\d.]+)", text
    )
    names = ("sequence", "kind", "txid", "amount", "balanceAfter", "held", "heldAfter")
    assert found == [tuple(line[name] for name in names) for line in lines]
    assert {kind for _, kind, *_ in found} == {"post", "reversal", "hold", "capture"}
    # Each sheet has the titles of the columns, and no word is broken.
    titles = "No. Time (UTC) Kind Transaction Amount Balance Held Held after"
    assert all(titles in " ".join(each.split()) for each in sheets)
