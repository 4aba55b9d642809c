"""2,000 random requests of two owners and of nobody to a real server; `make fuzz` sends 100,000."""

from __future__ import annotations

from collections.abc import Callable

from tests.intrusion.__main__ import WITHOUT_LIMITS
from tests.intrusion.callers import make_callers
from tests.intrusion.run import read_description, redacted, run
from tests.live import LiveServer


def test_no_request_gets_what_it_may_not(start_live: Callable[..., LiveServer]) -> None:
    server = start_live(AUTH_REQUIRED="true", LOG_LEVEL="CRITICAL", **WITHOUT_LIMITS)
    callers = make_callers(server)
    report = run(callers, port=server.port, description=read_description(server.port), requests=2_000)
    assert not report.faults, "\n".join(redacted(report.faults, callers))
    assert report.sent >= 2_000
    # All kinds have met all sorts of answers, so the requests were about something.
    assert {kind for kind, _, _ in report.statuses} >= {"rest", "graphql", "raw"}
    assert {status for _, _, status in report.statuses} >= {200, 201, 204, 400, 401, 403, 404, 405, 409, 422}
    assert report.shown["alice"]
    assert report.shown["bob"]
    reconciled = server.manage("reconcile")
    assert (reconciled.returncode, reconciled.stderr) == (0, "")
