"""A statement as a page to print. It loads nothing, and runs nothing: its policy allows its own style by its hash."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from html import escape

from rest_api.statements import describe
from walletsvc.queries.statements import Statement, iterate_lines
from walletsvc.schema.kinds import AMOUNT, print_time
from walletsvc.web.security import POLICY

_STYLE = """\
body{font:10pt/1.4 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
h1{font-size:16pt;margin:0}
p{margin:.2rem 0 1.2rem;color:#555}
table{border-collapse:collapse;width:100%}
.figures{width:auto;margin-bottom:1.5rem}
th,td{padding:.25rem .6rem;text-align:left;vertical-align:top}
td:nth-child(4){overflow-wrap:anywhere}
th{font-weight:600}
.lines th,.lines td{border-bottom:1px solid #ddd}
.amount{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
thead{display:table-header-group}
tr{break-inside:avoid}
@page{margin:15mm}
@media print{body{margin:0;max-width:none;padding:0}}
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

PAGE_HEADERS = {
    POLICY: f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'"
}
"""The headers of the page."""

_FIGURES = {
    "opening": "Opening",
    "credits": "Credits",
    "debits": "Debits",
    "closing": "Closing",
    "openingHeld": "Held at opening",
    "closingHeld": "Held at closing",
}
_COLUMNS = ("No.", "Time (UTC)", "Kind", "Transaction")
_AMOUNTS = ("Amount", "Balance", "Held", "Held after")
_END = b"</tbody></table></main></body></html>\n"


def print_page(statement: Statement, label: str, now: datetime) -> Iterator[bytes]:
    """Yield the page."""
    yield _head(statement, label, now).encode()
    currency = statement.currency.encode()
    for rows in iterate_lines(statement):
        lines = []
        for sequence, at, kind, txid, *amounts in rows:
            moment = f"{at[:10].decode()} {at[11:19].decode()}"
            cells = f"<td>{sequence.decode()}</td><td>{moment}</td><td>{kind.decode()}</td>"
            figures = "".join(f'<td class="amount">{AMOUNT.value(each, currency)}</td>' for each in amounts)
            lines.append(f"<tr>{cells}<td>{escape(txid.decode())}</td>{figures}</tr>\n")
        yield "".join(lines).encode()
    yield _END


def _head(statement: Statement, label: str, now: datetime) -> str:
    shown = describe(statement)
    figures = "".join(
        f'<tr><th scope="row">{title}</th><td class="amount">{shown[name]} {statement.currency}</td></tr>'
        for name, title in _FIGURES.items()
    )
    columns = "".join(f'<th scope="col">{title}</th>' for title in _COLUMNS)
    amounts = "".join(f'<th scope="col" class="amount">{title}</th>' for title in _AMOUNTS)
    title = f"Statement of {escape(label)}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{title}</h1><p>Wallet {statement.wallet_id}, from {shown['from']} to before {shown['to']};"
        f" {statement.count:,} lines. Made {print_time(now)}.</p>"
        f'<table class="figures"><tbody>{figures}</tbody></table>'
        f'<table class="lines"><thead><tr>{columns}{amounts}</tr></thead><tbody>\n'
    )
