"""Faults are reported to Sentry, and nothing of the request that met them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from tests.fast_path.front import graphql
from tests.telemetry.servers import Server
from tests.telemetry.test_redaction import KEY
from walletsvc.models import Wallet
from walletsvc.telemetry.faults import report_faults

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

SENT: list[dict[str, Any]] = []


class OurTransport(Transport):
    """Keeps what would be sent."""

    def capture_envelope(self, envelope: Envelope) -> None:
        SENT.extend(item.payload.json for item in envelope.items if item.payload.json is not None)


@pytest.fixture(autouse=True)
def reported() -> Iterator[None]:
    report_faults("https://key@sentry.example/1", version="1.2.3", transport=OurTransport)
    SENT.clear()
    yield
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def test_a_fault_is_reported_without_body_headers_and_secrets(
    server: Server, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        local = "only here"
        raise ZeroDivisionError(f"with {KEY}" + local[:0])

    monkeypatch.setattr("rest_api.read.list_records", stumble)
    server.ask("/api/wallets/?filter[label]=private", HTTP_X_REQUEST_ID="mine", HTTP_AUTHORIZATION=f"Bearer {KEY}")
    [report] = SENT
    text = json.dumps(report)
    assert report["exception"]["values"][-1]["type"] == "ZeroDivisionError"
    assert report["tags"] == {"request_id": "mine", "operation": "other"}
    # The suite's database has the password "walletsvc", which is hidden wherever it stands.
    assert report["release"].endswith("@1.2.3")
    assert "request" not in report
    for private in (KEY[16:], "private", "Bearer", "only here", "192.0.2.1"):
        assert private not in text, private


def test_refusals_and_successes_are_not_reported(server: Server, wallet: Wallet) -> None:
    server.ask("/api/wallets/77/")
    server.ask("/api/wallets/")
    server.ask(**graphql("{ nope }"))
    assert SENT == []
