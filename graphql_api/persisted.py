"""Documents that clients name instead of sending them.

Automatic persisted queries are Apollo's protocol (https://www.apollographql.com/docs/apollo-server/performance/apq):
a client sends a hash, and once, when the server does not know it, the text as well. The cache may lose a document:
then the client sends it again.

With `settings.GRAPHQL_ALLOWLIST`, a file that the build of the clients writes, only its documents run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from graphql import GraphQLError

from graphql_api.requests import GraphQLRequest
from walletsvc.cache import responses
from walletsvc.cache.store import PREFIX, Unreachable

KEPT_SECONDS = 86_400
NOT_FOUND = "PersistedQueryNotFound"
"""The message that asks a client of Apollo's protocol to send the text as well."""
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The documents that may run, by their ids, and their texts."""

    by_id: Mapping[str, str]
    texts: frozenset[str]


@lru_cache(maxsize=1)
def read_allowlist(path: str) -> Allowlist | None:
    """Return the documents in a JSON file, or None if `path` is empty.

    The file is an object of texts by their ids, as relay-compiler writes it, or Apollo's persisted query manifest.
    Raises `ImproperlyConfigured`.
    """
    if not path:
        return None
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content.get("format") == "apollo-persisted-query-manifest":
            content = {operation["id"]: operation["body"] for operation in content["operations"]}
        if not all(isinstance(text, str) for text in content.values()):
            raise TypeError("a document is a string")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ImproperlyConfigured(
            f"GRAPHQL_ALLOWLIST names {path}, which is not a list of documents: {error}"
        ) from error
    return Allowlist(content, frozenset(content.values()))


def check_allowed(text: str) -> None:
    """Raise `GraphQLError` if there is an allowlist, and the document is not on it."""
    allowlist = read_allowlist(settings.GRAPHQL_ALLOWLIST)
    if allowlist is not None and text not in allowlist.texts:
        raise _refusal("This server runs registered documents only.", "graphql_not_registered")


def find_text(request: GraphQLRequest, *, owner: str | None) -> str | None:
    """Return the text of the document in the request, or None if the request has none.

    A hash is known to callers of the same `owner`: whether another has sent a document shows what the other asks for.
    Raises `GraphQLError` for a hash that is unknown, or that is the hash of another text.
    """
    allowlist = read_allowlist(settings.GRAPHQL_ALLOWLIST)
    identifier = request.document_id or _hash_in(request)
    if identifier is None:
        return request.query
    if allowlist is not None:
        text = allowlist.by_id.get(identifier, request.query)
        if text is None:
            raise _refusal("There is no registered document of this id.", "graphql_not_registered")
        return text
    if request.query is None:
        # Only a hash becomes a key of the store, never any other text of a caller.
        text = _recall(_key(identifier, owner)) if _HASH.fullmatch(identifier) else None
        if text is None:
            # The code is the protocol's, too: some clients read it, others the message.
            raise _refusal(NOT_FOUND, "PERSISTED_QUERY_NOT_FOUND")
        return text
    if sha256(request.query.encode(errors="surrogatepass")).hexdigest() != identifier:
        raise _refusal("The hash is not that of the query.", "persisted_query_mismatch")
    return request.query


def remember(request: GraphQLRequest, *, owner: str | None) -> None:
    """Keep a valid document whose hash came with it, for callers of the same owner."""
    identifier = _hash_in(request)
    if identifier is None or request.query is None or settings.GRAPHQL_ALLOWLIST:
        return
    try:
        text = request.query.encode(errors="surrogatepass")
        responses.store().put(_key(identifier, owner), text, seconds=KEPT_SECONDS)
    except Unreachable:
        return


def _recall(key: str) -> str | None:
    try:
        [text] = responses.store().get_many([key])
    except Unreachable:
        return None
    return None if text is None else text.decode(errors="surrogatepass")


def _key(identifier: str, owner: str | None) -> str:
    return f"{PREFIX}document:{'' if owner is None else responses.owner_stamp(owner)}:{identifier}"


def _hash_in(request: GraphQLRequest) -> str | None:
    """Return the hash in `extensions.persistedQuery`. Raises `GraphQLError` if it is malformed."""
    named = request.extensions.get("persistedQuery")
    if named is None:
        return None
    if not isinstance(named, dict) or named.get("version") != 1:
        raise _refusal("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
    identifier = named.get("sha256Hash")
    if not isinstance(identifier, str) or len(identifier) > 128 or not identifier.isascii():
        raise _refusal("`sha256Hash` is a SHA-256 in hexadecimal digits.", "persisted_query_mismatch")
    return identifier


def _refusal(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
