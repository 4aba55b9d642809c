"""An issuer, and a process that trusts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.issuers import AUDIENCE, Issuer
from walletsvc.access import tokens
from walletsvc.access.issuer import IssuerKeys


@pytest.fixture(scope="session")
def running_issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(running_issuer: Issuer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """Return an issuer that the settings name, and whose keys have been fetched."""
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE = running_issuer.url, AUDIENCE
    keys = IssuerKeys(running_issuer.url, settings.OIDC_ALGORITHMS)
    keys.refresh()
    monkeypatch.setattr(tokens, "issuer_keys", lambda: keys)
    return running_issuer
