"""The threads in which granian calls the application.

granian starts a thread whenever a request waits, up to a limit, and reads bodies in them. It has neither places nor a
time for bodies, and a WSGI application cannot add them: the call around it, which has the object that takes the
answer, is replaced. That is no interface of granian's, so without it all stays as granian has it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from walletsvc.server.bodies import Call, Reading, Scope, with_places
from walletsvc.server.overdue import Watch
from walletsvc.server.places import Places
from walletsvc.server.tasks import most_tasks
from walletsvc.telemetry.requests import current_request
from walletsvc.web.fast_path import FrontHandler
from walletsvc.web.hooks import REFUSED
from walletsvc.web.refusals import Refusal
from walletsvc.web.watching import REQUEST_ID

SLOW_BODIES = 512
"""How many clients may send slowly to a process at a time, if the system allows so many threads."""

_MODULE, _WRAP = "granian.server.mp", "_wsgi_call_wrap"
_REFUSAL = Refusal(
    408,
    "request_timeout",
    "The body has not arrived in time.",
)


def count(places: int, *, processes: int) -> int:
    """Return how many threads granian should have in each of its processes, for so many that work."""
    if not hasattr(import_module(_MODULE), _WRAP):
        return places
    tasks = most_tasks()
    # Half of them: others may have the same limit.
    spare = SLOW_BODIES if tasks is None else tasks // 2 // processes - places
    return places + min(max(spare, 0), SLOW_BODIES)


def keep_places_from_slow_bodies(handler: FrontHandler, *, places: int) -> None:
    """Let granian call applications in that many threads at a time, and not wait for bodies without end.

    `handler` answers who is late. Without granian in this process, nothing is done.
    """
    module = sys.modules.get(_MODULE)
    wrap: Callable[..., Call] | None = getattr(module, _WRAP, None)
    if wrap is None:
        return

    def refuse(environ: Scope, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[REFUSED], record = _REFUSAL, current_request.get()
        own = () if record is None else ((REQUEST_ID, record.request_id),)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, *own], *more)

        answer: Iterable[bytes] = handler.by_django(environ, start)
        return answer

    def wrap_with_places(*arguments: Any, **options: Any) -> Call:
        reading: Reading = {}
        shared = Places(places)
        Watch(reading, shared, refuse).start()
        return with_places(wrap(*arguments, **options), shared, reading)

    setattr(module, _WRAP, wrap_with_places)
