"""Keep secrets out of what leaves the process for operators: log lines and reports of faults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "***"

MIN_LENGTH = 6
"""A shorter secret is not searched for by its text: it could be a part of any word."""

_VALUE = r"""(?:\\?["'])?\s?[=:]\s?(?:\\?["'])?"""
"""What stands between a name and its value in Python, JSON (also inside JSON), forms and URLs."""
_RULES: tuple[tuple[tuple[str, ...], str], ...] = (
    # An API key, whose id is public.
    (("walk_", "walk%5f"), r"(walk(?:_|%5f)[0-9a-z]{0,10})[0-9a-z_%]*"),
    # A signed or encrypted token, which begins with a JSON object in base 64 (RFC 7515, RFC 7516).
    (("eyj", "eya", "ew0", "ewo", "ewk"), r"()(?:eyJ|eyA|ew0|ewo|ewk)[0-9a-z_-]{10,}(?:\.[0-9a-z_-]*){0,4}"),
    # The password in a URL.
    (("://",), r"""(://[^\s:/@"'\\]*:)[^\s"'\\/]+(?=@)"""),
    # Other credentials in a header.
    (("bearer", "basic"), r"""(\b(?:bearer|basic)(?:\s|%20|\+)+)[^\s"'\\,]{8,}"""),
    # A value with a telling name.
    (
        ("passw", "secret", "api_key", "apikey", "api-key", "authorization", "access_token", "credentials"),
        r"((?:passw(?:or)?d|secret|api[_-]?key|authorization|access_token|credentials)"
        + _VALUE
        + r""")(?!\s|bearer\b|basic\b|\*\*\*)[^\s"'\\,;&)}\]]+""",
    ),
)
"""Texts in lower case, of which each secret of a kind has one, and the pattern of the kind, whose first group stays.

Most lines have none of these texts, which is found out in a tenth of the time that the patterns take.
"""
_PATTERNS = tuple((hints, re.compile(pattern, re.IGNORECASE)) for hints, pattern in _RULES)


class Redaction:
    """Hides what looks like a secret, and the secrets that the process knows, wherever they stand in a text."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Hide the `known` secrets as they are, and as JSON, a URL and Python print them."""
        forms = {form for text in known if len(text) >= MIN_LENGTH for form in _forms(text)}
        # The longest first: one may be a part of another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        lower = text.lower()
        for hints, pattern in _PATTERNS:
            for hint in hints:
                if hint in lower:
                    text = pattern.sub(rf"\1{HIDDEN}", text)
                    break
        return text


def _forms(text: str) -> set[str]:
    return {
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        quote(text, safe=""),
        repr(text)[1:-1],
    }


def known_secrets(settings: Any) -> set[str]:
    """Return the secrets in Django's settings: keys, and the passwords of database and Redis."""
    found = {settings.SECRET_KEY, *(str(each.get("PASSWORD") or "") for each in settings.DATABASES.values())}
    password = urlsplit(settings.REDIS_URL).password or ""
    return found | {password, unquote(password), urlsplit(settings.SENTRY_DSN).username or ""}
