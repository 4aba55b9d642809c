"""A list that is not read is refused for the same reasons as one that is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.queries.questions import ask
from tests.queries.wallets import open_wallets
from walletsvc.errors import InvalidParameter
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import CursorPage, NumberedPage, Question, Selection
from walletsvc.queries.selectors import check_question

pytestmark = pytest.mark.django_db

ALICE = Principal("k", frozenset({"admin"}), owner="alice")


def refusal(question: Question, principal: Principal = ANYONE, parent: str = "") -> tuple[str, str] | None:
    """Return the parameter and the message that a list is refused with, without a query."""
    with CaptureQueriesContext(connection) as queries:
        try:
            check_question(question, principal=principal, parent=parent)
        except InvalidParameter as error:
            return error.parameter, error.message
        finally:
            assert len(queries) == 0
    return None


@pytest.mark.parametrize(
    ("parameter", "asked"),
    [
        ("filter.nothing", {"filters": (("nothing", "1"),)}),
        ("filter.balance", {"filters": (("balance", "x"),)}),
        ("sort", {"order": ("nothing",)}),
        ("after", {"page": CursorPage(2, after="x")}),
        ("before", {"page": CursorPage(2, before="x")}),
    ],
)
def test_filters_orders_and_cursors_are_checked(parameter: str, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter) as caught:
        ask("Wallet", **asked)
    assert caught.value.parameter == parameter
    assert refusal(Question("Wallet", **asked)) == (parameter, caught.value.message)


def test_what_would_be_read_is_not_refused() -> None:
    open_wallets(2, each=3)
    assert refusal(Question("Wallet", page=NumberedPage(2))) is None
    assert refusal(Question("Wallet", filters=(("label", "W0"),), order=("-balance",))) is None
    selection = Selection(to_many=(("entries", Question("Entry")),))
    [wallet] = ask("Wallet", selection=selection, filters=(("label", "W1"),)).records
    [entry, *_] = wallet.many["entries", ""].records
    for page in (CursorPage(2, after=entry.cursor), CursorPage(2, before=entry.cursor)):
        # The entries of a wallet have an order of their own.
        assert refusal(Question("Entry", page=page), parent="wallet_id") is None
        refused = refusal(Question("Entry", page=page))
        assert refused is not None
        assert refused[0] in ("after", "before")


def test_the_filters_are_those_that_the_caller_knows() -> None:
    question = Question("Wallet", filters=(("owner", "bob"),))
    assert refusal(question) is None
    refused = refusal(question, ALICE)
    assert refused is not None
    assert refused[0] == "filter.owner"
    assert "owner" not in refused[1].split("Its filters are")[1]
