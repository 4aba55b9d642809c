"""GET: what a wallet held in the past, as documents that are computed from its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from rest_api.caching import cache_key_parts
from rest_api.encoder import Document
from rest_api.negotiation import NOTHING_AGREED, content_type
from rest_api.parameters import format_parameters, format_url
from rest_api.query import parse_positive
from rest_api.read import Reader
from rest_api.resource_objects import identifier_object
from walletsvc import errors, money
from walletsvc.cache.responses import make_key, wallet_stamp
from walletsvc.queries.history import Balance
from walletsvc.queries.questions import BalanceQuestion, Selection, read_moment
from walletsvc.schema.kinds import print_time
from walletsvc.web.replays import Reading

BALANCE_PARAMETERS = ("at", "sequence")
_SETTLED = timedelta(minutes=1)
"""By then, no operation is under way any more that began before, on a server with a slow clock."""


def parse_balance(parameters: Mapping[str, str]) -> BalanceQuestion:
    """Return the question that the parameters `at` or `sequence` ask. Raises `InvalidParameter` and `Refused`."""
    at, sequence = (parameters.get(name) for name in BALANCE_PARAMETERS)
    return BalanceQuestion(
        None if at is None else read_moment(at, parameter="at"),
        None if sequence is None else parse_positive(sequence, "sequence"),
    )


@dataclass(frozen=True)
class BalanceReader:
    """Reads the balance of any wallet that a caller can see."""

    reader: Reader
    question: BalanceQuestion

    def is_immutable(self, now: datetime) -> bool:
        """Tell whether no write can change the answer any more."""
        return self.question.at is None or self.question.at.at < now.astimezone(UTC) - _SETTLED

    def read(self, number: int | None) -> Reading:
        """Read the balance of the wallet with this id."""
        url = format_url(self._url_of(number, "balance"), format_parameters([self._parameter()]))
        key = make_key(*cache_key_parts(self.reader.principal.reach, url, ""))
        stamps = (wallet_stamp(number or 0),)
        return Reading(key, stamps, content_type(NOTHING_AGREED), partial(self._encode, number, url))

    def _url_of(self, number: int | None, name: str = "") -> str:
        endpoint = self.reader.endpoint
        path = endpoint.related_url(number or 0, name) if name else endpoint.item_url(number or 0)
        return self.reader.public_url + path

    def _parameter(self) -> tuple[str, str]:
        at, sequence = self.question.at, self.question.sequence
        return ("sequence", str(sequence)) if at is None else ("at", print_time(at.at))

    def _encode(self, number: int | None, url: str) -> bytes:
        """Return the document. Raises `NotFound` and `InvalidParameter`."""
        wallet = self.reader.find(number, Selection(frozenset({"sequence"}), balances=(self.question,)))
        balance: Balance | None = wallet.history[self.question]
        if balance is None:
            raise errors.not_found("Entry", self.question.sequence)
        name, value = self._parameter()
        data = {
            "type": "Balance",
            # Of one wallet, a moment and an entry are asked for separately: several entries can be of one moment.
            "id": f"{wallet.id}@{value}" if name == "at" else f"{wallet.id}.{value}",
            "attributes": {
                "at": print_time(balance.at),
                "sequence": balance.sequence,
                "balance": money.format_amount(balance.balance, balance.currency),
                "held": money.format_amount(balance.held, balance.currency),
                "currency": balance.currency,
            },
            "relationships": {
                "wallet": {
                    "links": {"related": self._url_of(number)},
                    "data": identifier_object("Wallet", wallet.id),
                }
            },
            "links": {"self": url},
        }
        return Document(self.reader.public_url, url).encode({"data": data})
