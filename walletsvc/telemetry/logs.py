"""The log: one line of JSON for each event, or of text for people (LOG_FORMAT).

A server's requests are written several at once, a quarter of a second later at most: to write each by itself takes
four times as long. Faults are written at once, and so is everything that other code logs.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from pythonjsonlogger.orjson import OrjsonFormatter

from walletsvc.telemetry.redaction import Redaction, known_secrets
from walletsvc.telemetry.requests import RequestRecord, current_request

requests = logging.getLogger("walletsvc.requests")

MAX_WAITING = 50_000
"""How many lines wait at most. The oldest would be lost, if whoever reads the log stops reading."""

_FAULT = 500
_LINES = "lines"
"""The attribute of a log record that stands for the lines of several requests."""


class Line(NamedTuple):
    """A line about a request."""

    at: float
    level: int
    event: str
    fields: Mapping[str, object]


class Waiting:
    """The lines that wait to be written, if something writes them from time to time."""

    def __init__(self) -> None:
        self._lines: deque[Line] | None = None

    def start(self) -> None:
        """Let lines wait from now on: the caller promises to call `write` from time to time."""
        self._lines = deque(maxlen=MAX_WAITING)

    def stop(self) -> None:
        """Write what waits, and from now on each line at once."""
        self.write()
        self._lines = None

    def add(self, line: Line) -> None:
        """Take a line, or write it at once."""
        lines = self._lines
        if lines is None or line.level > logging.INFO:
            _write([line])
        else:
            lines.append(line)

    def write(self) -> None:
        """Write what waits."""
        lines = self._lines
        if lines:
            # As many as there are now: others are added meanwhile.
            _write([lines.popleft() for _ in range(len(lines))])


waiting = Waiting()


def log_request(event: str, record: RequestRecord, *, status: int, seconds: float) -> None:
    """Write the line of a request that has been answered, now or soon."""
    level = logging.ERROR if status >= _FAULT else logging.INFO
    if requests.isEnabledFor(level):
        waiting.add(Line(time.time(), level, event, _describe(record, status, seconds)))


def _write(lines: list[Line]) -> None:
    # Not by `requests.log`, which looks for its caller in the source: that takes longer than to format a line.
    made = logging.LogRecord(requests.name, lines[0].level, "", 0, lines[0].event, None, None)
    setattr(made, _LINES, lines)
    requests.handle(made)


def _describe(record: RequestRecord, status: int, seconds: float) -> Mapping[str, object]:
    request_id = record.request_id
    fields: dict[str, object] = {"request_id": _without_secrets(request_id) if record.is_given else request_id}
    if record.traceparent:
        fields["traceparent"] = record.traceparent
    fields["face"], fields["operation"], fields["status"] = record.face, record.operation, status
    if record.code:
        fields["code"] = record.code
    fields["ms"] = round(seconds * 1000, 3)
    if record.principal:
        fields["principal"] = _principal_without_secrets(record.principal)
    if record.wallets:
        fields["wallets"] = record.wallets
    return fields


@cache
def redaction() -> Redaction:
    """Return the redaction of this process, which knows its settings' secrets."""
    return Redaction(known_secrets(settings))


def _without_secrets(text: str) -> str:
    return redaction()(text)


_principal_without_secrets = lru_cache(maxsize=1024)(_without_secrets)
"""The same few callers come again and again."""


@lru_cache(maxsize=4)
def _second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()[: -len("+00:00")]


def _print_time(moment: float) -> str:
    """Return a moment as in RFC 3339, in milliseconds."""
    return f"{_second(int(moment))}.{int(moment * 1000) % 1000:03d}Z"


def _fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return what belongs to an event that other code has logged."""
    request = current_request.get()
    if request is None:
        return {"logger": record.name}
    trace = {"traceparent": request.traceparent} if request.traceparent else {}
    return {"logger": record.name, "request_id": request.request_id, **trace}


class JsonLines(OrjsonFormatter):
    """JSON: time, level, event and what belongs to it. Attributes that libraries add to a record are left out."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put the fields of a line into `log_data`."""
        log_data["time"], log_data["level"] = _print_time(record.created), record.levelname.lower()
        log_data["event"] = record.message
        log_data.update(_fields_of(record))
        if "exc_info" in message_dict:
            log_data["exception"] = message_dict["exc_info"]

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or the lines of requests, without secrets."""
        lines: list[Line] | None = getattr(record, _LINES, None)
        if lines is None:
            return redaction()(super().format(record))
        # Without another look for secrets: these fields are safe.
        return "\n".join(map(self._format_line, lines))

    def _format_line(self, line: Line) -> str:
        head = {"time": _print_time(line.at), "level": logging.getLevelName(line.level).lower(), "event": line.event}
        return self.serialize_log_record({**head, **line.fields})


class TextLines(logging.Formatter):
    """Lines for people, with a request's fields behind its event."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or the lines of requests, without secrets."""
        lines: list[Line] | None = getattr(record, _LINES, None)
        if lines is None:
            return redaction()(super().format(record))
        return "\n".join(map(self._format_line, lines))

    def _format_line(self, line: Line) -> str:
        fields = " ".join(f"{name}={value}" for name, value in line.fields.items())
        return f"{_print_time(line.at)} {logging.getLevelName(line.level)} {requests.name} {line.event} {fields}"
