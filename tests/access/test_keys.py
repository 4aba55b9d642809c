"""Keys are created, rotated and revoked, no caller grants more than it has, and each change is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from walletsvc import errors
from walletsvc.access import key_text, keys
from walletsvc.models.access import AccessEvent, ApiKey
from walletsvc.principals import SYSTEM, Principal

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
READ = frozenset({"wallets:read"})
WRITE = frozenset({"wallets:read", "wallets:write"})


def make(**changed: object) -> keys.NewKey:
    values = {"by": SYSTEM, "name": "shop", "scopes": READ, "owner": None, "expires_at": NOW + DAY, "at": NOW}
    return keys.create_key(**{**values, **changed})  # type: ignore[arg-type]


def find(made: keys.NewKey, at: datetime = NOW) -> Principal | None:
    parsed = key_text.parse(made.text)
    assert parsed is not None
    found = keys.find_principal(parsed, at=at)
    return None if found is None else found[0]


def events() -> list[tuple[str, str, str]]:
    return list(AccessEvent.objects.order_by("id").values_list("action", "key", "by"))


def test_a_key_stands_for_its_caller() -> None:
    made = make(scopes=WRITE, owner="alice")
    assert find(made) == Principal(subject=made.key.id, scopes=WRITE, owner="alice")
    assert events() == [("create", made.key.id, "system")]


def test_the_secret_is_stored_nowhere() -> None:
    made = make()
    secret = made.text[16:59]
    stored = ApiKey.objects.values_list().get()
    assert not any(secret in str(value) for value in stored)
    assert secret.encode() not in bytes(made.key.digest)


def test_another_secret_with_the_same_id_is_refused() -> None:
    made = make()
    body = f"walk_{made.key.id}_{'x' * 43}"
    forged = key_text.parse(body + key_text.checksum(body))
    assert forged is not None
    assert keys.find_principal(forged, at=NOW) is None


def test_an_id_in_other_letters_is_not_found() -> None:
    made = make()
    body = f"walk_{made.key.id.swapcase()}_{made.text[16:59]}"
    forged = key_text.parse(body + key_text.checksum(body))
    assert forged is not None
    assert keys.find_principal(forged, at=NOW) is None


def test_a_key_ends_at_its_moment_and_never_without_one() -> None:
    made, forever = make(), make(expires_at=None)
    assert find(made, NOW + DAY - timedelta(microseconds=1)) is not None
    assert find(made, NOW + DAY) is None
    assert find(forever, NOW + 10_000 * DAY) is not None


def test_a_rotated_key_ends_after_the_overlap() -> None:
    old = make(scopes=WRITE, owner="alice", expires_at=NOW + 10 * DAY)
    new = keys.rotate_key(by=SYSTEM, key_id=old.key.id, overlap=DAY, at=NOW + DAY)
    assert (new.key.replaces, new.key.owner, new.key.scopes) == (old.key.id, "alice", "wallets:read wallets:write")
    assert new.key.expires_at == NOW + 11 * DAY
    assert find(old, NOW + 2 * DAY - timedelta(seconds=1)) is not None
    assert find(old, NOW + 2 * DAY) is None
    assert find(new, NOW + 2 * DAY) == Principal(subject=new.key.id, scopes=WRITE, owner="alice")
    assert events()[1:] == [("create", new.key.id, "system"), ("rotate", old.key.id, "system")]


def test_an_overlap_makes_no_key_live_longer() -> None:
    old = make(expires_at=NOW + DAY)
    keys.rotate_key(by=SYSTEM, key_id=old.key.id, overlap=30 * DAY, at=NOW)
    assert find(old, NOW + DAY) is None


def test_an_overlap_of_nothing_ends_the_old_key_at_once() -> None:
    old = make(expires_at=None)
    new = keys.rotate_key(by=SYSTEM, key_id=old.key.id, overlap=timedelta(), at=NOW)
    assert find(old) is None
    assert new.key.expires_at is None


def test_a_key_that_has_ended_is_not_rotated() -> None:
    expired, revoked = make(), make()
    keys.revoke_key(by=SYSTEM, key_id=revoked.key.id, at=NOW)
    for made, at in ((expired, NOW + DAY), (revoked, NOW)):
        with pytest.raises(errors.Invalid):
            keys.rotate_key(by=SYSTEM, key_id=made.key.id, overlap=DAY, at=at)
    assert ApiKey.objects.count() == 2


def test_a_revoked_key_ends_and_stays_revoked() -> None:
    made = make()
    keys.revoke_key(by=SYSTEM, key_id=made.key.id, at=NOW, reason="leaked")
    keys.revoke_key(by=SYSTEM, key_id=made.key.id, at=NOW + DAY)
    assert find(made) is None
    assert ApiKey.objects.get().revoked_at == NOW
    assert AccessEvent.objects.values_list("action", "reason").order_by("id")[1:].get() == ("revoke", "leaked")


def test_all_keys_from_before_a_moment_are_revoked() -> None:
    old, new = make(at=NOW - DAY), make(at=NOW)
    assert keys.revoke_all(by=SYSTEM, issued_before=NOW, at=NOW) == 1
    assert keys.revoke_all(by=SYSTEM, issued_before=NOW, at=NOW) == 0
    assert (find(old), find(new) is None) == (None, False)


@pytest.mark.parametrize(
    ("by", "scopes", "owner"),
    [
        (Principal("k", READ), WRITE, None),
        (Principal("k", READ), frozenset({"admin"}), None),
        (Principal("k", frozenset({"admin"}), owner="alice"), READ, None),
        (Principal("k", frozenset({"admin"}), owner="alice"), READ, "bob"),
        (Principal("k", frozenset({"admin"}), owner="alice"), READ, "Alice"),
    ],
)
def test_no_caller_grants_more_than_it_has(by: Principal, scopes: frozenset[str], owner: str | None) -> None:
    with pytest.raises(errors.Forbidden):
        make(by=by, scopes=scopes, owner=owner)
    assert (ApiKey.objects.count(), events()) == (0, [])


def test_a_rotation_grants_no_more_than_the_caller_has() -> None:
    made = make(scopes=WRITE)
    with pytest.raises(errors.Forbidden):
        keys.rotate_key(by=Principal("k", READ), key_id=made.key.id, overlap=DAY, at=NOW)
    assert ApiKey.objects.get().expires_at == NOW + DAY


def test_keys_of_another_owner_are_not_found() -> None:
    alice, bob = (Principal(name, frozenset({"admin"}), owner=name) for name in ("alice", "bob"))
    made = make(by=alice, owner="alice")
    assert keys.list_keys(by=alice) == [made.key]
    assert keys.list_keys(by=bob) == []
    for act in (keys.get_key, keys.revoke_key, keys.rotate_key):
        more = {} if act is keys.get_key else {"at": NOW} | ({"overlap": DAY} if act is keys.rotate_key else {})
        with pytest.raises(errors.NotFound):
            act(by=bob, key_id=made.key.id, **more)  # type: ignore[operator]
    assert keys.revoke_all(by=bob, issued_before=NOW + DAY, at=NOW) == 0
    assert find(made) is not None


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "a\0"}, {"owner": ""}, {"expires_at": NOW}])
def test_a_key_needs_a_name_and_a_future(wrong: dict[str, object]) -> None:
    with pytest.raises(errors.WalletError):
        make(**wrong)
    assert ApiKey.objects.count() == 0
