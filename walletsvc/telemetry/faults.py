"""Report faults to Sentry (SENTRY_DSN): what is logged as an error with a traceback, and the request's id.

Loaded only if it is switched on. Nothing of a request is sent: no integration looks at requests, and local variables,
which hold bodies and headers, stay here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration

from walletsvc.telemetry.logs import redaction
from walletsvc.telemetry.requests import current_request

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport


def report_faults(dsn: str, *, version: str, transport: type[Transport] | None = None) -> None:
    """Report errors from now on, by another `transport` than Sentry's own in tests."""
    sentry_sdk.init(
        dsn=dsn,
        release=f"walletsvc@{version}",
        transport=transport,
        # Only what is named: the others would look at requests and at what they lead to.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None)],
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        include_source_context=False,
        before_send=_prepare,
    )


def _prepare(event: Any, _hint: Any) -> Any:
    """Return the report without secrets, or None without a traceback: that says again what was reported."""
    if "exception" not in event:
        return None
    record = current_request.get()
    if record is not None:
        event["tags"] = {"request_id": record.request_id, "operation": record.operation}
    return json.loads(redaction()(json.dumps(event, default=str)))
