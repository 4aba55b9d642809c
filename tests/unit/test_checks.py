"""What is wrong with the settings is said in one order, whichever check Django runs first."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks.registry import registry

from walletsvc.server.checks import find_unsafe_settings


@pytest.mark.parametrize("backwards", [False, True])
def test_one_order(backwards: bool, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = False
    settings.SECRET_KEY = "short"
    settings.ALLOWED_HOSTS = ["*"]
    settings.PUBLIC_URL = "nowhere"
    checks = sorted(registry.deployment_checks, key=repr, reverse=backwards)
    monkeypatch.setattr(registry, "deployment_checks", checks)
    assert [message.id for message in find_unsafe_settings()][:3] == [
        "walletsvc.E002",
        "walletsvc.E007",
        "walletsvc.E012",
    ]
