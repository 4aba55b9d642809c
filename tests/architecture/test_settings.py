"""No way of starting the server accepts unsafe settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.architecture.sources import ROOT
from walletsvc.server.checks import refuse_unsafe_settings
from walletsvc.settings import INSECURE_SECRET_KEY

pytestmark = pytest.mark.without_engine

SOUND: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "one of our own",
    "ALLOWED_HOSTS": ["wallets.example.com"],
    "WEB_WORKERS": 1,
    "REDIS_URL": "",
    "ASSETS": {"BTC": 8},
    "DEFAULT_CURRENCY": "USD",
}
UNSAFE = {
    "SECRET_KEY is not set.": {"SECRET_KEY": INSECURE_SECRET_KEY},
    "ALLOWED_HOSTS holds the wildcard *.": {"ALLOWED_HOSTS": ["wallets.example.com", "*"]},
    "More than one worker needs a shared cache.": {"WEB_WORKERS": 2},
    "DEFAULT_CURRENCY is unknown.": {"DEFAULT_CURRENCY": "XXX"},
    "ASSETS has BTC=19.": {"ASSETS": {"BTC": 19}},
    "ASSETS has btc=8.": {"ASSETS": {"btc": 8}},
    "CORS_PREFLIGHT_MAX_AGE is -1.": {"CORS_PREFLIGHT_MAX_AGE": -1},
}


@pytest.fixture
def configure(settings: Any) -> Any:
    def configure(**changes: Any) -> None:
        for name, value in {**SOUND, **changes}.items():
            setattr(settings, name, value)

    return configure


@pytest.mark.parametrize(("message", "changes"), UNSAFE.items(), ids=UNSAFE)
def test_an_unsafe_setting_is_refused(message: str, changes: dict[str, Any], configure: Any) -> None:
    configure(**changes)
    with pytest.raises(ImproperlyConfigured) as caught:
        refuse_unsafe_settings()
    assert message in str(caught.value)
    assert len(str(caught.value).split("walletsvc.E")) == 2  # this one and no other


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"WEB_WORKERS": 2, "REDIS_URL": "redis://cache:6379/0"},
        {"DEBUG": True, "SECRET_KEY": INSECURE_SECRET_KEY, "ALLOWED_HOSTS": ["*"]},
    ],
    ids=["one worker", "two workers that share a cache", "for local use"],
)
def test_sound_settings_are_accepted(changes: dict[str, Any], configure: Any) -> None:
    configure(**changes)
    refuse_unsafe_settings()


@pytest.mark.parametrize(
    "command",
    [
        [str(ROOT / "manage.py"), "serve", "--port", "0"],
        ["-c", "import walletsvc.server.wsgi"],
        ["-c", "import walletsvc.server.asgi"],
    ],
    ids=["manage.py serve", "WSGI", "ASGI"],
)
def test_every_door_is_guarded(command: list[str], tmp_path: Path) -> None:
    unsafe = {
        "DEBUG": "false",
        "SECRET_KEY": INSECURE_SECRET_KEY,
        "ALLOWED_HOSTS": "*",
        "WEB_WORKERS": "2",
        "REDIS_URL": "",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'unused.sqlite3'}",
    }
    finished = subprocess.run(
        [sys.executable, *command],
        env=os.environ | unsafe,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert "The server does not start with these settings:" in finished.stderr
    for message in ("SECRET_KEY is not set.", "ALLOWED_HOSTS holds the wildcard *.", "More than one worker needs"):
        assert message in finished.stderr
    assert not (tmp_path / "unused.sqlite3").exists()
