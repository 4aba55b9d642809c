"""A statement as ISO 20022 camt.053.001.08, BankToCustomerStatement, which accounting programs import.

Source: the message definition report "Bank-to-Customer Cash Management", and its schema, which limits the lengths of
texts and the digits of amounts. Lines that change only what is held are not booked, and are left out; ISO's codes for
balances have none for what is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from rest_api.errors import Problem, Refused
from walletsvc import money
from walletsvc.models.entry import Kind
from walletsvc.queries.history import Place
from walletsvc.queries.statements import Statement, iterate_lines
from walletsvc.schema.kinds import AMOUNT, print_time

_MAX_DIGITS, _MAX_PLACES = 18, 5
"""Of an amount (ActiveOrHistoricCurrencyAndAmount)."""
_MAX_NAME, _MAX_REFERENCE = 70, 35
_CURRENCY_LENGTH = 3


def check_expressible(statement: Statement) -> None:
    """Raise `Refused` (406) for a currency or for amounts that the schema does not allow."""
    currency, totals = statement.currency, statement.totals
    places = money.scales().get(currency, money.DECIMAL_PLACES)
    largest = max(abs(statement.opening.balance), abs(statement.closing.balance), totals.credits, totals.debits)
    is_code = len(currency) == _CURRENCY_LENGTH and currency.isascii() and currency.isalpha() and currency.isupper()
    if not is_code or places > _MAX_PLACES or largest >= Decimal(10) ** (_MAX_DIGITS - places):
        detail = (
            f"camt.053 has currencies of 3 letters, {_MAX_PLACES} decimal places and {_MAX_DIGITS} digits at most."
        )
        raise Refused(Problem(406, "not_acceptable", detail, header="Accept"))


def print_statement(statement: Statement, label: str, now: datetime) -> Iterator[bytes]:
    """Yield the document."""
    yield _head(statement, label, now).encode()
    for rows in iterate_lines(statement):
        currency = statement.currency.encode()
        entries = []
        for sequence, at, kind, txid, amount, *_ in rows:
            text = AMOUNT.value(amount, currency)
            assert isinstance(text, str)  # noqa: S101 - for the type checker
            if any(map(text.__contains__, "123456789")):
                entries.append(
                    _entry(sequence.decode(), at.decode(), kind.decode(), txid.decode(), text, statement.currency)
                )
        yield "".join(entries).encode()
    yield b"</Stmt></BkToCstmrStmt></Document>\n"


def _head(statement: Statement, label: str, now: datetime) -> str:
    wallet, totals, currency = statement.wallet_id, statement.totals, statement.currency
    start, end = print_time(statement.period.start), print_time(statement.period.end)
    identifier = f"{wallet}-{statement.opening.sequence}-{statement.closing.sequence}"
    made = print_time(now)
    net = money.subtract(totals.credits, totals.debits)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{identifier[:_MAX_REFERENCE]}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{identifier[:_MAX_REFERENCE]}</Id><CreDtTm>{made}</CreDtTm>"
        f"<FrToDt><FrDtTm>{start}</FrDtTm><ToDtTm>{end}</ToDtTm></FrToDt>"
        f"<Acct><Id><Othr><Id>{wallet}</Id></Othr></Id><Ccy>{currency}</Ccy><Nm>{_text(label, _MAX_NAME)}</Nm></Acct>"
        f"{_balance('OPBD', statement.opening, start, currency)}{_balance('CLBD', statement.closing, end, currency)}"
        "<TxsSummry>"
        f"<TtlNtries><NbOfNtries>{totals.credit_count + totals.debit_count}</NbOfNtries>"
        f"<TtlNetNtry><Amt>{_amount(net, currency)}</Amt><CdtDbtInd>{_direction(net)}</CdtDbtInd></TtlNetNtry>"
        "</TtlNtries>"
        f"{_sum('TtlCdtNtries', totals.credit_count, totals.credits, currency)}"
        f"{_sum('TtlDbtNtries', totals.debit_count, totals.debits, currency)}"
        "</TxsSummry>\n"
    )


def _balance(code: str, place: Place, at: str, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{_amount(place.balance, currency)}</Amt>'
        f"<CdtDbtInd>{_direction(place.balance)}</CdtDbtInd><Dt><DtTm>{at}</DtTm></Dt></Bal>"
    )


def _sum(tag: str, count: int, total: Decimal, currency: str) -> str:
    return f"<{tag}><NbOfNtries>{count}</NbOfNtries><Sum>{_amount(total, currency)}</Sum></{tag}>"


def _entry(sequence: str, at: str, kind: str, txid: str, amount: str, currency: str) -> str:
    moment = f"<DtTm>{at[:10]}T{at[11:]}Z</DtTm>"
    direction = "DBIT" if amount.startswith("-") else "CRDT"
    reversal = "<RvslInd>true</RvslInd>" if kind == Kind.REVERSAL else ""
    details = ""
    if txid:
        reference = _text(txid, len(txid))
        # A txid may be longer than a reference; then the additional information has all of it.
        end_to_end = reference if len(txid) <= _MAX_REFERENCE else "NOTPROVIDED"
        details = (
            f"<NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs></TxDtls></NtryDtls>"
            f"<AddtlNtryInf>{reference}</AddtlNtryInf>"
        )
    return (
        f'<Ntry><NtryRef>{sequence}</NtryRef><Amt Ccy="{currency}">{amount.removeprefix("-")}</Amt>'
        f"<CdtDbtInd>{direction}</CdtDbtInd>{reversal}<Sts><Cd>BOOK</Cd></Sts><BookgDt>{moment}</BookgDt>"
        f"<ValDt>{moment}</ValDt><BkTxCd><Prtry><Cd>{kind}</Cd></Prtry></BkTxCd>{details}</Ntry>\n"
    )


def _amount(value: Decimal, currency: str) -> str:
    return money.format_amount(abs(value), currency)


def _direction(value: Decimal) -> str:
    return "DBIT" if value < 0 else "CRDT"


def _text(text: str, length: int) -> str:
    """Return the first characters of a text, without those that XML 1.0 cannot have (section 2.2)."""
    return escape(text[:length].translate({0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}))
