"""Requests that no document describes: hypothesis makes their lines, headers, bodies and framing."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from tests.intrusion.requests import Headers, Request
from tests.intrusion.targets import JSON_API, NAMES, PATHS, TYPES, Targets

_ATOMIC = f'{JSON_API};ext="https://jsonapi.org/ext/atomic"'
_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT", "TRACE", "PROPFIND", "get", "X" * 40)
_RELATIONS = (
    *("", "transactions/", "entries/", "wallet/", "transaction/", "relationships/entries/", "delete/"),
    *("holds/", "captures/", "releases/", "reversals/", "legs/", "relationships/captures/", "balance/", "statement/"),
)
_ENDS = ("", "/", "//", "%00", "%2F", "/..", "/.", ";x", "%", "%ff", "?", "#x", "%0d%0aX:1")
_KNOWN: dict[str, tuple[str, ...]] = {
    "Accept": ("*/*", JSON_API, "text/html", _ATOMIC, "application/json;q=0", "a" * 300, "text/event-stream"),
    "Content-Type": (JSON_API, _ATOMIC, "application/json", "text/plain", f"{JSON_API};charset=latin-1", ""),
    "If-Match": ("*", '"x"', 'W/"x"', "x", '"', ","),
    "If-None-Match": ("*", '"x"', "x"),
    "Walletsvc-Owner": ("alice", "bob", "", "ALICE", "alice, bob", "\xe9", "%", "x" * 300),
    "Host": ("localhost", "127.0.0.1:1", "evil.example", "", "localhost:x"),
    "Origin": ("http://localhost", "null", "https://evil.example", "x" * 300),
    "X-Forwarded-For": ("127.0.0.1", "evil", "::1"),
    "X-Forwarded-Proto": ("https", "x"),
    "X-HTTP-Method-Override": ("DELETE",),
    "Content-Encoding": ("gzip", "identity", "br"),
    "Transfer-Encoding": ("gzip", "gzip, chunked", "identity"),
    "Expect": ("100-continue", "x"),
    "Range": ("bytes=0-1",),
    "Cookie": ("sessionid=x", "Authorization=x"),
    "Upgrade": ("websocket", "h2c"),
    "Connection": ("close", "upgrade", "keep-alive, X"),
    "Access-Control-Request-Method": ("DELETE",),
    "Idempotency-Key": ("x", '"x"'),
}
_TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-_0123456789", min_size=1, max_size=20).map(lambda text: f"X-{text}")
_VALUE = st.binary(max_size=60).map(lambda value: bytes(each for each in value if each not in b"\r\n\0"))
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([*NAMES, "\0", "\ud800", "1e400", "9" * 60, "\u202e"]),
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_QUERIES = (
    "{ wallets { edges { node { id label metadata } } } }",
    "query($x: ID!) { wallet(id: $x) { label entries { totalCount } } }",
    "query($x: ID!) { node(id: $x) { __typename ... on Wallet { label } ... on Entry { principal txid } } }",
    "mutation($x: ID!) { deleteTransaction(input: {id: $x}) { transaction { txid } userErrors { code message } } }",
    "query($x: [ID!]!) { nodes(ids: $x) { id } }",
    "query($x: TransactionFilters) { transactions(filters: $x) { totalCount edges { cursor node { txid } } } }",
    "{ __schema { types { name } } }",
    "subscription { walletBalance(id: 1) { label } }",
    "{ a: wallets { totalCount } b: wallets { totalCount } ...F } fragment F on Query { ...F }",
)


@st.composite
def raw_requests(draw: st.DrawFn, targets: Targets, owner: str) -> Request:
    """Draw a request. `owner` is whose marker it may have."""
    random = draw(st.randoms(use_true_random=True))
    is_graphql = random.random() < 0.3
    method = random.choice(_METHODS if random.random() < 0.5 else _METHODS[:5])
    target = b"/graphql/" if is_graphql else _path(draw, random, targets)
    target += _query(draw, random, targets, is_graphql=is_graphql)
    body, media_type = None, ""
    if method not in ("GET", "HEAD", "TRACE") or random.random() < 0.05:
        document, media_type = _document(draw, random, targets, owner, is_graphql=is_graphql)
        body = _damaged(draw, random, document)
    headers = _headers(draw, random, media_type)
    request = Request("raw", method, target, headers, body)
    return _framed(random, request)


def _path(draw: st.DrawFn, random: Random, targets: Targets) -> bytes:
    name = random.choice(TYPES)
    path = random.choice(
        (
            f"/api/{PATHS[name]}/",
            f"/api/{PATHS[name]}/{targets.an_id(random, name)}/",
            f"/api/{PATHS[name]}/{targets.an_id(random, name)}/{random.choice(_RELATIONS)}",
            "/api/operations/",
            f"/api/{PATHS[name]}/{quote(draw(st.text(max_size=12)).encode('utf-8', 'surrogatepass'))}",
            random.choice(("/", "/api", "/healthz", "/api/schema/", "/api/docs/", "/static/x", "*", "//", "/admin/")),
        )
    )
    if random.random() < 0.15:
        path = path.rstrip("/") + random.choice(_ENDS)
    return path.partition("#")[0].encode() if path != "*" else b"*"


def _query(draw: st.DrawFn, random: Random, targets: Targets, *, is_graphql: bool) -> bytes:
    if random.random() < 0.6:
        return b""
    names = [
        "filter[wallet]",
        "filter[search]",
        "include",
        "sort",
        "page[after]",
        "page[size]",
        "fields[Wallet]",
        "x",
    ]
    if is_graphql:
        names = ["query", "variables", "extensions", "operationName"]
    given = []
    for _ in range(random.randrange(1, 4)):
        value = random.choice(
            (
                draw(st.binary(max_size=20)),
                targets.an_id(random).encode(),
                random.choice(("wallet.entries", "-createdAt,label", "entries.wallet", *_QUERIES)).encode(),
            )
        )
        given.append(f"{quote(random.choice(names), '')}={quote_from_bytes(value)}")
    return f"?{'&'.join(given)}".encode()


def _document(
    draw: st.DrawFn, random: Random, targets: Targets, owner: str, *, is_graphql: bool
) -> tuple[bytes, str]:
    """Return a body, and its media type."""
    if is_graphql:
        variables: Any = {"x": random.choice((targets.a_global_id(random), draw(_JSON)))}
        content: Any = {"query": random.choice(_QUERIES), "variables": variables}
        if random.random() < 0.2:
            content |= {random.choice(("operationName", "extensions", "variables", "query")): draw(_JSON)}
        return _encoded(random.choice((content, [content, content])) if random.random() < 0.1 else content), (
            "application/json"
        )
    name = random.choice(TYPES)
    identified = {"type": name, "id": targets.an_id(random, name)}
    attributes = {"label": "x", "txid": "y", "amount": "1", "metadata": draw(_JSON), "description": "z"}
    kept = {key: value for key, value in attributes.items() if random.random() < 0.5}
    kept |= {"wallet": "1"} if random.random() < 0.4 else {}
    resource = targets.lead_json({**identified, "attributes": kept}, random, owner)
    if random.random() < 0.3:
        resource["relationships"] = draw(_JSON)
    if random.random() < 0.35:
        operations = [
            {
                "op": random.choice(("add", "update", "remove", "x")),
                random.choice(("ref", "href")): random.choice(
                    (identified, f"/api/{PATHS[name]}/{identified['id']}/", draw(_JSON))
                ),
                "data": random.choice((resource, identified, draw(_JSON))),
            }
            for _ in range(random.randrange(1, 3))
        ]
        return _encoded({"atomic:operations": operations}), _ATOMIC
    return _encoded({"data": random.choice((resource, resource, [resource], draw(_JSON)))}), JSON_API


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=value is None or len(repr(value)) % 2 == 0).encode("utf-8", "surrogatepass")


def _damaged(draw: st.DrawFn, random: Random, body: bytes) -> bytes:
    """Return the body, sometimes cut off, changed in a byte, or another altogether."""
    chance = random.random()
    if chance < 0.1:
        return body[: random.randrange(len(body))]
    if chance < 0.2:
        place = random.randrange(len(body))
        return body[:place] + draw(st.binary(min_size=1, max_size=3)) + body[place + 1 :]
    if chance < 0.3:
        return draw(st.binary(max_size=200))
    if chance < 0.33:
        return random.choice((b"[" * 5000, b'{"a":' * 3000, b"\xef\xbb\xbf" + body, b"9" * 6000, b" " * 5000 + body))
    return body


def _headers(draw: st.DrawFn, random: Random, media_type: str) -> Headers:
    headers = [("Content-Type", media_type.encode())] if media_type and random.random() < 0.9 else []
    for _ in range(random.choice((0, 0, 1, 2, 4))):
        if random.random() < 0.8:
            name = random.choice([*_KNOWN])
            value = random.choice(_KNOWN[name]).encode("latin-1")
            if name in ("Content-Type", "Host"):
                headers = [each for each in headers if each[0] != name]
        else:
            name, value = draw(_TOKEN), draw(_VALUE)
        headers.append((name, value))
    return tuple(headers)


def _framed(random: Random, request: Request) -> Request:
    """Return the request, sometimes with a body in chunks, or with a framing that cannot be."""
    if any(name == "Transfer-Encoding" for name, _ in request.headers):
        return Request(request.kind, request.method, request.target, request.headers, request.body, is_broken=True)
    chance, body = random.random(), request.body
    if body is None or chance > 0.14:
        # Whoever asks for another protocol on the same connection may get it.
        is_upgrade = any(name == "Upgrade" for name, _ in request.headers)
        return Request(request.kind, request.method, request.target, request.headers, body, is_broken=is_upgrade)
    if chance < 0.1:
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
        headers: Headers = (*request.headers, ("Transfer-Encoding", b"chunked"))
        return Request(request.kind, request.method, request.target, headers, chunks)
    length = random.choice((b"%d" % (len(body) + 5), b"-1", b"x", b"1, 2", b"9" * 30))
    headers = (*request.headers, ("Content-Length", length))
    return Request(request.kind, request.method, request.target, headers, body, is_broken=True)
