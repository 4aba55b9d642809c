"""What the server refuses to start on. Commands such as `migrate` do without these checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from walletsvc.money import DECIMAL_PLACES, scales
from walletsvc.settings import INSECURE_SECRET_KEY

SERVING = "serving"


def register() -> None:
    """Make the checks known to `manage.py check --deploy`."""
    for check in (check_secrets, check_cache, check_currencies):
        checks.register(check, SERVING, deploy=True)


def refuse_unsafe_settings() -> None:
    """Raise `ImproperlyConfigured` with all that is wrong, if anything is."""
    found = checks.run_checks(tags=[SERVING], include_deployment_checks=True)
    serious = [str(message) for message in found if message.is_serious()]
    if serious:
        raise ImproperlyConfigured("The server does not start like this:\n" + "\n".join(serious))


def check_secrets(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """With DEBUG off, a secret of one's own and named hosts."""
    found: list[checks.CheckMessage] = []
    if not settings.DEBUG and settings.SECRET_KEY == INSECURE_SECRET_KEY:
        hint = "Set SECRET_KEY in the environment or in .env to a long random text, or DEBUG=true for local use."
        found.append(checks.Error("SECRET_KEY is not set.", hint=hint, id="walletsvc.E001"))
    if not settings.DEBUG and "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts that the server is reached by."
        found.append(checks.Error("ALLOWED_HOSTS holds the wildcard *.", hint=hint, id="walletsvc.E002"))
    return found


def check_cache(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Caches in the memory of several processes would not know of each other's writes."""
    if settings.REDIS_URL or settings.WEB_WORKERS == 1:
        return []
    hint = "Set REDIS_URL, or WEB_WORKERS=1."
    return [checks.Error("More than one worker needs a cache that they share.", hint=hint, id="walletsvc.E003")]


def check_currencies(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """The default currency is known, and assets have a code and a scale that the columns can hold."""
    found: list[checks.CheckMessage] = []
    for code, scale in settings.ASSETS.items():
        if not re.fullmatch("[A-Z][A-Z0-9]{1,15}", code) or not 0 <= scale <= DECIMAL_PLACES:
            hint = f"A code of 2 to 16 capital letters or digits, and 0 to {DECIMAL_PLACES} places: BTC=8,ETH=18."
            found.append(checks.Error(f"ASSETS has {code}={scale}.", hint=hint, id="walletsvc.E004"))
    if settings.DEFAULT_CURRENCY not in scales():
        hint = "Use an ISO 4217 code, or one that ASSETS names."
        found.append(checks.Error("DEFAULT_CURRENCY is unknown.", hint=hint, id="walletsvc.E005"))
    return found
