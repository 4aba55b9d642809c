"""A statement as a file with all its lines: CSV, camt.053 or a page to print. Built in chunks, so that memory does
not grow with the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from rest_api import camt053
from rest_api.statement_page import PAGE_HEADERS, print_page
from walletsvc.queries.statements import LINE_COLUMNS, Statement, iterate_lines
from walletsvc.schema.kinds import AMOUNT

CSV, XML, HTML = "text/csv", "application/xml", "text/html"

_CSV_HEADER = b"sequence,createdAt,kind,txid,amount,balanceAfter,held,heldAfter,currency\r\n"
_AMOUNTS = slice(LINE_COLUMNS.index("amount"), len(LINE_COLUMNS))


@dataclass(frozen=True, slots=True)
class Form:
    """A media type of a statement: what prints it from the statement, its wallet's label and the present moment."""

    content_type: str
    suffix: str
    print: Callable[[Statement, str, datetime], Iterator[bytes]]
    headers: Mapping[str, str]
    check: Callable[[Statement], None] | None = None
    """Raises `Refused` if the form cannot express the statement."""


def print_csv(statement: Statement, _label: str, _now: datetime) -> Iterator[bytes]:
    """Yield a table (RFC 4180) of the lines, with a header."""
    yield _CSV_HEADER
    end = f",{statement.currency}\r\n".encode()
    for rows in iterate_lines(statement):
        columns = list(zip(*rows, strict=True))
        currencies = [statement.currency.encode()] * len(rows)
        amounts = [AMOUNT.json(texts, currencies) for texts in columns[_AMOUNTS]]
        lines = []
        for sequence, at, kind, txid, *values in zip(*columns[:4], *amounts, strict=True):
            lines.append(
                b"%b,%bT%bZ,%b,%b,%b%b"
                % (sequence, at[:10], at[11:], kind, _quoted(txid), b",".join(each[1:-1] for each in values), end)
            )
        yield b"".join(lines)


def _quoted(text: bytes) -> bytes:
    return b'"%b"' % text.replace(b'"', b'""')


FORMS: Mapping[str, Form] = {
    CSV: Form("text/csv; charset=utf-8; header=present", "csv", print_csv, {}),
    XML: Form("application/xml; charset=utf-8", "xml", camt053.print_statement, {}, camt053.check_expressible),
    HTML: Form("text/html; charset=utf-8", "html", print_page, PAGE_HEADERS),
}
"""The forms of a statement besides JSON:API, by media type; of forms that a client likes as much, the first."""
