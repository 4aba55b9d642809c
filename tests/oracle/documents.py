"""Random documents: fragments spread in several places, aliases, variables, directives, lists in lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.answers import TYPES
from tests.oracle.arguments import Arguments
from tests.oracle.ledger import global_id
from tests.oracle.values import Variable

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
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
FRAGMENT_TYPES = ["Wallet", "Wallet", "Transaction", "Entry", "WalletConnection", "TransactionConnection", "Query"]


@dataclass
class Document:
    """A document, and two sets of values of its variables."""

    text: str
    variables: tuple[dict[str, Any], dict[str, Any]]


@dataclass
class Draw(Arguments):
    """Generates the parts of one document."""

    fragments: dict[str, str] = field(default_factory=dict)
    """The types of the existing fragments, by name: only these can be spread."""

    def __post_init__(self) -> None:
        self.with_directives = self.chance(0.4)
        self.with_variables = self.chance(0.6)
        self.with_refusals = self.chance(0.1)

    # -- documents -------------------------------------------------------------------------------------

    def query(self) -> Document:
        """Generate a query."""
        definitions = self._fragments()
        roots = " ".join(self._root() for _ in range(self.rng.choice([1, 1, 2])))
        roots += "".join(f" ...{name}" for name, of in self.fragments.items() if of == "Query" and self.chance(0.7))
        return self._document("query", roots, definitions)

    def mutation(self) -> Document:
        """Generate a mutation that posts `$input`, whose payload shows the transaction."""
        self.with_refusals = False
        definitions = self._fragments(without="Query")
        self.variables["input"] = Variable("$input: CreateTransactionInput!", (None, None))
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
                # An input without a value is omitted, and its default applies.
                if value is not None:
                    values[name] = value
        return Document(f"{kind}{f' ({declared})' if declared else ''} {body}", given)

    # -- selections ------------------------------------------------------------------------------------

    def _of(self, type_name: str, depth: int) -> str:
        if type_name.endswith("Connection"):
            return self._connection(type_name.removesuffix("Connection"), depth)
        return self._selection(type_name, depth)

    def _selection(self, type_name: str, depth: int) -> str:
        """Generate the selection of an object."""
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
        """Generate a connection: sometimes as two fields that must be merged."""
        type_name = TYPES[name]
        head = f"{self.name('c')}: {name}{self.arguments(type_name, parent)}"
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
            ids = [global_id(of, each) for of in TYPES.values() for each in self.some_ids(of)]
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
        known = self.some_ids(type_name)
        names = (
            [*map(str, known), *(global_id(type_name, each) for each in known)]
            if member == "id"
            else [rows[each][member] for each in known if each in rows]
        )
        kind = "ID!" if member == "id" else "String!"
        return f"{alias}: {name}({member}: {self.value(kind, *names)}) {{ {self._selection(type_name, 2)} }}"
