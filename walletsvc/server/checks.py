"""Settings that the server refuses to start on. Commands such as `migrate` skip these checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from walletsvc.access.rates import parse_rate
from walletsvc.errors import Invalid
from walletsvc.money import DECIMAL_PLACES, scales
from walletsvc.server.database_checks import check_transport
from walletsvc.settings import INSECURE_SECRET_KEY
from walletsvc.web.fast_path import middleware_in_the_way
from walletsvc.web.proxies import parse_networks

SERVING = "serving"
SECRET_KEY_LENGTH = 32
"""The fewest characters that are taken for a secret: 128 bits in hexadecimal digits."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_PUBLIC_URL = re.compile(
    rf"https?://{_HOST}"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*"
)
"""Scheme, host, port and path of a URL (RFC 3986, section 3); links would lose its other parts."""
_LIVE_URL = re.compile(rf"wss?://{_HOST}(?:/[A-Za-z0-9._~/-]*)?")
"""The same, without characters that have a meaning in a Content-Security-Policy."""


def register() -> None:
    """Register the checks for `manage.py check --deploy`."""
    for check in (
        check_secrets,
        check_cache,
        check_currencies,
        check_public_url,
        check_live_url,
        check_proxies,
        check_fast_path,
        check_issuer,
        check_limits,
        check_transport,
    ):
        checks.register(check, SERVING, deploy=True)


def refuse_unsafe_settings() -> None:
    """Raise `ImproperlyConfigured` with all errors, if there are any."""
    serious = [message for message in find_unsafe_settings() if message.is_serious()]
    if serious:
        raise ImproperlyConfigured("The server does not start with these settings:\n" + "\n".join(map(str, serious)))


def find_unsafe_settings() -> list[checks.CheckMessage]:
    """Return errors for settings that a server must not have, and warnings of what it had better not have, by id."""
    # Django's registry is a set of functions: it runs them in another order in each process.
    found = sorted(checks.run_checks(tags=[SERVING], include_deployment_checks=True), key=attrgetter("id"))
    return [message for message in found if not message.is_silenced()]


def check_secrets(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """With DEBUG off, require a secret key and explicit hosts."""
    found: list[checks.CheckMessage] = []
    if not settings.DEBUG and settings.SECRET_KEY == INSECURE_SECRET_KEY:
        hint = "Set SECRET_KEY in the environment or in .env to a long random text, or DEBUG=true for local use."
        found.append(checks.Error("SECRET_KEY is not set.", hint=hint, id="walletsvc.E001"))
    elif not settings.DEBUG and len(settings.SECRET_KEY) < SECRET_KEY_LENGTH:
        hint = "Set a long random text: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'."
        what = f"SECRET_KEY has fewer than {SECRET_KEY_LENGTH} characters."
        found.append(checks.Error(what, hint=hint, id="walletsvc.E012"))
    if not settings.DEBUG and "*" in settings.ALLOWED_HOSTS:
        hint = "List the host names of the server."
        found.append(checks.Error("ALLOWED_HOSTS holds the wildcard *.", hint=hint, id="walletsvc.E002"))
    return found


def check_cache(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """More than one process requires Redis: caches in memory do not see other processes' writes."""
    if settings.REDIS_URL or settings.WEB_WORKERS == 1:
        return []
    hint = "Set REDIS_URL, or WEB_WORKERS=1."
    return [checks.Error("More than one worker needs a shared cache.", hint=hint, id="walletsvc.E003")]


def check_currencies(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Require a known default currency, and assets whose code and scale fit the columns."""
    found: list[checks.CheckMessage] = []
    for code, scale in settings.ASSETS.items():
        if not re.fullmatch("[A-Z][A-Z0-9]{1,15}", code) or not 0 <= scale <= DECIMAL_PLACES:
            hint = f"A code of 2 to 16 capital letters or digits, and 0 to {DECIMAL_PLACES} places: BTC=8,ETH=18."
            found.append(checks.Error(f"ASSETS has {code}={scale}.", hint=hint, id="walletsvc.E004"))
    if settings.DEFAULT_CURRENCY not in scales():
        hint = "Use an ISO 4217 code, or a code in ASSETS."
        found.append(checks.Error("DEFAULT_CURRENCY is unknown.", hint=hint, id="walletsvc.E005"))
    return found


def check_public_url(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Links begin with PUBLIC_URL, so it must be a URL that can be extended."""
    if not settings.PUBLIC_URL or _PUBLIC_URL.fullmatch(settings.PUBLIC_URL):
        return []
    hint = "A URL without credentials, query or fragment, such as https://pay.example or https://pay.example/base."
    return [checks.Error(f"PUBLIC_URL is {settings.PUBLIC_URL!r}.", hint=hint, id="walletsvc.E007")]


def check_live_url(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """The playground's page allows its scripts to connect to LIVE_URL only."""
    if not settings.LIVE_URL or _LIVE_URL.fullmatch(settings.LIVE_URL):
        return []
    hint = "The URL of a WebSocket, without credentials and query, such as wss://live.example/graphql/."
    return [checks.Error(f"LIVE_URL is {settings.LIVE_URL!r}.", hint=hint, id="walletsvc.E009")]


def check_proxies(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """TRUSTED_PROXIES must be addresses: a name would need a look-up for each request."""
    try:
        parse_networks(settings.TRUSTED_PROXIES)
    except ValueError as error:
        hint = "Addresses and CIDR blocks, separated by commas: 127.0.0.1,10.0.0.0/8."
        return [checks.Error(f"TRUSTED_PROXIES: {error}.", hint=hint, id="walletsvc.E008")]
    return []


def check_fast_path(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Known requests are answered before Django, unless some middleware must see every request.

    Whoever wants that all the same silences the check (SILENCED_SYSTEM_CHECKS).
    """
    hint = "Cached reads take several times as long. Remove it, or list it in walletsvc/web/fast_path.py."
    return [
        checks.Error(f"With {name} in MIDDLEWARE, Django answers every request.", hint=hint, id="walletsvc.E006")
        for name in middleware_in_the_way()
    ]


def check_issuer(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Tokens need an issuer that nobody can stand in for, a named audience, and signatures by a private key."""
    if not settings.OIDC_ISSUER:
        return []
    # Here, as in `access.identify`.
    from walletsvc.access.issuer import is_trusted_address
    from walletsvc.access.tokens import SAFE_ALGORITHMS

    found: list[checks.CheckMessage] = []
    if not is_trusted_address(settings.OIDC_ISSUER) or "?" in settings.OIDC_ISSUER:
        hint = "An https address without credentials and query, or an http one of this machine."
        found.append(checks.Error("OIDC_ISSUER is not trustworthy.", hint=hint, id="walletsvc.E020"))
    if not settings.OIDC_AUDIENCE:
        hint = "The name that the issuer has for this server; tokens for others are refused."
        found.append(checks.Error("OIDC_ISSUER needs OIDC_AUDIENCE.", hint=hint, id="walletsvc.E021"))
    unsafe = set(settings.OIDC_ALGORITHMS) - SAFE_ALGORITHMS
    if unsafe or not settings.OIDC_ALGORITHMS:
        hint = f"Some of {' '.join(sorted(SAFE_ALGORITHMS))}."
        what = f"OIDC_ALGORITHMS has {' '.join(sorted(unsafe)) or 'nothing'}."
        found.append(checks.Error(what, hint=hint, id="walletsvc.E022"))
    return found


def check_limits(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Require limits that can be read."""
    found: list[checks.CheckMessage] = []
    for name in ("LIMIT_PER_PRINCIPAL", "LIMIT_PER_ADDRESS", "LIMIT_AUTH_FAILURES"):
        text: str = getattr(settings, name)
        try:
            if text:
                parse_rate(text)
        except Invalid as error:
            hint = "Set a limit such as 6000/minute, or nothing for none."
            found.append(checks.Error(f"{name}: {error.message}", hint=hint, id="walletsvc.E011"))
    return found
