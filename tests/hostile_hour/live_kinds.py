"""Requests to the live server for server-sent events."""

from __future__ import annotations

from tests.hostile_hour.requests import WALLETS, Kind, Request, graphql, number_of, pad, short


def subscriptions(text: str, size: int) -> Request:
    fields = "".join(f"b{text}_{n}:balance " for n in range(min(max(size // 30, 1), 50)))
    query = f"subscription($w:ID!){{walletBalance(id:$w){{{fields}}}}}"
    variables = {"w": str(number_of(text) % WALLETS + 1)}
    return graphql(live=True, until=b"event: next", query=query, variables=variables)


def subscriptions_to_nothing(text: str, _size: int) -> Request:
    query = "subscription($w:ID!){walletBalance(id:$w){balance}}"
    return graphql(live=True, query=query, variables={"w": str(number_of(text) + 10**6)})


def live_variables(text: str, size: int) -> Request:
    query = "subscription{walletBalance(id:0){balance}}"
    return graphql(live=True, query=query, variables={text: pad(text, size)}, extensions={text: [[]] * 900})


def live_documents(text: str, size: int) -> Request:
    return graphql(live=True, query=f"subscription{{walletBalance(id:0){{balance}}}}#{pad(text, size)}")


def live_hosts(text: str, size: int) -> Request:
    headers = {"Host": f"localhost:{number_of(text)}{'1' * short(size)}", "Origin": "http://localhost"}
    return graphql(live=True, headers=headers, query="subscription{walletBalance(id:0){balance}}")


def live_accepts(text: str, size: int) -> Request:
    headers = {"Accept": f"text/{pad(text, short(size))}", "Origin": f"https://{text}"}
    return graphql(live=True, headers=headers, query="subscription{walletBalance(id:0){balance}}")


KINDS: tuple[Kind, ...] = (
    *(subscriptions, subscriptions_to_nothing, live_variables, live_documents, live_hosts, live_accepts),
)
