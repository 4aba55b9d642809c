"""Documents, variables and other parts of a GraphQL request."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote

from tests.hostile_hour.requests import Kind, Request, graphql, number_of, pad, short


def unused_variables(text: str, size: int) -> Request:
    return graphql(query="{wallets{totalCount}}", variables={f"v{text}": [[]] * 900, "text": pad(text, size)})


def used_variables(text: str, size: int) -> Request:
    query = "query($label:String!){walletByLabel(label:$label){id}}"
    return graphql(query=query, variables={"label": pad(text, size)})


def filters(text: str, size: int) -> Request:
    query = "query($f:WalletFilters){wallets(filters:$f){totalCount}}"
    return graphql(query=query, variables={"f": {"label": {"icontains": pad(text, min(size, 250))}}})


def unused_extensions(text: str, size: int) -> Request:
    return graphql(query="{wallets{totalCount}}", extensions={text: [[]] * 900, "text": pad(text, size)})


def documents(text: str, size: int) -> Request:
    fields = min(max(size // 30, 1), 95)
    return graphql(query="{" + "".join(f"a{text}_{n}:wallet(id:{n % 8 + 1}){{id}} " for n in range(fields)) + "}")


def literals(text: str, size: int) -> Request:
    return graphql(query=f'{{walletByLabel(label:"{pad(text, short(size) - 100)}"){{id}}}}')


def comments(text: str, size: int) -> Request:
    return graphql(query=f"{{wallets{{totalCount}}}}#{pad(text, size)}")


def invalid_documents(text: str, size: int) -> Request:
    fields = min(max(size // 30, 1), 500)
    return graphql(query="{" + "".join(f"no_{text}_{n} " for n in range(fields)) + "}")


def broken_documents(text: str, size: int) -> Request:
    return graphql(query=f"{{wallets{{id no{text}({pad(text, short(size) - 100)}")


def operation_names(text: str, size: int) -> Request:
    return graphql(query=f"query q{text}{{wallets{{totalCount}}}}", operationName=pad(f"q{text}", size))


def persisted(text: str, _size: int) -> Request:
    query = f"{{q{text}:wallets{{totalCount}}}}"
    named = {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}
    return graphql(query=query, extensions={"persistedQuery": named})


def unknown_hashes(text: str, _size: int) -> Request:
    named = {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}
    return graphql(extensions={"persistedQuery": named})


def node_ids(text: str, size: int) -> Request:
    first = number_of(text) * 100
    ids = [str(first + n) for n in range(min(max(size // 20, 1), 100))]
    return graphql(query="query($ids:[ID!]!){nodes(ids:$ids){id}}", variables={"ids": ids})


def stamps(text: str, _size: int) -> Request:
    first = number_of(text) * 8
    fields = "".join(f"w{n}:wallet(id:$w{n}){{id}} " for n in range(8))
    declared = ",".join(f"$w{n}:ID!" for n in range(8))
    return graphql(query=f"query({declared}){{{fields}}}", variables={f"w{n}": str(first + n) for n in range(8)})


def cursors(text: str, size: int) -> Request:
    return graphql(query="query($a:String){wallets(after:$a){totalCount}}", variables={"a": pad(text, size)})


def refused_mutations(text: str, size: int) -> Request:
    query = "mutation($i:CreateWalletInput!){createWallet(input:$i){userErrors{code message}}}"
    return graphql(query=query, variables={"i": {"label": pad(text, size), "currency": "NONE"}})


def get_documents(text: str, size: int) -> Request:
    query = f"{{wallets{{totalCount}}}}#{pad(text, short(size))}"
    return Request(f"/graphql/?query={quote(query)}")


KINDS: tuple[Kind, ...] = (
    *(unused_variables, used_variables, filters, unused_extensions, documents, literals, comments),
    *(invalid_documents, broken_documents, operation_names, persisted, unknown_hashes, node_ids, stamps, cursors),
    *(refused_mutations, get_documents),
)
