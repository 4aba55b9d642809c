"""Hooks around every answer of a process, for everything that must see each request: ids, metrics, limits.

`settings.REQUEST_HOOKS` names the hooks. They surround the layer in front of Django, and the live server's
application, so no answer bypasses them. Without hooks, the application is unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from walletsvc.web.bodies import BodyOverdue
from walletsvc.web.callers import EnvironHeaders, Headers, ScopeHeaders
from walletsvc.web.proxies import AsgiApplication, Environ, WsgiApplication
from walletsvc.web.refusals import Refusal

REFUSED = "walletsvc.refused"
"""The key of a hook's refusal in the environment or scope of a request."""

_SWITCHING_PROTOCOLS, _FORBIDDEN, _REQUEST_TIMEOUT, _CLIENT_CLOSED_REQUEST, _FAULT = 101, 403, 408, 499, 500


@dataclass(slots=True)
class RequestHead:
    """The beginning of a request.

    `address` is the client's, as trusted proxies report it. `context` is the environment or scope, where a hook
    leaves what views look for. `may_wait` is false in an event loop.
    """

    method: str
    path: str
    address: str
    context: MutableMapping[str, Any]
    may_wait: bool = True

    @property
    def headers(self) -> Headers:
        """Return the headers."""
        return ScopeHeaders(self.context) if "headers" in self.context else EnvironHeaders(self.context)


class Hook(Protocol):
    """Sees each request once before it is answered, once as its answer begins, and once after it, if it wants to.

    No method may raise, or block unless the request `may_wait`.
    """

    def before(self, request: RequestHead, /) -> Refusal | None:
        """Return the refusal of the request, or None. Later hooks are not called after a refusal."""

    def headers(self, request: RequestHead, /) -> Iterable[tuple[str, str]]:
        """Return headers for the answer, which is about to begin."""

    @property
    def after(self) -> After | None:
        """Return what sees the answer, including a hook's refusal; or None, which costs nothing."""


class After(Protocol):
    """Sees an answer once it has begun, or the end of a connection that stays open."""

    def __call__(self, request: RequestHead, /, status: int, seconds: float) -> None:
        """Take the status (101 for a WebSocket, 499 for a client that left before), and how long it all took."""


Hooks = Sequence[Hook]


def load_hooks() -> Hooks:
    """Return an instance of each class in `settings.REQUEST_HOOKS`."""
    return tuple(import_string(name)() for name in settings.REQUEST_HOOKS)


def _afters(hooks: Hooks) -> Sequence[After]:
    return [hook.after for hook in hooks if hook.after is not None]


def _ask(hooks: Hooks, request: RequestHead) -> Refusal | None:
    for hook in hooks:
        refusal = hook.before(request)
        if refusal is not None:
            return refusal
    return None


def _tell(afters: Sequence[After], request: RequestHead, status: int, since: float) -> None:
    seconds = perf_counter() - since
    for after in afters:
        after(request, status, seconds)


# -- WSGI ----------------------------------------------------------------------------------------------


def with_hooks(application: WsgiApplication, hooks: Hooks, *, refused: WsgiApplication) -> WsgiApplication:
    """Return the application with hooks around it. `refused` answers requests with `REFUSED` in their environment."""
    if not hooks:
        return application
    befores, headers_of = [hook.before for hook in hooks], [hook.headers for hook in hooks]
    afters = _afters(hooks)

    # Each request waits for this: hence one function, and the hooks' methods looked up before.
    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        since, get = perf_counter(), environ.get
        request = RequestHead(environ["REQUEST_METHOD"], get("PATH_INFO", ""), get("REMOTE_ADDR", ""), environ)
        answered = _FAULT

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal answered
            # In place: the list is the server's to change (PEP 3333).
            for more_headers in headers_of:
                headers += more_headers(request)
            answered = int(status[:3])
            return start_response(status, headers, *more)

        try:
            for before in befores:
                refusal = before(request)
                if refusal is not None:
                    environ[REFUSED] = refusal
                    return refused(environ, start)
            return application(environ, start)
        except BodyOverdue:
            answered = _REQUEST_TIMEOUT
            # Somebody else has answered. What is done for each answer is done here: a limit charges it, too.
            for headers in headers_of:
                headers(request)
            raise
        finally:
            if afters:
                _tell(afters, request, answered, since)

    return answer


# -- ASGI ----------------------------------------------------------------------------------------------


def with_hooks_async(application: AsgiApplication, hooks: Hooks) -> AsgiApplication:
    """Return the application with hooks around it. It refuses requests with `REFUSED` in their scope."""
    if not hooks:
        return application
    afters = _afters(hooks)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        since, (address, *_) = perf_counter(), scope.get("client") or [""]
        method, path = scope.get("method", "GET"), scope["path"]
        request = RequestHead(method, path, address, scope, may_wait=False)
        answered: int | None = None

        async def send_and_see(message: Mapping[str, Any]) -> None:
            nonlocal answered
            if answered is None:
                message = _with_headers(message, [field for hook in hooks for field in hook.headers(request)])
                answered = _status_of(message)
            await send(message)

        refusal = _ask(hooks, request)
        if refusal is not None:
            scope[REFUSED] = refusal
        otherwise = _FAULT
        try:
            await application(scope, receive, send_and_see)
            otherwise = _CLIENT_CLOSED_REQUEST
        finally:
            _tell(afters, request, otherwise if answered is None else answered, since)

    return answer


_BEGINNINGS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
"""The messages that carry the headers of an answer (https://asgi.readthedocs.io/en/latest/specs/www.html)."""


def _with_headers(message: Mapping[str, Any], more: Iterable[tuple[str, str]]) -> Mapping[str, Any]:
    if message["type"] not in _BEGINNINGS:
        return message
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in more]
    return {**message, "headers": [*message.get("headers", ()), *encoded]}


def _status_of(message: Mapping[str, Any]) -> int:
    """Return the status that the first message of an answer stands for."""
    otherwise = _SWITCHING_PROTOCOLS if message["type"] == "websocket.accept" else _FORBIDDEN
    status: int = message.get("status", otherwise)
    return status
