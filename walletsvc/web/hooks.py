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

from walletsvc.web.callers import EnvironHeaders, Headers, ScopeHeaders
from walletsvc.web.proxies import AsgiApplication, Environ, WsgiApplication
from walletsvc.web.refusals import Refusal

REFUSED = "walletsvc.refused"
"""The key of a hook's refusal in the environment or scope of a request."""

_SWITCHING_PROTOCOLS, _FORBIDDEN, _CLIENT_CLOSED_REQUEST, _FAULT = 101, 403, 499, 500


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
    may_wait: bool

    @property
    def headers(self) -> Headers:
        """Return the headers."""
        return ScopeHeaders(self.context) if "headers" in self.context else EnvironHeaders(self.context)


@dataclass(slots=True)
class AnswerHead:
    """The beginning of an answer, and how long it took: for a connection that stays open, until its end.

    The status is 101 for a WebSocket, 499 for a client that left before the answer.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    seconds: float = 0.0


class Hook(Protocol):
    """Sees each request once before and once after it is answered.

    No method may raise, or block unless the request `may_wait`.
    """

    def before(self, request: RequestHead, /) -> Refusal | None:
        """Return the refusal of the request, or None. Later hooks are not called after a refusal."""

    def headers(self, request: RequestHead, /) -> Iterable[tuple[str, str]]:
        """Return headers for the answer, which is about to begin."""

    def after(self, request: RequestHead, answer: AnswerHead, /) -> None:
        """See the answer, including a hook's refusal."""


Hooks = Sequence[Hook]


def load_hooks() -> Hooks:
    """Return an instance of each class in `settings.REQUEST_HOOKS`."""
    return tuple(import_string(name)() for name in settings.REQUEST_HOOKS)


def _ask(hooks: Hooks, request: RequestHead) -> Refusal | None:
    # Without generators here and below: each request waits for this.
    for hook in hooks:
        refusal = hook.before(request)
        if refusal is not None:
            return refusal
    return None


def _add_headers(headers: Iterable[tuple[str, str]], hooks: Hooks, request: RequestHead) -> list[tuple[str, str]]:
    every = [*headers]
    for hook in hooks:
        every += hook.headers(request)
    return every


def _tell(hooks: Hooks, request: RequestHead, answer: AnswerHead, since: float) -> None:
    answer.seconds = perf_counter() - since
    for hook in hooks:
        hook.after(request, answer)


# -- WSGI ----------------------------------------------------------------------------------------------


def with_hooks(application: WsgiApplication, hooks: Hooks, *, refused: WsgiApplication) -> WsgiApplication:
    """Return the application with hooks around it. `refused` answers requests with `REFUSED` in their environment."""
    if not hooks:
        return application

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        since, get = perf_counter(), environ.get
        address, path = get("REMOTE_ADDR", ""), get("PATH_INFO", "")
        request = RequestHead(environ["REQUEST_METHOD"], path, address, environ, may_wait=True)
        begun = AnswerHead(_FAULT)

        def start(status: str, headers: Sequence[tuple[str, str]], *more: Any) -> Any:
            begun.status, begun.headers = int(status[:3]), _add_headers(headers, hooks, request)
            return start_response(status, begun.headers, *more)

        refusal = _ask(hooks, request)
        if refusal is not None:
            environ[REFUSED] = refusal
        try:
            return (application if refusal is None else refused)(environ, start)
        finally:
            _tell(hooks, request, begun, since)

    return answer


# -- ASGI ----------------------------------------------------------------------------------------------


def with_hooks_async(application: AsgiApplication, hooks: Hooks) -> AsgiApplication:
    """Return the application with hooks around it. It refuses requests with `REFUSED` in their scope."""
    if not hooks:
        return application

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        since, (address, *_) = perf_counter(), scope.get("client") or [""]
        method, path = scope.get("method", "GET"), scope["path"]
        request = RequestHead(method, path, address, scope, may_wait=False)
        begun: AnswerHead | None = None

        async def send_and_see(message: Mapping[str, Any]) -> None:
            nonlocal begun
            if begun is None:
                message = _with_headers(message, _add_headers((), hooks, request))
                begun = _beginning(message)
            await send(message)

        refusal = _ask(hooks, request)
        if refusal is not None:
            scope[REFUSED] = refusal
        otherwise = _FAULT
        try:
            await application(scope, receive, send_and_see)
            otherwise = _CLIENT_CLOSED_REQUEST
        finally:
            _tell(hooks, request, begun or AnswerHead(otherwise), since)

    return answer


def _with_headers(message: Mapping[str, Any], more: Iterable[tuple[str, str]]) -> Mapping[str, Any]:
    if message["type"] not in ("http.response.start", "websocket.http.response.start"):
        return message
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in more]
    return {**message, "headers": [*message.get("headers", ()), *encoded]}


def _beginning(message: Mapping[str, Any]) -> AnswerHead:
    """Return status and headers from the first message of an answer."""
    otherwise = _SWITCHING_PROTOCOLS if message["type"] == "websocket.accept" else _FORBIDDEN
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
    return AnswerHead(message.get("status", otherwise), headers)
