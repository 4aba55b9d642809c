"""An `Authorization` header becomes a principal, or the same refusal for any problem."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from tests.access.clocks import Clock
from walletsvc import errors
from walletsvc.access import key_text, keys
from walletsvc.access.identify import identify, identify_known
from walletsvc.access.verified import KEY_SECONDS, MAX_CALLERS, Verified
from walletsvc.principals import ANYONE, SYSTEM, Principal

pytestmark = pytest.mark.usefixtures("guarded")

READ = frozenset({"wallets:read"})
BODY = f"walk_{'0' * 10}_{'a' * 43}"
NOBODYS = BODY + key_text.checksum(BODY)


@pytest.fixture
def made(db: None) -> keys.NewKey:
    return keys.create_key(by=SYSTEM, name="k", scopes=READ, owner="alice", expires_at=None, at=timezone.now())


@pytest.fixture
def queries(django_assert_num_queries: Any) -> Any:
    return django_assert_num_queries


def refusal(authorization: str | None) -> str:
    with pytest.raises(errors.Unauthenticated) as caught:
        identify(authorization)
    return str(caught.value)


def test_a_key_is_its_principal(made: keys.NewKey) -> None:
    alice = Principal(subject=made.key.id, scopes=READ, owner="alice")
    assert identify(f"Bearer {made.text}") == alice
    # The scheme's name has no case (RFC 9110, section 11.1).
    assert identify(f"bearer  {made.text} ") == alice


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "no credentials"),
        ("", "malformed"),
        ("Bearer", "malformed"),
        ("Bearer ", "malformed"),
        (NOBODYS, "malformed"),
        (f"Basic {NOBODYS}", "malformed"),
        (f"Bearer {NOBODYS[:-1]}x", "malformed"),
        (f"Bearer {NOBODYS} {NOBODYS}", "malformed"),
        (f"Bearer {NOBODYS}", "unknown"),
        ("Bearer \udcff", "malformed"),
        ("Bearer " + "x" * 100_000, "malformed"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_all_other_callers_get_the_same(
    authorization: str | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "walletsvc.access")
    assert refusal(authorization) == refusal(None)
    assert reason in caplog.messages[0]
    assert not any(NOBODYS in message or NOBODYS[16:59] in message for message in caplog.messages)


def test_expired_and_revoked_keys_are_refused_alike(db: None) -> None:
    now = timezone.now()
    old = {"by": SYSTEM, "name": "k", "scopes": READ, "owner": None, "at": now - timedelta(days=2)}
    expired = keys.create_key(**old, expires_at=now - timedelta(days=1))  # type: ignore[arg-type]
    revoked = keys.create_key(**old, expires_at=None)  # type: ignore[arg-type]
    keys.revoke_key(by=SYSTEM, key_id=revoked.key.id, at=now)
    assert {refusal(f"Bearer {each.text}") for each in (expired, revoked)} == {refusal(None)}


def test_a_verified_caller_costs_no_query(made: keys.NewKey, queries: Any, clock: Clock) -> None:
    text = f"Bearer {made.text}"
    with queries(1):
        caller = identify(text)
        clock.now += KEY_SECONDS - 0.1
        assert identify(text) is caller is identify_known(text)
    clock.now += 0.1
    assert identify_known(text) is None
    with queries(1):
        assert identify(text) == caller


def test_a_revocation_works_within_its_bound(made: keys.NewKey, clock: Clock) -> None:
    text = f"Bearer {made.text}"
    identify(text)
    keys.revoke_key(by=SYSTEM, key_id=made.key.id, at=timezone.now())
    clock.now += KEY_SECONDS
    refusal(text)
    assert identify_known(text) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["revoke", "revoke all", "rotate", "overlap"])
def test_the_process_that_ends_a_key_forgets_it_at_once(way: str, queries: Any) -> None:
    now = timezone.now()
    made, other = (
        keys.create_key(by=SYSTEM, name="k", scopes=READ, owner=None, expires_at=None, at=now) for _ in range(2)
    )
    for each in (made, other):
        identify(f"Bearer {each.text}")
    match way:
        case "revoke":
            keys.revoke_key(by=SYSTEM, key_id=made.key.id, at=now)
        case "revoke all":
            keys.revoke_all(by=SYSTEM, issued_before=now + timedelta(seconds=1), at=now)
        case _:
            overlap = timedelta(hours=way == "overlap")
            keys.rotate_key(by=SYSTEM, key_id=made.key.id, overlap=overlap, at=now)
    if way == "overlap":
        assert identify_known(f"Bearer {made.text}") is not None
    else:
        refusal(f"Bearer {made.text}")
    if way in ("revoke", "rotate"):
        with queries(1):
            identify(f"Bearer {other.text}")


@pytest.mark.django_db(transaction=True)
def test_a_revocation_that_is_rolled_back_is_none() -> None:
    now = timezone.now()
    made = keys.create_key(by=SYSTEM, name="k", scopes=READ, owner=None, expires_at=None, at=now)
    caller = identify(f"Bearer {made.text}")
    with transaction.atomic():
        keys.revoke_key(by=SYSTEM, key_id=made.key.id, at=now)
        transaction.set_rollback(True)
    assert identify_known(f"Bearer {made.text}") is caller


def test_a_key_is_not_known_for_longer_than_it_lives(db: None, clock: Clock) -> None:
    now = timezone.now()
    made = keys.create_key(
        by=SYSTEM, name="k", scopes=READ, owner=None, expires_at=now + timedelta(seconds=2), at=now
    )
    identify(f"Bearer {made.text}")
    clock.now += 2.1
    assert identify_known(f"Bearer {made.text}") is None


def test_an_unknown_key_is_looked_up_once(db: None, queries: Any, clock: Clock) -> None:
    with queries(1):
        for _ in range(5):
            refusal(f"Bearer {NOBODYS}")
    clock.now += KEY_SECONDS
    with queries(1):
        refusal(f"Bearer {NOBODYS}")


def test_verified_callers_are_served_while_the_database_is_away(
    made: keys.NewKey, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_arguments: Any, **_named: Any) -> None:
        raise OperationalError(2006, "gone")

    text = f"Bearer {made.text}"
    caller = identify(text)
    monkeypatch.setattr(keys, "find_principal", gone)
    assert identify(text) is caller
    for unknown in (f"Bearer {NOBODYS}", text):
        if unknown == text:
            clock.now += KEY_SECONDS
        with pytest.raises(OperationalError):
            identify(unknown)
    # That says nothing about the key.
    monkeypatch.undo()


@pytest.mark.without_engine
def test_an_open_server_takes_everyone(settings: Any) -> None:
    settings.AUTH_REQUIRED = False
    for authorization in (None, "Basic YTpi", "Bearer nonsense"):
        assert identify(authorization) is identify_known(authorization) is ANYONE


@pytest.mark.without_engine
def test_a_flood_of_refused_keys_pushes_out_no_caller(clock: Clock) -> None:
    known = Verified(clock=clock)
    known.remember(b"alice", ANYONE, seconds=5)
    for number in range(3 * MAX_CALLERS):
        known.refuse(b"%d" % number)
    assert known.get(b"alice") is ANYONE
    assert not known.is_refused(b"0")
    assert known.is_refused(b"%d" % (3 * MAX_CALLERS - 1))


@pytest.mark.without_engine
def test_no_more_callers_are_known_than_there_is_room_for(clock: Clock) -> None:
    known = Verified(clock=clock)
    for number in range(MAX_CALLERS + 1):
        known.remember(b"%d" % number, ANYONE, seconds=5)
    assert known.get(b"0") is None
    assert known.get(b"1") is ANYONE
