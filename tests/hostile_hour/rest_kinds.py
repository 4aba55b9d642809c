"""Query strings, paths, ids and documents of JSON:API."""

from __future__ import annotations

from tests.hostile_hour.requests import JSON_API, WALLETS, Kind, Request, atomic, json_api, number_of, pad, short


def queries(text: str, size: int) -> Request:
    return Request(f"/api/wallets/?filter[label]={pad(text, short(size))}")


def searches(text: str, size: int) -> Request:
    return Request(f"/api/transactions/?filter[txid]={pad(text, min(size, 200))}&include=wallet")


def large_answers(text: str, _size: int) -> Request:
    since = f"2000-01-01T00:{number_of(text) // 10**6 % 60:02}:00.{number_of(text) % 10**6:06}Z"
    return Request(f"/api/wallets/?page[size]=100&filter[createdAt.gte]={since}")


def unknown_parameters(text: str, size: int) -> Request:
    return Request(f"/api/wallets/?filter[{text}]=1&page[after]={pad(text, short(size))}")


def fieldsets(text: str, size: int) -> Request:
    names = [name for place, name in enumerate(_FIELDS) if number_of(text) >> place & 1]
    return Request(f"/api/transactions/?fields[Transaction]={','.join(names)}&page[size]={size % 100 + 1}")


_FIELDS = ("txid", "amount", "description", "metadata", "createdAt", "updatedAt", "wallet", "entries")


def paths(text: str, size: int) -> Request:
    return Request(f"/api/{pad(text, short(size))}")


def ids(text: str, _size: int) -> Request:
    return Request(f"/api/wallets/{number_of(text)}/")


def related(text: str, _size: int) -> Request:
    number = number_of(text)
    return Request(f"/api/wallets/{number % WALLETS + 1}/transactions/?page[number]={number % 100_000 + 1}")


def new_wallet(text: str, size: int) -> Request:
    attributes = {"label": text, "metadata": {"about": pad(text, min(size, 2000))}}
    return json_api("/api/wallets/", {"data": {"type": "Wallet", "attributes": attributes}})


def posted(text: str, size: int) -> Request:
    wallet = {"data": {"type": "Wallet", "id": str(size % WALLETS + 1)}}
    attributes = {"txid": text, "amount": "1.00"}
    data = {"type": "Transaction", "attributes": attributes, "relationships": {"wallet": wallet}}
    return json_api("/api/transactions/", {"data": data})


def refused_writes(text: str, size: int) -> Request:
    return json_api("/api/wallets/", {"data": {"type": text, "attributes": {text: pad(text, size)}}})


def broken_bodies(text: str, size: int) -> Request:
    return Request("/api/wallets/", "POST", {"Content-Type": JSON_API}, f'{{"{pad(text, size)}":'.encode())


def operations(text: str, size: int) -> Request:
    return atomic({"op": "remove", "href": f"/api/wallets/{pad(text, size)}"})


def local_ids(text: str, size: int) -> Request:
    return atomic({"op": "add", "data": {"type": "Wallet", "lid": pad(text, size), "attributes": {"label": text}}})


KINDS: tuple[Kind, ...] = (
    *(queries, searches, large_answers, unknown_parameters, fieldsets, paths, ids, related, new_wallet, posted),
    *(refused_writes, broken_bodies, operations, local_ids),
)
