"""An invalid JSON:API document is refused with a pointer to the member at fault, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rest_api.conftest import Api, refused, resource


@pytest.fixture
def wallet(api: Api) -> Any:
    return api.create_wallet(label="My Wallet", balance="100.00")


BODIES = [
    (b"", 400, "malformed", None),
    (b" ", 400, "malformed", None),
    (b"{", 400, "malformed", None),
    (b"{} {}", 400, "malformed", None),
    (b"'", 400, "malformed", None),
    (b'{"data": {"type": "Wallet", "type": "Wallet"}}', 400, "malformed", None),
    (b'{"data": {"type": "Wallet", "attributes": {"label": "\xff"}}}', 400, "malformed", None),
    (b"\xef\xbb\xbf{}", 400, "malformed", None),
    (b"[" * 200_000, 400, "malformed", None),
    (b'{"a":' * 100_000, 400, "malformed", None),
    (b"[]", 422, "invalid", ""),
    (b"null", 422, "invalid", ""),
    (b"1", 422, "invalid", ""),
    (b"{}", 422, "required", ""),
    (b'{"meta": {}}', 422, "required", ""),
    (b'{"data": null}', 422, "invalid", "/data"),
    (b'{"data": []}', 422, "invalid", "/data"),
    (b'{"data": "x"}', 422, "invalid", "/data"),
    (b'{"data": {}}', 422, "required", "/data"),
    (b'{"data": {"type": 1}}', 422, "invalid", "/data/type"),
    (b'{"data": {"type": "wallet"}}', 409, "type_conflict", "/data/type"),
    (b'{"data": {"type": "Transaction"}}', 409, "type_conflict", "/data/type"),
    (b'{"data": {"type": "Wallet", "id": "1"}}', 403, "forbidden", "/data/id"),
    (b'{"data": {"type": "Wallet", "id": null}}', 403, "forbidden", "/data/id"),
    (b'{"data": {"type": "Wallet", "lid": 1}}', 422, "invalid", "/data/lid"),
    (b'{"data": {"type": "Wallet", "attributes": []}}', 422, "invalid", "/data/attributes"),
    (b'{"data": {"type": "Wallet", "attributes": null}}', 422, "invalid", "/data/attributes"),
    (b'{"data": {"type": "Wallet", "attributes": {"name": 1}}}', 422, "invalid", "/data/attributes/name"),
    (b'{"data": {"type": "Wallet", "attributes": {"a/~": 1}}}', 422, "invalid", "/data/attributes/a~1~0"),
    (b'{"data": {"type": "Wallet", "attributes": {"\\ud800": 1}}}', 422, "invalid", "/data/attributes/?"),
    (b'{"data": {"type": "Wallet", "attributes": {"sequence": 1}}}', 422, "immutable", "/data/attributes/sequence"),
    (b'{"data": {"type": "Wallet", "attributes": {"created_at": 1}}}', 422, "invalid", "/data/attributes/created_at"),
    (b'{"data": {"type": "Wallet", "attributes": {"holder": "me"}}}', 422, "invalid", "/data/attributes/holder"),
    (b'{"data": {"type": "Wallet", "relationships": []}}', 422, "invalid", "/data/relationships"),
    (b'{"data": {"type": "Wallet", "relationships": {"x": {}}}}', 422, "invalid", "/data/relationships/x"),
    (
        b'{"data": {"type": "Wallet", "relationships": {"entries": {}}}}',
        403,
        "forbidden",
        "/data/relationships/entries",
    ),
]


@pytest.mark.parametrize(("body", "status", "code", "pointer"), BODIES, ids=[str(each[0][:60]) for each in BODIES])
def test_a_document_of_a_wrong_structure_is_refused(
    api: Api, body: bytes, status: int, code: str, pointer: str | None
) -> None:
    assert refused(api, "POST", "/api/wallets/", body) == (status, [(code, pointer)])


RELATIONSHIPS: list[tuple[object, int, str, str]] = [
    (None, 422, "invalid", ""),
    ([], 422, "invalid", ""),
    ({}, 422, "required", ""),
    ({"data": None}, 422, "required", ""),
    ({"data": []}, 422, "invalid", "/data"),
    ({"data": "1"}, 422, "invalid", "/data"),
    ({"data": {}}, 422, "required", "/data"),
    ({"data": {"type": "Wallet"}}, 422, "required", "/data"),
    ({"data": {"type": "Wallet", "id": 1}}, 422, "invalid", "/data/id"),
    ({"data": {"type": "Wallet", "lid": "a"}}, 422, "invalid", "/data/lid"),
    ({"data": {"type": "Entry", "id": "1"}}, 409, "type_conflict", "/data/type"),
    ({"data": {"type": None, "id": "1"}}, 422, "invalid", "/data/type"),
]


@pytest.mark.parametrize(("relationship", "status", "code", "pointer"), RELATIONSHIPS)
def test_a_relationship_of_a_wrong_structure_is_refused(
    api: Api, relationship: object, status: int, code: str, pointer: str
) -> None:
    document = resource("Transaction", txid="TX1", amount="1.00")
    document["data"]["relationships"] = {"wallet": relationship}
    status_found, found = refused(api, "POST", "/api/transactions/", document)
    assert status_found == status
    assert set(found) == {(code, f"/data/relationships/wallet{pointer}")}


def test_at_members_are_ignored(api: Api) -> None:
    document = {
        "@context": "x",
        "data": {"type": "Wallet", "@id": 1, "attributes": {"label": "A", "@a": 1}, "relationships": {"@b": 1}},
    }
    assert api.post("/api/wallets/", document).status_code == 201


def test_a_patch_names_its_own_resource(api: Api, wallet: Any) -> None:
    url, other = wallet["links"]["self"], api.create_wallet(label="Other")

    def patched(data: object) -> Any:
        return refused(api, "PATCH", url, {"data": data})

    assert patched({"type": "Wallet", "id": other["id"]}) == (409, [("id_conflict", "/data/id")])
    assert patched({"type": "Wallet", "id": int(wallet["id"])}) == (422, [("invalid", "/data/id")])
    assert patched({"type": "Wallet"}) == (422, [("required", "/data")])
    assert patched({"type": "Transaction", "id": wallet["id"]}) == (409, [("type_conflict", "/data/type")])


def test_a_body_of_more_than_a_megabyte_is_refused(api: Api) -> None:
    limit = 1_000_000
    document = json.dumps(resource("Wallet", label="My Wallet")).encode()
    assert refused(api, "POST", "/api/wallets/", document.ljust(limit + 1)) == (413, [("too_long", None)])
    assert api.post("/api/wallets/", document.ljust(limit)).status_code == 201


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain",
        "",
        "nonsense",
        "application/vnd.api+json; charset=utf-8",
        "application/vnd.api+json;version=1",
        'application/vnd.api+json; ext="https://example.com/ext"',
        'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"',
    ],
)
def test_another_media_type_is_refused(api: Api, wallet: Any, media_type: str) -> None:
    expected = (415, [("unsupported_media_type", "Content-Type")])
    document = resource("Wallet", label="Other")
    assert refused(api, "POST", "/api/wallets/", document, content_type=media_type) == expected
    document = resource("Wallet", wallet["id"], label="Other")
    assert refused(api, "PATCH", wallet["links"]["self"], document, content_type=media_type) == expected


@pytest.mark.parametrize(
    "media_type",
    ["APPLICATION/vnd.API+json", 'application/vnd.api+json; profile="https://example.com/a https://example.com/b"'],
)
def test_profiles_that_are_not_known_are_no_hindrance(api: Api, media_type: str) -> None:
    document = resource("Wallet", label="Other")
    assert api.send("POST", "/api/wallets/", document, content_type=media_type).status_code == 201
