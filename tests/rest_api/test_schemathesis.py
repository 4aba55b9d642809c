"""Requests that no author thought of: Schemathesis generates them from the description, and checks every answer.

All of its checks are on. Two have exceptions for rules that the description cannot express.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

application = get_wsgi_application()

EXPECTED = ["2xx", "3xx", "403", "404", "409", "412", "422"]
"""The refusals of requests that match the description.

422: rules that no schema can express, because they depend on stored data: the balance, the scale of a wallet's
currency. 412: an unknown ETag. 403: relationships that are never written.
"""

REFUSED = ["400", "403", "404", "406", "409", "412", "413", "415", "422"]
"""The refusals of requests that do not match the description. 413: too many operations."""

config = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"deterministic": True, "max-examples": 5, "database": "none"},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": EXPECTED},
            "negative_data_rejection": {"expected-statuses": REFUSED},
        },
    }
)

pytestmark = pytest.mark.any_engine
schema = schemathesis.openapi.from_wsgi("/api/schema/", application, config=config, headers={"Host": "localhost"})


PAGE = {"page[after]", "page[before]", "page[number]"}
HISTORY = {"at", "sequence", "from", "to"}


def is_beyond_the_description(response: Any) -> bool:
    """Tell whether a 400 is about something that the description cannot express.

    It has several problems, each with an expected status. Or it is about a page: a cursor is valid only for the list
    and order that issued it, while the description allows any text; and it excludes a page's number. Or about a
    moment: the future has no balance, a moment and a sequence exclude each other, and a period has an order.
    """
    if response.status_code != 400:
        return False
    return all(
        error["status"] in EXPECTED or error.get("source", {}).get("parameter") in PAGE | HISTORY
        for error in response.json()["errors"]
    )


@pytest.fixture(autouse=True)
def one_transaction_a_test(db: None) -> Iterator[None]:
    """Keep the connection, and with it the test's transaction, between requests, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@schema.parametrize()
def test_every_request_is_answered_as_described(case: Any) -> None:
    response = case.call(headers={"Host": "localhost"})
    excluded = [positive_data_acceptance] if is_beyond_the_description(response) else []
    case.validate_response(response, excluded_checks=excluded)
