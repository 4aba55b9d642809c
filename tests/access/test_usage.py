"""When a key was last used is written now and then, by nobody who waits for it, and disturbs nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Thread, current_thread
from typing import Any

import httpx
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.access.test_apikey_command import apikey
from tests.access.test_faces import Face
from tests.live import LiveServer
from walletsvc.access import identify as way_in
from walletsvc.access import keys
from walletsvc.access import usage as module
from walletsvc.access.usage import GAP, MAX_KEYS, Usage
from walletsvc.access.verified import Verified
from walletsvc.models.access import ApiKey
from walletsvc.principals import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def usage(clock: Clock) -> Usage:
    return Usage(now=clock)


def make() -> ApiKey:
    scopes = frozenset({"wallets:read"})
    return keys.create_key(by=SYSTEM, name="k", scopes=scopes, owner=None, expires_at=None, at=NOW - GAP).key


def write(usage: Usage) -> None:
    """Write as a server does, in a thread with a connection of its own."""
    thread = Thread(target=usage.write)
    thread.start()
    thread.join()


def last_used(key: ApiKey) -> datetime | None:
    return ApiKey.objects.get(id=key.id).last_used_at


def test_each_use_is_written_as_of_its_own_moment(usage: Usage, clock: Clock) -> None:
    first, second, unused = make(), make(), make()
    usage.note(first.id, NOW - 2 * SECOND)
    usage.note(second.id, NOW - SECOND)
    usage.note("deleted", NOW)
    write(usage)
    assert [last_used(key) for key in (first, second, unused)] == [NOW - 2 * SECOND, NOW - SECOND, None]


def test_a_key_is_written_once_in_five_minutes(usage: Usage, clock: Clock) -> None:
    key = make()
    usage.note(key.id, clock.now)
    write(usage)
    for _ in range(29):
        clock.now += 10 * SECOND
        usage.note(key.id, clock.now)
        write(usage)
        assert last_used(key) == NOW
    used, clock.now = clock.now, NOW + GAP
    write(usage)
    assert last_used(key) == used


def test_nothing_is_written_without_a_use(usage: Usage, clock: Clock) -> None:
    key = make()
    usage.note(key.id, NOW)
    for round_seconds in (0, 10, 300, 600):
        clock.now = NOW + round_seconds * SECOND
        with CaptureQueriesContext(connection) as asked:
            usage.write()
        assert len([each for each in asked if each["sql"].startswith("UPDATE")]) == (not round_seconds)


def test_all_that_is_due_is_one_statement(usage: Usage) -> None:
    made = [ApiKey(id=f"{number:010}", name="k", scopes="admin", created_at=NOW) for number in range(MAX_KEYS + 1)]
    ApiKey.objects.bulk_create(made)
    for key in made:
        usage.note(key.id, NOW)
    for remaining in (1, 0):
        with CaptureQueriesContext(connection) as asked:
            usage.write()
        assert len([each for each in asked if each["sql"].startswith("UPDATE")]) == 1
        assert ApiKey.objects.filter(last_used_at=None).count() == remaining


def test_what_another_process_has_written_stays(usage: Usage, clock: Clock) -> None:
    key, other = make(), Usage(now=clock)
    usage.note(key.id, NOW)
    clock.now += SECOND
    other.note(key.id, clock.now)
    write(other)
    write(usage)
    assert last_used(key) == NOW + SECOND


@pytest.mark.parametrize(("ago", "is_written"), [(GAP, True), (GAP - SECOND, False)])
def test_a_write_by_another_is_enough_for_five_minutes(usage: Usage, ago: timedelta, is_written: bool) -> None:
    key, idle = make(), make()
    ApiKey.objects.update(last_used_at=NOW - ago)
    usage.note(key.id, NOW)
    write(usage)
    assert last_used(key) == (NOW if is_written else NOW - ago)
    assert last_used(idle) == NOW - ago


def test_its_thread_writes_at_once_and_at_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: Queue[str] = Queue()
    monkeypatch.setattr(module, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(Usage, "write", lambda _usage: rounds.put(current_thread().name))
    usage = Usage()
    usage.start()
    assert [rounds.get(timeout=30) for _ in range(3)] == ["walletsvc-usage"] * 3
    usage._background.stop()


def test_between_two_rounds_there_is_no_connection(usage: Usage) -> None:
    left: list[object] = []

    def work() -> None:
        usage.write()
        left.append(connection.connection)

    usage.note(make().id, NOW)
    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert left == [None]


def test_what_cannot_be_written_is_written_later(usage: Usage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_arguments: Any, **_named: Any) -> None:
        raise OperationalError(2006, "gone")

    key = make()
    usage.note(key.id, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_write", gone)
        usage.write()
    assert last_used(key) is None
    clock.now += 10 * SECOND
    write(usage)
    assert last_used(key) == NOW


def test_a_locked_database_or_row_is_left_alone(usage: Usage) -> None:
    key = make()
    usage.note(key.id, NOW)
    # On SQLite, the transaction has the only lock for writing; elsewhere, that of the row.
    with transaction.atomic():
        ApiKey.objects.select_for_update().get(id=key.id)
        write(usage)
    assert last_used(key) is None
    write(usage)
    assert last_used(key) == NOW


def test_a_request_notes_a_use_and_writes_none(settings: Any, monkeypatch: pytest.MonkeyPatch, usage: Usage) -> None:
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(way_in, "verified", Verified())
    monkeypatch.setattr(way_in, "usage", usage)
    now = timezone.now()
    scopes = frozenset({"wallets:read"})
    made = keys.create_key(by=SYSTEM, name="k", scopes=scopes, owner=None, expires_at=None, at=now)
    for text in (made.text, made.text, f"{made.text}x"):
        Face(text).rest("GET", "wallets/")
    assert last_used(made.key) is None
    write(usage)
    used = last_used(made.key)
    assert used is not None
    assert used >= now
    shown = f"last used {used:%Y-%m-%dT%H:%M:%SZ}"
    assert shown in apikey("list")[0]
    assert shown in apikey("show", made.key.id)[0]


def test_a_server_tells_when_a_key_was_used(start_live: Callable[..., LiveServer]) -> None:
    server = start_live(AUTH_REQUIRED="true")
    text = server.manage("apikey", "create", "--name", "k", "--scopes", "admin").stdout.strip()
    assert "last used never" in server.manage("apikey", "list").stdout
    headers = {"Authorization": f"Bearer {text}"}
    assert httpx.get(f"{server.url}/api/wallets/", headers=headers).status_code == 200
    deadline = time.monotonic() + 60
    while "last used never" in server.manage("apikey", "show", text[5:15]).stdout:
        assert time.monotonic() < deadline
        time.sleep(0.5)
