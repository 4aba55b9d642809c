"""One map from refusals to statuses, and no way for anything to be answered but in JSON:API."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings
from rest_framework import exceptions as drf

from rest_api import errors as face
from rest_api import read
from tests.rest_api.conftest import Api, problems, resource
from tests.rest_api.structure import check_response
from walletsvc import errors


def subclasses(base: type[errors.WalletError]) -> Iterator[type[errors.WalletError]]:
    for each in base.__subclasses__():
        yield each
        yield from subclasses(each)


def test_each_refusal_of_the_domain_has_a_status() -> None:
    # The command that imports has one of its own, for its report.
    refusals = {each for each in subclasses(errors.WalletError) if each.__module__ == errors.__name__}
    assert refusals == set(face.STATUS)


def test_the_statuses_are_those_of_the_contract() -> None:
    contract = {
        422: "insufficient_funds invalid_amount scale_exceeded precision_exceeded out_of_range unknown_currency"
        " currency_mismatch required blank too_long too_many invalid immutable unbalanced reversal_exceeds"
        " idempotency_conflict hold_exceeded",
        409: "duplicate_txid duplicate_label wallet_not_empty wallet_frozen wallet_closed transaction_bound"
        " hold_closed",
        412: "precondition_failed condition_failed",
        404: "not_found",
        401: "unauthenticated",
        403: "forbidden",
        429: "rate_limited",
        503: "conflict unavailable",
        400: "invalid_parameter too_broad",
    }
    expected = {code: status for status, codes in contract.items() for code in codes.split()}
    assert {kind.code: status for kind, status in face.STATUS.items()}.items() <= expected.items()


def test_problems_of_several_kinds_have_the_most_general_status(api: Api) -> None:
    document = resource("Transaction", txid="", amount="1.00", wallet="x")
    response = api.post("/api/transactions/", document)
    assert response.status_code == 400
    assert problems(response) == [("blank", "/data/attributes/txid"), ("not_found", "/data/relationships/wallet")]


@pytest.mark.parametrize("debug", [True, False])
def test_an_unexpected_error_is_masked_and_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    def fail(**_arguments: object) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(read, "list_records", fail)
    with override_settings(DEBUG=debug), caplog.at_level(logging.ERROR, logger="rest_api.errors"):
        response = api.get("/api/wallets/")
    assert (response.status_code, problems(response)) == (500, [("internal_error", None)])
    assert b"secret" not in response.content
    assert "the secret" in caplog.text


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api/nope", "/api/nope/", "/api/wallets/1/nope", "/api//wallets", "/api/%ff"])
def test_no_page_in_html_below_the_api(api: Api, debug: bool, path: str) -> None:
    with override_settings(DEBUG=debug):
        response = api.get(path)
    assert (response.status_code, problems(response)) == (404, [("not_found", None)])


@pytest.mark.parametrize("debug", [True, False])
def test_another_host_is_refused_whatever_is_asked(db: None, debug: bool) -> None:
    with override_settings(DEBUG=debug, ALLOWED_HOSTS=["wallets.example"]):
        response = Client(headers={"host": "evil.example"}).get("/api/wallets/")
    check_response(response, method="GET")
    assert (response.status_code, problems(response)) == (400, [("invalid_host", "Host")])


def test_contention_asks_to_come_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(*_arguments: object) -> None:
        raise errors.Conflict("Busy.", retry_after_seconds=3)

    monkeypatch.setattr(read, "list_records", lambda **_: conflict())
    response = api.get("/api/wallets/")
    assert (response.status_code, response["Retry-After"]) == (503, "3")
    assert problems(response) == [("conflict", None)]
    assert response.json()["errors"][0]["meta"] == {"retryAfterSeconds": 3}


@pytest.mark.parametrize(
    ("exception", "status", "code", "headers"),
    [
        (drf.NotAuthenticated(), 401, "unauthenticated", {}),
        (drf.PermissionDenied(), 403, "forbidden", {}),
        (drf.Throttled(wait=1.5), 429, "rate_limited", {"Retry-After": "2"}),
    ],
)
def test_the_frameworks_own_refusals_look_alike(
    exception: drf.APIException, status: int, code: str, headers: dict[str, str]
) -> None:
    refused = face.explain(exception)
    assert [(each.status, each.code) for each in refused.problems] == [(status, code)]
    assert refused.headers == headers


def test_names_are_those_of_the_api() -> None:
    assert face.parameter_name("filter.balance.gte") == "filter[balance.gte]"
    assert face.parameter_name("page.size") == "page[size]"
    assert face.parameter_name("after") == "page[after]"
    assert face.parameter_name("sort") == "sort"
    assert face.camel_case("retry_after_seconds") == "retryAfterSeconds"


ACCEPTABLE = [
    "",
    "*/*",
    "application/*",
    "text/html, */*;q=0.1",
    "application/vnd.api+json",
    "APPLICATION/VND.API+JSON",
    "application/vnd.api+json;charset=utf-8, application/vnd.api+json",
    'application/vnd.api+json; profile="https://example.com/unknown"',
    'text/html; a="x, y", application/vnd.api+json;q=0.5',
]
NOT_ACCEPTABLE = [
    "text/html",
    "application/json",
    "nonsense",
    "application/vnd.api+json; charset=utf-8",
    "application/vnd.api+json; charset=utf-8, */*",
    'application/vnd.api+json; ext="https://example.com/unknown"',
    "application/vnd.api+json;q=0",
    "*/*;q=0",
]


@pytest.mark.parametrize("accept", ACCEPTABLE)
def test_an_acceptable_answer_is_plain_json_api(api: Api, accept: str) -> None:
    response = api.get("/api/wallets/", accept=accept)
    assert (response.status_code, response["Content-Type"]) == (200, "application/vnd.api+json")


@pytest.mark.parametrize("accept", NOT_ACCEPTABLE)
def test_an_unacceptable_media_type_is_refused(api: Api, accept: str) -> None:
    for method, url in (("GET", "/api/wallets/"), ("DELETE", "/api/wallets/1/"), ("GET", "/api/nope")):
        response: Any = api.send(method, url, accept=accept)
        assert (response.status_code, problems(response)) == (406, [("not_acceptable", "Accept")])
