"""The cases of the GraphQL face: a document for each field, argument, member of an input and value of an enum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from tests.access.case import Case, Else
from tests.access.collected import Thing
from tests.access.contract import (
    BOOKS,
    FOR_UNBOUND,
    RELATIONS,
    SETTINGS,
    TO_MANY,
    TO_ONE,
    Uncovered,
    of_reversed,
    reading,
    writing,
)

_LISTS = {
    "wallets": "Wallet",
    "transactions": "Transaction",
    "entries": "Entry",
    "transfers": "Transfer",
    "holds": "Hold",
}
_ROOTS = {
    "Wallet": 'wallet(id: "{wallet}")',
    "Transaction": 'transaction(id: "{transaction}")',
    "Entry": 'entries(filters: {transaction: "{transaction}"})',
    "Transfer": 'transfer(id: "{transfer}")',
    "Hold": 'hold(id: "{hold}")',
}
_LEAVES = {"Wallet": "label", "Transaction": "txid", "Entry": "kind", "Transfer": "txid", "Hold": "txid"}
_MUTATIONS = {
    "createWallet": ("Wallet", 'label: "New"', "wallet"),
    "updateWallet": ("Wallet", 'id: "{wallet}", metadata: {a: 1}', "wallet"),
    "deleteWallet": ("Wallet", 'id: "{empty}"', "wallet"),
    "createTransaction": ("Transaction", 'txid: "N1", amount: "1.25", walletId: "{wallet}"', "transaction"),
    "createTransactions": (
        "Transaction",
        'txid: "N1", amount: "1.25", walletId: "{wallet}"',
        "transactions",
    ),
    "updateTransaction": ("Transaction", 'id: "{transaction}", metadata: {a: 1}', "transaction"),
    "deleteTransaction": ("Transaction", 'id: "{transaction}"', "transaction"),
    "createTransfer": (
        "Transfer",
        'txid: "N1", source: "{wallet}", destination: "{other}", amount: "1.25"',
        "transfer",
    ),
    "reverseTransaction": ("Transaction", 'id: "{transaction}", txid: "N1"', "transaction"),
    "reverseTransfer": ("Transfer", 'id: "{transfer}", txid: "N1"', "transfer"),
    "updateTransfer": ("Transfer", 'id: "{transfer}", metadata: {a: 1}', "transfer"),
    "createHold": ("Hold", 'txid: "N1", amount: "1.25", walletId: "{wallet}"', "hold"),
    "updateHold": ("Hold", 'id: "{hold}", metadata: {a: 1}', "hold"),
    "captureHold": ("Transaction", 'id: "{hold}", txid: "N1"', "transaction"),
    "releaseHold": ("Hold", 'id: "{hold}"', "hold"),
}
_OF_MANY = {"createTransactions"}
_WRITTEN = {"captureHold": "Hold"}
"""Whose scope a mutation takes, if that is not what it shows."""
_KEYED = ("create", "capture", "release", "reverse")
"""How the mutations begin that take an idempotency key."""
_INPUTS = {
    "label": '"New"',
    "balance": '"1.00"',
    "currency": '"USD"',
    "metadata": "{b: 2}",
    "txid": '"N1"',
    "amount": '"1.25"',
    "description": '"text"',
    "walletId": '"{other}"',
    "owner": '"alice"',
    "conditions": '{balance: {gte: "0"}}',
    "floor": '"-5.00"',
    "state": "active",
    "idempotencyKey": '"key-1"',
    "source": '"{wallet}"',
    "destination": '"{other}"',
    "upTo": '"1.25"',
    "destinationId": '"{other}"',
    "expiresAt": '"2999-01-01T00:00:00Z"',
    "isFinal": "true",
    "allowExcess": "true",
    "id": None,
}
_FILTERS = {
    "label.exact": '"{label}"',
    "label.icontains": '"sav"',
    "balance.exact": '"90.00"',
    "currency": '"USD"',
    "state": "active",
    "search": '"a"',
    "txid": '"{txid}"',
    "txid.exact": '"{txid}"',
    "txid.icontains": '"t"',
    "amount.exact": '"-10.00"',
    "wallet": '"{wallet}"',
    "transaction": '"{transaction}"',
    "transfer": '"{transfer}"',
    "hold": '"{hold}"',
    "reversalOf": '"{reversed}"',
    "kind": "post",
    "owner": '"alice"',
    "sequence.gt": "0",
}
_RANGES = {
    "balance": '"1"',
    "amount": '"-100"',
    "createdAt": '"2020-01-01T00:00:00Z"',
    "expiresAt": '"2020-01-01T00:00:00Z"',
}
_PAGES = {"first": "1", "last": "1", "after": '"{cursor}"', "before": '"{cursor}"'}
_ARGUMENTS = {
    "node": {"id": '"{global_wallet}"'},
    "nodes": {"ids": '["{global_wallet}", "{global_transaction}"]'},
    "wallet": {"id": '"{wallet}"'},
    "walletByLabel": {"label": '"{label}"', "owner": '"alice"'},
    "transaction": {"id": '"{transaction}"'},
    "transactionByTxid": {"txid": '"{txid}"', "owner": '"alice"'},
    "transfer": {"id": '"{transfer}"'},
    "transferByTxid": {"txid": '"{transfer_txid}"', "owner": '"alice"'},
    "hold": {"id": '"{hold}"'},
    "holdByTxid": {"txid": '"{hold_txid}"', "owner": '"alice"'},
}
_COMPUTED_TYPES = {"Balance": "balanceAt", "Statement": "statement"}
_COMPUTED_LEAVES = {"balanceAt": "balance", "statement": "closing"}
_PERIOD = 'from: "2020-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z"'
_COMPUTED_ARGUMENTS = {
    "balanceAt": {"at": 'at: "2026-01-01T00:00:00Z"', "sequence": "sequence: 1"},
    "statement": {"from": _PERIOD, "to": _PERIOD},
}
_BOOKS = {"books": "books { paid }", "book": 'book(currency: "USD") { paid }'}
_PLUMBING = {"edges", "pageInfo", "totalCount", "countIsMinimum", "node", "cursor"}
_USER_ERRORS = ("code", "message", "field", "isSame")


def graphql_cases(things: Iterable[Thing]) -> Iterator[Case]:
    """Yield a case for each thing of the schema. Raises `Uncovered`."""
    for thing in things:
        if not thing.place.startswith("Subscription") and thing.kind in _MAKERS:
            yield _MAKERS[thing.kind](thing)
        elif not thing.place.startswith("Subscription"):
            raise Uncovered(thing)


def query(thing: Thing, text: str, *resources: str, foreign: Else = Else.ABSENT) -> Case:
    """Return the case of a query that shows records of these resources."""
    return _case(thing, f"{{ {text} }}", scopes=reading(*resources), foreign=foreign)


def _case(thing: Thing, text: str, **more: Any) -> Case:
    content = {"query": text}
    return Case((thing,), "POST", "/graphql/", content, content_type="application/json", **more)


# -- fields ----------------------------------------------------------------------------------------------


def _field(thing: Thing) -> Case:
    place, name = thing.place, thing.name
    if place == "Query":
        return _root(thing, name)
    if place == "Mutation":
        return _mutation(thing, name)
    if place in _ROOTS:
        return _of_record(thing, place, name)
    if place == "Book":
        return _book(thing, f"books {{ {name} }}")
    if place in _COMPUTED_TYPES:
        leaf = "lines { edges { node { kind } } }" if name == "lines" else name
        return _computed(thing, _COMPUTED_TYPES[place], leaf)
    if place == "PageInfo":
        return query(thing, f"wallets {{ pageInfo {{ {name} }} }}", "Wallet", foreign=Else.NOTHING)
    if place == "UserError" and name in _USER_ERRORS:
        text = f'mutation {{ deleteWallet(input: {{id: "{{empty}}"}}) {{ userErrors {{ code {name} }} }} }}'
        return _case(thing, text, scopes=writing("Wallet"), foreign=Else.ABSENT)
    if place.endswith("Payload"):
        return _of_payload(thing, place.removesuffix("Payload"), name)
    resource = place.removesuffix("Connection").removesuffix("Edge")
    if resource in _ROOTS and resource != place and name in _PLUMBING:
        return _of_page(thing, resource, name, is_edge=place.endswith("Edge"))
    raise Uncovered(thing)


def _book(thing: Thing, text: str) -> Case:
    """Return the case of books: for callers that are bound to an owner there are none."""
    return _case(thing, f"{{ {text} }}", scopes=BOOKS, for_unbound=True, foreign=Else.ABSENT)


def _root(thing: Thing, name: str) -> Case:
    if name in _BOOKS:
        return _book(thing, _BOOKS[name])
    if name in _LISTS:
        resource = _LISTS[name]
        text = f"{name} {{ totalCount edges {{ node {{ {_LEAVES[resource]} }} }} }}"
        return query(thing, text, resource, foreign=Else.NOTHING)
    arguments = {
        key: value for key, value in _ARGUMENTS.get(name, {}).items() if key != "owner" or thing.name == "owner"
    }
    if not arguments:
        raise Uncovered(thing)
    return _one(thing, name, arguments)


def _one(thing: Thing, name: str, arguments: dict[str, str]) -> Case:
    given = ", ".join(f"{key}: {value}" for key, value in arguments.items())
    if name in ("node", "nodes"):
        resources = ("Wallet",) if name == "node" else ("Wallet", "Transaction")
        shown = "id ... on Wallet { label } ... on Transaction { txid }"
        return query(thing, f"{name}({given}) {{ {shown} }}", *resources, foreign=Else.NULL)
    resource = next(each for each in ("Wallet", "Transaction", "Transfer", "Hold") if name.startswith(each.lower()))
    return query(thing, f"{name}({given}) {{ {_LEAVES[resource]} }}", resource)


def _of_record(thing: Thing, resource: str, name: str) -> Case:
    shown, resources = name, [resource]
    if resource == "Wallet" and name in _COMPUTED_LEAVES:
        return _computed(thing, name, _COMPUTED_LEAVES[name])
    if (resource, name) in RELATIONS:
        target = RELATIONS[resource, name]
        inner = _LEAVES[target] if (resource, name) in TO_ONE else f"edges {{ node {{ {_LEAVES[target]} }} }}"
        shown, resources = f"{name} {{ {inner} }}", [resource, target]
    if resource != "Entry":
        return query(thing, f"{_ROOTS[resource]} {{ {shown} }}", *resources)
    return query(thing, f"{_ROOTS[resource]} {{ edges {{ node {{ {shown} }} }} }}", *resources, foreign=Else.NOTHING)


def _computed(thing: Thing, name: str, leaf: str, argument: str = "") -> Case:
    """Return the case of something that is computed from the entries of a wallet."""
    given = _COMPUTED_ARGUMENTS[name]
    if argument and argument not in given:
        raise Uncovered(thing)
    value = given[argument or next(iter(given))]
    return query(thing, f"{_ROOTS['Wallet']} {{ {name}({value}) {{ {leaf} }} }}", "Wallet", "Entry")


def _of_page(thing: Thing, resource: str, name: str, *, is_edge: bool) -> Case:
    root = next(root for root, shown in _LISTS.items() if shown == resource)
    leaf = f"node {{ {_LEAVES[resource]} }}"
    inner = {"edges": f"edges {{ {leaf} }}", "node": leaf, "pageInfo": "pageInfo { endCursor }"}.get(name, name)
    return query(
        thing, f"{root} {{ {f'edges {{ {inner} }}' if is_edge else inner} }}", resource, foreign=Else.NOTHING
    )


# -- arguments and inputs --------------------------------------------------------------------------------


def _argument(thing: Thing) -> Case:
    parent, _, field = thing.place.partition(".")
    if parent == "Mutation":
        return _mutation(thing, field)
    if parent == "Query" and (field, thing.name) == ("book", "currency"):
        return _book(thing, _BOOKS[field])
    if parent == "Query" and field in _ARGUMENTS:
        known = _ARGUMENTS[field]
        if thing.name not in known:
            raise Uncovered(thing)
        return _one(thing, field, {key: value for key, value in known.items() if key != "owner" or thing.name == key})
    if parent == "Query" and field in _LISTS:
        resource = _LISTS[field]
        text = f"{field}({_list_argument(thing)}) {{ edges {{ node {{ {_LEAVES[resource]} }} }} }}"
        return query(thing, text, resource, foreign=Else.NOTHING)
    if (parent, field) == ("Statement", "lines"):
        shown = f"lines({_list_argument(thing)}) {{ edges {{ node {{ kind }} }} }}"
        return _computed(thing, "statement", shown)
    if parent == "Wallet" and field in _COMPUTED_LEAVES:
        return _computed(thing, field, _COMPUTED_LEAVES[field], thing.name)
    if (parent, field) in TO_MANY:
        target = TO_MANY[parent, field]
        shown = f"{field}({_list_argument(thing)}) {{ edges {{ node {{ {_LEAVES[target]} }} }} }}"
        root = of_reversed(_ROOTS[parent]) if field == "reversals" else _ROOTS[parent]
        return query(thing, f"{root} {{ {shown} }}", parent, target)
    raise Uncovered(thing)


def _list_argument(thing: Thing) -> str:
    given = {**_PAGES, "filters": "{}", "ordering": "[{id: DESC}]"}
    if thing.name not in given:
        raise Uncovered(thing)
    size = {"after": ", first: 1", "before": ", last: 1"}.get(thing.name, "")
    return f"{thing.name}: {given[thing.name]}{size}"


def _input(thing: Thing) -> Case:
    place, name = thing.place, thing.name
    if place in ("TransferLegInput", "ExternalAmountInput"):
        of = "legs" if place == "TransferLegInput" else "external"
        return _mutation(thing, "createTransfer", f"{of}.{name}")
    if place in ("ConditionsInput", "AmountConditionInput"):
        return _conditions(thing, name)
    if place == "TransactionRowInput" and not name.startswith("conditions."):
        return _mutation(thing, "createTransactions", name)
    if name.startswith("conditions."):
        return _conditions(thing, name.removeprefix("conditions."))
    if place.endswith("Input"):
        return _mutation(thing, place[0].lower() + place.removesuffix("Input")[1:], name)
    for suffix, argument in (("Filters", _filter), ("Order", _order)):
        resource = place.removesuffix(suffix)
        if resource != place and resource in _LEAVES:
            root = next(root for root, shown in _LISTS.items() if shown == resource)
            text = f"{root}({argument(thing)}) {{ edges {{ node {{ {_LEAVES[resource]} }} }} }}"
            return _for_unbound(query(thing, text, resource, foreign=Else.NOTHING), thing.name)
    raise Uncovered(thing)


def _conditions(thing: Thing, name: str) -> Case:
    """Return a post with a condition that holds."""
    bounds = {"gt": '"0"', "gte": '"0"', "lt": '"99999"', "lte": '"99999"', "eq": "null"}
    amount, _, comparison = name.rpartition(".")
    if comparison in bounds:
        text = f"{amount or 'available'}: {{{comparison}: {bounds[comparison]}}}"
    else:
        others = {"sequence": "null", "notAfter": '"2999-01-01T00:00:00Z"'}
        text = f"{name}: {others.get(name, '{}')}"
    resource, given, shown = _MUTATIONS["createTransaction"]
    given += f", conditions: {{{text}}}"
    return _mutating(thing, "createTransaction", given, f"{shown} {{ txid }} userErrors {{ code }}", resource)


def _filter(thing: Thing) -> str:
    field, _, lookup = thing.name.partition(".")
    value = "open" if thing.place == "HoldFilters" and field == "state" else _FILTERS.get(thing.name)
    if value is None and field in _RANGES:
        up = '"2999-01-01T00:00:00Z"' if field.endswith("At") else '"1000"'
        value = {"gte": _RANGES[field], "gt": _RANGES[field], "lte": up, "lt": up}.get(lookup)
    if value is None:
        raise Uncovered(thing)
    return f"filters: {{{field}: {f'{{{lookup}: {value}}}' if lookup else value}}}"


def _order(thing: Thing) -> str:
    return f"ordering: [{{{thing.name}: DESC}}]"


def _value(thing: Thing) -> Case:
    if thing.place == "EntryKind":
        text = f"entries(filters: {{kind: {thing.name}}}) {{ edges {{ node {{ kind }} }} }}"
        return query(thing, text, "Entry", foreign=Else.NOTHING)
    if thing.place == "WalletState":
        text = f"wallets(filters: {{state: {thing.name}}}) {{ edges {{ node {{ label }} }} }}"
        return query(thing, text, "Wallet", foreign=Else.NOTHING)
    if thing.place == "HoldState":
        text = f"holds(filters: {{state: {thing.name}}}) {{ edges {{ node {{ txid }} }} }}"
        return query(thing, text, "Hold", foreign=Else.NOTHING)
    if thing.place == "Ordering":
        text = f"wallets(ordering: [{{label: {thing.name}}}]) {{ edges {{ node {{ label }} }} }}"
        return query(thing, text, "Wallet", foreign=Else.NOTHING)
    raise Uncovered(thing)


# -- mutations -------------------------------------------------------------------------------------------


_MOVED = {
    "legs": 'txid: "N1", legs: [{wallet: "{wallet}", amount: "1", description: "a"},'
    ' {wallet: "{other}", amount: "-1"}]',
    "external": 'txid: "N1", legs: [{wallet: "{wallet}", amount: "1"}], external: [{currency: "USD", amount: "-1"}]',
}
"""What a new transfer moves otherwise."""


def _mutation(thing: Thing, name: str, member: str = "") -> Case:
    if name == "createTransfer" and (moved := _MOVED.get(member.partition(".")[0])):
        return _mutating(thing, name, moved, "transfer { txid } userErrors { code }", "Transfer")
    if name not in _MUTATIONS or (member and member not in _INPUTS):
        raise Uncovered(thing)
    resource, given, shown = _MUTATIONS[name]
    value = _INPUTS.get(member)
    if member == "upTo":
        given = given.replace(', amount: "1.25"', "")
    if value is not None:
        members = dict(each.split(": ", 1) for each in given.split(", "))
        given = ", ".join(f"{key}: {each}" for key, each in {**members, member: value}.items())
    shown = f"{shown} {{ {_LEAVES[resource]} }} userErrors {{ code }}"
    case = _mutating(thing, name, given, shown, resource)
    taken = _WRITTEN.get(name, resource)
    written = writing(taken, member)
    # Callers who may do all to their own are no administrators.
    foreign = Else.ABSENT_OR_FORBIDDEN if member in SETTINGS else case.foreign
    case = replace(case, scopes=case.scopes - writing(taken) | written, foreign=foreign)
    return _for_unbound(case, member)


def _for_unbound(case: Case, name: str) -> Case:
    """Return the case, of something that bound callers do not know if its name says so."""
    return replace(case, for_unbound=True, foreign=Else.UNKNOWN) if name in FOR_UNBOUND else case


def _of_payload(thing: Thing, name: str, field: str) -> Case:
    name = name[0].lower() + name[1:]
    if name not in _MUTATIONS:
        raise Uncovered(thing)
    resource, given, shown = _MUTATIONS[name]
    if field == "isReplay" and name.startswith(_KEYED):
        return _mutating(thing, name, given, f"{field} userErrors {{ code }}", resource)
    if field not in (shown, "userErrors"):
        raise Uncovered(thing)
    if field == "userErrors":
        return _mutating(thing, name, given, "userErrors { code }", resource)
    # What is related is shown to those only who may read it.
    relations = [(relation, target) for (of, relation), target in TO_ONE.items() if of == resource]
    relation, target = (
        relations[0]
        if relations
        else next((relation, target) for (of, relation), target in reversed(TO_MANY.items()) if of == resource)
    )
    inner = f"{relation} {{ {_LEAVES[target]} }}" if relations else f"{relation} {{ totalCount }}"
    return _mutating(thing, name, given, f"{shown} {{ {inner} }} userErrors {{ code }}", resource, target)


def _mutating(thing: Thing, name: str, given: str, shown: str, resource: str, *related: str) -> Case:
    arguments = f"input: {{{given}}}"
    if name in _OF_MANY:
        arguments = f"input: [{{{given}}}]"
        if thing.name == "idempotencyKey":
            arguments += f", idempotencyKey: {_INPUTS['idempotencyKey']}"
    return _case(
        thing,
        f"mutation {{ {name}({arguments}) {{ {shown} }} }}",
        scopes=writing(_WRITTEN.get(name, resource)) | reading(*related),
        foreign=Else.OWN if name == "createWallet" else Else.ABSENT,
    )


_MAKERS = {"field": _field, "argument": _argument, "input": _input, "value": _value}
