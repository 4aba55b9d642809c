"""Old idempotency keys are deleted, and no others."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from walletsvc.commands import prune
from walletsvc.models import ReplayKey

pytestmark = pytest.mark.django_db


def keep(number: int, hours: float) -> None:
    created_at = timezone.now() - timedelta(hours=hours)
    ReplayKey.objects.create(
        hash=bytes([number]) * 32, fingerprint=b"f" * 16, kind="transaction.post", created_at=created_at
    )


def left() -> list[int]:
    return sorted(bytes(each)[0] for each in ReplayKey.objects.values_list("hash", flat=True))


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("prune", *arguments, stdout=out, no_color=True)
    return out.getvalue().splitlines()


def test_keys_are_deleted_after_a_day_in_short_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "KEYS_A_STATEMENT", 2)
    for number, hours in enumerate([0, 23.9, 24.1, 25, 48, 100, 1000], start=1):
        keep(number, hours)
    assert run() == ["2 of 5", "4 of 5", "5 of 5", "5 idempotency keys deleted."]
    assert left() == [1, 2]
    assert run() == ["0 idempotency keys deleted."]


def test_keys_can_be_kept_for_longer() -> None:
    for number, hours in enumerate([30, 47.9, 48.1], start=1):
        keep(number, hours)
    assert run("--older-than", "48") == ["1 of 1", "1 idempotency keys deleted."]
    assert left() == [1, 2]


def test_keys_are_not_deleted_before_clients_are_done_with_them() -> None:
    keep(1, 23)
    with pytest.raises(CommandError, match="24 hours"):
        run("--older-than", "23")
    assert left() == [1]
