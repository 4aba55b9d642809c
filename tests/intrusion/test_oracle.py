"""The oracle finds what an answer must not be."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.intrusion.callers import Caller
from tests.intrusion.oracle import Oracle, things_in
from tests.intrusion.requests import Answer, Request
from tests.intrusion.targets import TYPES

pytestmark = pytest.mark.without_engine

MARKERS = {"alice": "alice0123456789abcdef", "bob": "bobfedcba9876543210"}
ALICE, BOB, NOBODY = Caller("alice", "alice"), Caller("bob", "bob"), Caller("nobody", "")
REST, JSON = (("Content-Type", "application/vnd.api+json"),), (("Content-Type", "application/json"),)
LIST = Request("rest", "GET", b"/api/wallets/")


def faults(caller: Caller, answer: Answer, request: Request = LIST) -> list[str]:
    return [*Oracle(MARKERS).faults_of(caller, request, answer)]


def document(**members: Any) -> bytes:
    return json.dumps(members).encode()


@pytest.mark.parametrize("status", [500, 502, 503, 501])
def test_a_fault_of_the_server_is_found(status: int) -> None:
    assert faults(ALICE, Answer(status)) == [f"status {status}"]
    assert faults(ALICE, Answer(501), Request("raw", "PROPFIND", b"/")) == []


@pytest.mark.parametrize("caller", [ALICE, NOBODY])
def test_what_is_anothers_is_found(caller: Caller) -> None:
    shown = Answer(404, REST, b'{"label": "%s"}' % MARKERS["bob"].encode())
    assert faults(caller, shown) == ["shows what is bob's"]
    assert faults(BOB, shown) == []
    in_header = Answer(404, (("X", MARKERS["bob"]),))
    assert faults(caller, in_header) == ["shows what is bob's"]


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_what_is_anothers_is_found_within_a_cursor(before: str) -> None:
    cursor = base64.b64encode(f"{before}{MARKERS['bob']}:17".encode())
    assert faults(ALICE, Answer(200, REST, cursor)) == ["shows what is bob's"]


def test_a_success_for_nobody_is_found() -> None:
    assert faults(NOBODY, Answer(200, REST, b"{}")) == ["answers nobody with 200"]
    assert faults(NOBODY, Answer(304)) == ["answers nobody with 304"]
    assert faults(NOBODY, Answer(401)) == []
    assert faults(NOBODY, Answer(200), Request("raw", "GET", b"/api/schema/")) == []
    assert faults(NOBODY, Answer(304), Request("raw", "HEAD", b"/graphql/")) == []
    for asked in (b"query={wallets{totalCount}}", b"extensions={}"):
        request = Request("raw", "GET", b"/graphql/?" + asked)
        assert faults(NOBODY, Answer(304), request) == ["answers nobody with 304"]
    assert faults(NOBODY, Answer(200), Request("raw", "GET", b"/api/schema/x")) == ["answers nobody with 200"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (REST, document(data={"type": "Wallet", "id": "1"})),
        (REST, document(data=[{"type": "Wallet", "id": "1"}])),
        (REST, document(included=[{"type": "Wallet", "id": "1"}])),
        (REST, document(**{"atomic:results": [{"data": {"type": "Wallet", "id": "1"}}]})),
        (
            REST,
            document(
                data={
                    "type": "Entry",
                    "id": "9",
                    "relationships": {"wallet": {"data": {"type": "Wallet", "id": "1"}}},
                }
            ),
        ),
        (JSON, document(data={"a": [{"id": base64.b64encode(b"Wallet:1").decode()}]})),
    ],
)
def test_a_thing_that_two_owners_are_shown_is_found(headers: Any, body: bytes) -> None:
    oracle = Oracle(MARKERS)
    assert [*oracle.faults_of(ALICE, LIST, Answer(200, headers, body))] == []
    assert [*oracle.faults_of(ALICE, LIST, Answer(200, headers, body))] == []
    [fault] = oracle.faults_of(BOB, LIST, Answer(200, REST, document(data={"type": "Wallet", "id": "1"})))
    assert "('Wallet', '1')" in fault


@pytest.mark.parametrize("type_name", TYPES)
def test_a_thing_of_any_type_is_found_on_both_faces(type_name: str) -> None:
    by_rest = document(data={"type": type_name, "id": "1"})
    by_graphql = document(data={"a": {"id": base64.b64encode(f"{type_name}:1".encode()).decode()}})
    for shown in (Answer(200, REST, by_rest), Answer(200, JSON, by_graphql)):
        assert things_in(shown) == {(type_name, "1")}


def test_an_id_that_a_client_has_made_up_is_none() -> None:
    oracle = Oracle(MARKERS)
    metadata = {"metadata": {"type": "Wallet", "id": "1"}}
    shown = Answer(200, REST, document(data={"type": "Entry", "id": "9", "attributes": metadata}))
    assert [*oracle.faults_of(ALICE, LIST, shown)] == []
    assert oracle.shown["alice"] == {("Entry", "9")}
