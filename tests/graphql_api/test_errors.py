"""The map from exceptions to the errors that a client gets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from graphql_api.errors import PLACES, argument_name
from walletsvc import errors

pytestmark = pytest.mark.django_db


def subclasses(kind: type[errors.WalletError]) -> Iterator[type[errors.WalletError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_refusal_of_the_domain_has_its_place() -> None:
    ours = {kind for kind in subclasses(errors.WalletError) if kind.__module__ == errors.__name__}
    assert set(PLACES) == ours


def raise_from(monkeypatch: pytest.MonkeyPatch, exception: Exception) -> None:
    def fail(**_arguments: object) -> None:
        raise exception

    monkeypatch.setattr("graphql_api.queries.list_records", fail)


def test_an_unexpected_error_is_logged_and_masked(
    ask: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raise_from(monkeypatch, RuntimeError("the password is 12345"))
    with caplog.at_level(logging.ERROR):
        reply = ask("{ wallets { totalCount } }")
    assert (reply.status, reply.data, reply.codes) == (200, {"wallets": None}, ["internal_error"])
    assert "12345" not in reply.text
    [record] = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "the password is 12345"


def test_a_refusal_is_no_news_for_the_log(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert ask("{ wallet(id: 987654321) { id } }").codes == ["not_found"]
        assert ask("{ unknown }").codes == ["graphql_validation_failed"]
    assert caplog.records == []


def test_a_failure_outside_of_graphql_is_masked_too(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("graphql_api.views.answer", fail)
    reply = ask("{ wallets { totalCount } }")
    assert (reply.status, reply.codes) == (500, ["internal_error"])
    assert "secret" not in reply.text


def test_a_refusal_brings_its_context(ask: Any) -> None:
    reply = ask("{ wallets(first: 101) { totalCount } }")
    assert reply.errors[0]["extensions"] == {"code": "invalid_parameter", "parameter": "first", "limit": 100}


@pytest.mark.parametrize(
    ("parameter", "argument"),
    [
        ("filter.label.icontains", "filters.label.icontains"),
        ("filter.search", "filters.search"),
        ("sort", "ordering"),
        ("after", "after"),
    ],
)
def test_parameters_are_named_as_in_the_schema(parameter: str, argument: str) -> None:
    assert argument_name(parameter) == argument
