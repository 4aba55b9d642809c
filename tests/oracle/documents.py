"""Documents drawn at random: fragments spread in several places, aliases, variables, directives, lists in lists."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.oracle.answers import TYPES, Places, ordering_of
from tests.oracle.ledger import Ledger, global_id, print_time

LEAVES = {
    "Wallet": ["id", "databaseId", "label", "balance", "currency", "sequence", "metadata", "createdAt", "updatedAt"],
    "Transaction": ["id", "databaseId", "txid", "amount", "currency", "description", "createdAt", "updatedAt"],
    "Entry": ["id", "sequence", "amount", "balanceAfter", "kind", "txid", "principal", "createdAt"],
}
TO_ONE = {
    "Wallet": {},
    "Transaction": {"wallet": "Wallet"},
    # Its own name would collide with that of a transaction, which is never null, where both are nodes.
    "Entry": {"itsWallet: wallet": "Wallet", "itsTransaction: transaction": "Transaction"},
}
TO_MANY = {"Wallet": ["transactions", "entries"], "Transaction": ["entries"], "Entry": []}
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
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
FRAGMENT_TYPES = ["Wallet", "Wallet", "Transaction", "Entry", "WalletConnection", "TransactionConnection", "Query"]


@dataclass
class Document:
    """A document, and two sets of values of its variables."""

    text: str
    variables: tuple[dict[str, Any], dict[str, Any]]


@dataclass
class _Variable:
    declaration: str
    values: tuple[Any, Any]


@dataclass
class Draw:
    """Draws the parts of one document."""

    rng: random.Random
    ledger: Ledger
    places: Places
    names: int = 0
    variables: dict[str, _Variable] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)
    """The types of those that are there already, by their names: only these can be spread."""

    def __post_init__(self) -> None:
        self.with_directives = self.chance(0.4)
        self.with_refusals = self.chance(0.1)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    # -- documents -------------------------------------------------------------------------------------

    def query(self) -> Document:
        """Draw a query."""
        definitions = self._fragments()
        roots = " ".join(self._root() for _ in range(self.rng.choice([1, 1, 2])))
        roots += "".join(f" ...{name}" for name, of in self.fragments.items() if of == "Query" and self.chance(0.7))
        return self._document("query", roots, definitions)

    def mutation(self) -> Document:
        """Draw a mutation that posts `$input`, whose payload shows the transaction."""
        self.with_refusals = False
        definitions = self._fragments(without="Query")
        self.variables["input"] = _Variable("$input: CreateTransactionInput!", (None, None))
        shown = f"databaseId {self._selection('Transaction', 2)}"
        root = f"createTransaction(input: $input) {{ transaction {{ {shown} }} userErrors {{ code }} }}"
        return self._document("mutation", root, definitions)

    def _fragments(self, *, without: str = "") -> dict[str, str]:
        definitions = {}
        for _ in range(self.rng.randint(1, 4)):
            of = self.rng.choice([each for each in FRAGMENT_TYPES if each != without])
            name = self.name("F")
            body = self._root() if of == "Query" else self._of(of, 1)
            definitions[name] = f"fragment {name} on {of} {{ {body} }}"
            self.fragments[name] = of
        return definitions

    def _document(self, kind: str, selection: str, definitions: dict[str, str]) -> Document:
        used: dict[str, str] = {}
        pending = [selection]
        while pending:
            for name in re.findall(r"\.\.\.(F\d+)", pending.pop()):
                if name not in used:
                    used[name] = definitions[name]
                    pending.append(definitions[name])
        body = " ".join([f"{{ {selection} }}", *used.values()])
        mentioned = set(re.findall(r"\$(\w+)", body))
        variables = {name: each for name, each in self.variables.items() if name in mentioned}
        declared = ", ".join(each.declaration for each in variables.values())
        given: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for name, each in variables.items():
            for values, value in zip(given, each.values, strict=True):
                # What has no value is left out, and its default holds.
                if value is not None:
                    values[name] = value
        return Document(f"{kind}{f' ({declared})' if declared else ''} {body}", given)

    # -- values ----------------------------------------------------------------------------------------

    def value(self, type_name: str, *choices: Any) -> str:
        """Draw one of the values, as a literal, or as a variable with or without a default."""
        how = self.rng.choice(["literal", "literal", "variable", "default"])
        value, other, default = (self.rng.choice(choices) for _ in range(3))
        if how == "literal":
            return _literal(value)
        name = self.name("v")
        if how == "variable":
            required = "!" if self.chance(0.3) and not type_name.endswith("!") else ""
            self.variables[name] = _Variable(f"${name}: {type_name}{required}", (value, other))
        else:
            declaration = f"${name}: {type_name} = {_literal(default)}"
            self.variables[name] = _Variable(declaration, (None, other) if self.chance(0.6) else (value, None))
        return f"${name}"

    def directive(self) -> str:
        if not self.with_directives or self.chance(0.8):
            return ""
        name = self.rng.choice(["skip", "include"])
        return (
            f" @{name}(if: {self.rng.choice(['true', 'false'])})"
            if self.chance(0.4)
            else f" @{name}(if: {self._flag()})"
        )

    def _flag(self) -> str:
        name = self.name("b")
        values = self.chance(0.5), self.chance(0.5)
        self.variables[name] = _Variable(f"${name}: Boolean!", values)
        return f"${name}"

    # -- selections ------------------------------------------------------------------------------------

    def _of(self, type_name: str, depth: int) -> str:
        if type_name.endswith("Connection"):
            return self._connection(type_name.removesuffix("Connection"), depth)
        return self._selection(type_name, depth)

    def _selection(self, type_name: str, depth: int) -> str:
        """Draw what is selected of an object."""
        parts = [self._leaf(type_name) for _ in range(self.rng.randint(1, 2))]
        for name, target in TO_ONE[type_name].items():
            if self.chance(0.2 + 0.15 * depth):
                parts.append(f"{name}{self.directive()} {{ {self._selection(target, max(depth - 1, 0))} }}")
        lists = [name for name in TO_MANY[type_name] if depth and self.chance(0.45)]
        parts += [self._list(name, depth - 1, type_name) for name in lists]
        parts += self._spreads(type_name)
        if self.chance(0.2):
            parts.append(f"... on {type_name}{self.directive()} {{ {self._leaf(type_name)} }}")
        if self.chance(0.1):
            parts.append(f"... on Node {{ id }} ...{self.directive()} {{ __typename }}")
        self.rng.shuffle(parts)
        return " ".join(parts)

    def _spreads(self, type_name: str) -> list[str]:
        fitting = [name for name, of in self.fragments.items() if of == type_name]
        return [f"...{name}{self.directive()}" for name in fitting if self.chance(0.75)]

    def _leaf(self, type_name: str) -> str:
        name = self.rng.choice([*LEAVES[type_name], "__typename"])
        alias = f"{self.name('l')}: " if self.chance(0.2) else ""
        return f"{alias}{name}{self.directive()}"

    def _list(self, name: str, depth: int, parent: str = "") -> str:
        """Draw a connection: now and then as two fields that are to be merged."""
        type_name = TYPES[name]
        head = f"{self.name('c')}: {name}{self._arguments(type_name, parent)}"
        parts = [f"{head}{self.directive()} {{ {self._connection(type_name, depth)} }}"]
        if self.chance(0.15):
            parts.append(f"{head} {{ {self._connection(type_name, depth)} }}")
        return " ".join(parts)

    def _connection(self, type_name: str, depth: int) -> str:
        parts = []
        if self.chance(0.85):
            cursor = self.rng.choice(["cursor ", "", ""])
            parts.append(f"edges{self.directive()} {{ {cursor}node {{ {self._selection(type_name, depth)} }} }}")
        if self.chance(0.3) or not parts:
            parts.append("totalCount")
        if self.chance(0.3):
            parts.append(INFO)
        parts += self._spreads(f"{type_name}Connection")
        return " ".join(parts)

    def _root(self) -> str:
        alias = self.name("r")
        name = self.rng.choice(
            [
                *TYPES,
                *TYPES,
                "node",
                "nodes",
                "nodes",
                "wallet",
                "wallet",
                "transaction",
                "walletByLabel",
                "transactionByTxid",
            ]
        )
        if name in TYPES:
            return self._list(name, 2)
        if name in ("node", "nodes"):
            ids = [global_id(of, each) for of in TYPES.values() for each in self._some_ids(of)]
            given = (
                f"id: {self.value('ID!', *ids)}"
                if name == "node"
                else f"ids: {self.value('[ID!]!', ids, ids[::2], ids[1:4])}"
            )
            kinds = [
                f"... on {of}{self.directive()} {{ {self._selection(of, 1)} }}"
                for of in TYPES.values()
                if self.chance(0.7)
            ]
            spreads = [spread for of in TYPES.values() for spread in self._spreads(of)]
            return f"{alias}: {name}({given}) {{ __typename {' '.join(kinds + spreads)} }}"
        type_name, member = {
            "wallet": ("Wallet", "id"),
            "transaction": ("Transaction", "id"),
            "walletByLabel": ("Wallet", "label"),
            "transactionByTxid": ("Transaction", "txid"),
        }[name]
        rows = self.ledger.table(type_name)
        known = self._some_ids(type_name)
        names = (
            [*map(str, known), *(global_id(type_name, each) for each in known)]
            if member == "id"
            else [rows[each][member] for each in known if each in rows]
        )
        kind = "ID!" if member == "id" else "String!"
        return f"{alias}: {name}({member}: {self.value(kind, *names)}) {{ {self._selection(type_name, 2)} }}"

    def _some_ids(self, type_name: str) -> list[int]:
        """Draw ids that are there, and at times one that is not."""
        ids = self.rng.sample(sorted(self.ledger.table(type_name)), 3)
        return [*ids, 999_999] if self.chance(0.05) else ids

    # -- arguments -------------------------------------------------------------------------------------

    def _arguments(self, type_name: str, parent: str) -> str:
        given = self._page(type_name, parent)
        if self.chance(0.5):
            given.append(f"filters: {self._filters(type_name)}")
        return f"({', '.join(given)})" if given else ""

    def _page(self, type_name: str, parent: str) -> list[str]:
        """Draw an order and a page, whose cursors are of that order."""
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
                return f"{{kind: {self.value('EntryKind', _Word('post'), _Word('delete'))}}}"
        return self.value(f"{type_name}Filters", *given)


class _Word(str):
    """A value of an enum."""


_WORDS = {"ASC", "DESC", "opening", "post", "amend", "delete", "move_out", "move_in"}


def _literal(value: Any) -> str:
    """Return the value as a document has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_literal(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str) and value in _WORDS else json.dumps(value)
