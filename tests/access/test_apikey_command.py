"""`manage.py apikey` makes, rotates, revokes and lists keys, and shows a secret once."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from walletsvc.access import key_text, keys
from walletsvc.models.access import ApiKey

pytestmark = pytest.mark.django_db

CREATE = ("create", "--name", "shop", "--scopes", "wallets:read,transactions:write")


def apikey(*arguments: str) -> tuple[str, str]:
    """Run the command and return what it prints, on both streams."""
    out, err = StringIO(), StringIO()
    call_command("apikey", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def is_good(text: str) -> bool:
    parsed = key_text.parse(text.strip())
    assert parsed is not None
    return keys.find_principal(parsed, at=timezone.now()) is not None


def test_a_new_key_stands_alone_on_standard_output() -> None:
    out, err = apikey(*CREATE, "--owner", "alice")
    assert is_good(out)
    assert out.count("\n") == 1
    key = ApiKey.objects.get()
    assert (key.scopes, key.owner) == ("wallets:read transactions:write", "alice")
    assert key.expires_at is not None
    assert key.expires_at - key.created_at == timedelta(days=365)
    assert out.strip() not in err
    assert key.id in err


@pytest.mark.parametrize(
    ("expires", "lives"),
    [("30s", timedelta(seconds=30)), ("24h", timedelta(hours=24)), ("90d", timedelta(days=90)), ("never", None)],
)
def test_a_key_lives_for_its_term(expires: str, lives: timedelta | None) -> None:
    _, err = apikey(*CREATE, "--expires", expires)
    key = ApiKey.objects.get()
    assert (None if key.expires_at is None else key.expires_at - key.created_at) == lives
    assert ("never expires: revoke it" in err) == (expires == "never")


def test_a_moment_is_an_end_as_well() -> None:
    apikey(*CREATE, "--expires", "2999-01-31T12:00:00Z")
    assert f"{ApiKey.objects.get().expires_at:%Y-%m-%d %H}" == "2999-01-31 12"


@pytest.mark.parametrize(
    "wrong",
    [
        ("create", "--name", "", "--scopes", "admin"),
        ("create", "--name", "a", "--scopes", "wallets"),
        ("create", "--name", "a", "--scopes", " , "),
        (*CREATE, "--expires", "soon"),
        (*CREATE, "--limit", "many"),
        (*CREATE, "--limit", "0/second"),
        (*CREATE, "--limit", ""),
        (*CREATE, "--expires", "2001-01-31T12:00:00Z"),
        ("rotate", "nobody"),
        ("revoke", "nobody"),
        ("revoke",),
        ("revoke", "a", "--all-issued-before", "2026-01-01T00:00:00Z"),
        ("show", "nobody"),
        ("melt",),
    ],
)
def test_invalid_arguments_are_refused_in_one_line(wrong: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        apikey(*wrong)
    assert ApiKey.objects.count() == 0


def test_a_rotated_key_has_a_successor() -> None:
    old = apikey(*CREATE)[0]
    new, said = apikey("rotate", ApiKey.objects.get().id, "--overlap", "0")
    assert (is_good(old), is_good(new)) == (False, True)
    assert "It replaces" in said
    with pytest.raises(CommandError):
        apikey("rotate", ApiKey.objects.get(replaces=None).id)


def test_keys_are_revoked_one_by_one_or_together() -> None:
    texts = [apikey(*CREATE)[0] for _ in range(3)]
    apikey("revoke", texts[0][5:15], "--reason", "leaked")
    assert [is_good(text) for text in texts] == [False, True, True]
    assert apikey("revoke", "--all-issued-before", "2999-01-01T00:00:00Z")[0] == "2 keys revoked.\n"
    assert not any(map(is_good, texts))


def test_keys_that_have_ended_are_revoked_again_where_they_have_not(tmp_path: Path) -> None:
    """As after a restore: the list is younger than the database."""
    revoked, rotated, good = (apikey(*CREATE)[0] for _ in range(3))
    before = list(ApiKey.objects.all())
    apikey("revoke", revoked[5:15])
    apikey("rotate", rotated[5:15], "--overlap", "0")
    listed = apikey("list", "--ended")[0]
    assert sorted(listed.split()) == sorted([revoked[5:15], rotated[5:15]])
    # The state of the dump, in which the key that replaced one is not there yet.
    ApiKey.objects.exclude(id__in=[key.id for key in before]).delete()
    for key in before:
        key.save()
    assert [is_good(text) for text in (revoked, rotated, good)] == [True, True, True]
    (tmp_path / "ended").write_text(f"{listed}\nUnknown000\n")
    assert apikey("revoke", "--listed-in", str(tmp_path / "ended"))[0] == "2 keys revoked, of 3 in the list.\n"
    assert [is_good(text) for text in (revoked, rotated, good)] == [False, False, True]
    assert apikey("revoke", "--listed-in", str(tmp_path / "ended"))[0] == "0 keys revoked, of 3 in the list.\n"


@pytest.mark.parametrize("more", ["shop", "walk_0123456789", "0123456789 abc", "\0", "012345678\u0661"])
def test_a_list_with_anything_but_ids_revokes_nothing(tmp_path: Path, more: str) -> None:
    text = apikey(*CREATE)[0]
    (tmp_path / "ended").write_text(f"{text[5:15]}\n{more}\n")
    with pytest.raises(CommandError, match=r"Line 2 of .* is no id"):
        apikey("revoke", "--listed-in", str(tmp_path / "ended"))
    with pytest.raises(CommandError, match="cannot be read"):
        apikey("revoke", "--listed-in", str(tmp_path / "nothing"))
    assert is_good(text)


def test_no_list_shows_a_secret() -> None:
    text = apikey(*CREATE)[0].strip()
    shown = apikey("list")[0] + apikey("show", text[5:15])[0]
    assert text[5:15] in shown
    assert "wallets:read transactions:write" in shown
    assert text[16:59] not in shown


def test_a_key_keeps_its_limit() -> None:
    _, err = apikey(*CREATE, "--limit", "100 per second")
    first = ApiKey.objects.get()
    assert first.limit == "100/second"
    assert "limit 100/second" in err
    _, err = apikey("rotate", first.id)
    assert "limit 100/second" in err
    second = ApiKey.objects.get(replaces=first.id)
    assert second.limit == "100/second"
    for shown in (apikey("list")[0], apikey("show", second.id)[0]):
        assert "limit 100/second" in shown
    _, err = apikey(*CREATE)
    assert "limit" not in err
