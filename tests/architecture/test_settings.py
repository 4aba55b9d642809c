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
from walletsvc.settings import INSECURE_SECRET_KEY, MIDDLEWARE, SILENCED_SYSTEM_CHECKS

pytestmark = pytest.mark.without_engine

SOUND: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "one of our own, and long enough to be one",
    "ALLOWED_HOSTS": ["wallets.example.com"],
    "WEB_WORKERS": 1,
    "REDIS_URL": "",
    "ASSETS": {"BTC": 8},
    "DEFAULT_CURRENCY": "USD",
}
ISSUER = {"OIDC_ISSUER": "https://id.example", "OIDC_AUDIENCE": "walletsvc", "OIDC_ALGORITHMS": ["RS256", "EdDSA"]}
IN_THE_WAY = "django.contrib.sessions.middleware.SessionMiddleware"
UNSAFE = {
    "SECRET_KEY is not set.": {"SECRET_KEY": INSECURE_SECRET_KEY},
    "SECRET_KEY has fewer than 32 characters.": {"SECRET_KEY": "s" * 31},
    "ALLOWED_HOSTS holds the wildcard *.": {"ALLOWED_HOSTS": ["wallets.example.com", "*"]},
    "More than one worker needs a shared cache.": {"WEB_WORKERS": 2},
    "DEFAULT_CURRENCY is unknown.": {"DEFAULT_CURRENCY": "XXX"},
    "ASSETS has BTC=19.": {"ASSETS": {"BTC": 19}},
    "ASSETS has btc=8.": {"ASSETS": {"btc": 8}},
    "LIMIT_PER_PRINCIPAL: 'many' is no limit": {"LIMIT_PER_PRINCIPAL": "many"},
    "LIMIT_AUTH_FAILURES: '0/minute' is no limit": {"LIMIT_AUTH_FAILURES": "0/minute"},
    "OIDC_ISSUER is not trustworthy.": {**ISSUER, "OIDC_ISSUER": "http://id.example"},
    "OIDC_ISSUER needs OIDC_AUDIENCE.": {**ISSUER, "OIDC_AUDIENCE": ""},
    "OIDC_ALGORITHMS has none.": {**ISSUER, "OIDC_ALGORITHMS": ["RS256", "none"]},
    "OIDC_ALGORITHMS has HS256.": {**ISSUER, "OIDC_ALGORITHMS": ["HS256", "RS256"]},
    "OIDC_ALGORITHMS has nothing.": {**ISSUER, "OIDC_ALGORITHMS": []},
    f"With {IN_THE_WAY} in MIDDLEWARE, Django answers every request.": {"MIDDLEWARE": [*MIDDLEWARE, IN_THE_WAY]},
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
        ISSUER,
        {**ISSUER, "OIDC_ISSUER": "http://127.0.0.1:8080/realms/shop"},
        {
            "MIDDLEWARE": [*MIDDLEWARE, IN_THE_WAY],
            "SILENCED_SYSTEM_CHECKS": [*SILENCED_SYSTEM_CHECKS, "walletsvc.E006"],
        },
    ],
    ids=[
        "one worker",
        "two workers that share a cache",
        "for local use",
        "an issuer",
        "an issuer on this machine",
        "slow on purpose",
    ],
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
    for message in ("SECRET_KEY is not set.", "ALLOWED_HOSTS holds the wildcard *.", "More than one worker needs"):
        assert message in finished.stderr
    assert not (tmp_path / "unused.sqlite3").exists()


def test_a_server_without_tokens_loads_no_library_for_them() -> None:
    """They take 22 MB of each process, and a third of a second of each command."""
    code = "import sys, walletsvc.server.wsgi; sys.exit('jwt' in sys.modules or 'cryptography.hazmat' in sys.modules)"
    environment = {**os.environ, "DEBUG": "true", "AUTH_REQUIRED": "true", "OIDC_ISSUER": ""}
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=60, check=False)
    assert finished.returncode == 0
