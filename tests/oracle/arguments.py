"""Random arguments of lists: filters, orders, and pages that begin at known cursors."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.oracle.answers import Places, ordering_of
from tests.oracle.ledger import Ledger, global_id, print_time
from tests.oracle.values import Values, Word

ORDERINGS: dict[str, list[list[dict[str, str]]]] = {
    "Wallet": [[], [{"label": "ASC"}], [{"balance": "DESC"}], [{"currency": "ASC"}, {"balance": "DESC"}]],
    "Transaction": [
        [],
        [{"amount": "ASC"}],
        [{"amount": "DESC"}, {"txid": "ASC"}],
        [{"createdAt": "DESC"}],
        [{"id": "DESC"}],
    ],
    "Entry": [[], [{"sequence": "DESC"}], [{"id": "ASC"}]],
}


@dataclass
class Arguments(Values):
    """Generates arguments of lists, from values in a ledger."""

    ledger: Ledger
    places: Places
    with_refusals: bool = field(default=False, kw_only=True)

    def some_ids(self, type_name: str) -> list[int]:
        """Generate existing ids, and sometimes one that does not exist."""
        ids = self.rng.sample(sorted(self.ledger.table(type_name)), 3)
        return [*ids, 999_999] if self.chance(0.05) else ids

    def arguments(self, type_name: str, parent: str) -> str:
        given = self._page(type_name, parent)
        if self.chance(0.5):
            given.append(f"filters: {self._filters(type_name)}")
        return f"({', '.join(given)})" if given else ""

    def _page(self, type_name: str, parent: str) -> list[str]:
        """Generate an order and a page, whose cursors have that order."""
        ordering = self.rng.choice(ORDERINGS[type_name])
        given = []
        if ordering or self.chance(0.1):
            given.append(f"ordering: {self.value(f'[{type_name}Order!]', ordering)}")
        if self.with_refusals and self.chance(0.15):
            return [*given, self.rng.choice(["first: 101", "first: 1, last: 1"])]
        texts = [
            text
            for text, (known, _) in self.places.orderings.items()
            if known == ordering_of(ordering, type_name, parent)
        ]
        end = self.rng.choice(["first", "first", "last"])
        given.append(f"{end}: {self.value('Int', 0, 1, 2, 2, 3, 5)}")
        cursors = [name for name in ("after", "before") if texts and self.chance(0.2)]
        return given + [f"{name}: {self.value('String', *texts)}" for name in cursors]

    def _filters(self, type_name: str) -> str:
        rows = self.ledger.table(type_name).values()
        row = self.rng.choice(list(rows))
        lookup = self.rng.choice(["gt", "gte", "lt", "lte"])
        name = {"Wallet": "balance", "Transaction": "amount"}.get(type_name)
        given: list[Any] = [{"createdAt": {lookup: print_time(row["createdAt"])}}]
        if name:
            amounts = [0, 2, Decimal("2.50"), "5.00", f"{row[name]:f}"]
            if self.chance(0.4):
                return f"{{{name}: {{{lookup}: {self.value('Amount', *amounts)}}}}}"
            given += [{name: {lookup: self.rng.choice(amounts)}}, {name: {"exact": f"{row[name]:f}"}}]
            given.append({"currency": row["currency"]})
        if type_name == "Wallet":
            given += [
                {"label": {"icontains": "LABEL"}},
                {"label": {"exact": row["label"]}},
                {"search": row["label"][-1]},
            ]
        elif type_name == "Transaction":
            given += [{"txid": {"icontains": "tx"}}, {"search": "pay"}, {"wallet": str(row["wallet"])}]
            given.append({"wallet": global_id("Wallet", row["wallet"]), "amount": {"gt": 0}})
        else:
            given += [{"kind": row["kind"]}, {"sequence": {"gt": 2}}, {"txid": row["txid"] or "none"}]
            given.append({"transaction": str(row["transaction"] or 1)})
            if self.chance(0.2):
                return f"{{kind: {self.value('EntryKind', Word('post'), Word('delete'))}}}"
        return self.value(f"{type_name}Filters", *given)
