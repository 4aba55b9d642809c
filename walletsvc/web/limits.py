"""How much a caller may ask for: decided here for both faces, the layer in front of Django and the live server.

A request costs 1 unit, known from its beginning. What costs more (`cover`) is known once its document is read, and is
taken before anything is run, so a refused request has changed nothing.

Who was verified lately is charged before anything else is done. Others have to show who they are first: Django's
`MessageCheck` has them identified, before any view. A caller without a good key is charged by its address.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.db import Error

from walletsvc import errors
from walletsvc.access.counters import SharedCounter
from walletsvc.access.identify import find_verified, identify, was_good
from walletsvc.access.leases import Clock, Lease, Leases
from walletsvc.access.rates import Rate, parse_rate
from walletsvc.principals import ANYONE, Principal
from walletsvc.telemetry.metrics import RATE_LIMITED
from walletsvc.web.hooks import RequestHead
from walletsvc.web.hosts import PROBED
from walletsvc.web.refusals import Refusal

CHARGE = "walletsvc.charge"
"""The key of a request's charge in its environment or scope."""

COST_OF_A_UNIT = 100
"""How much of the cost of a GraphQL document counts as much as a request."""

_IPV6_PREFIX_BYTES = 8
"""A /64 is the smallest network that is given to one customer (RFC 6177)."""


class RequestLimits:
    """Charges each request, and tells each answer what is left (draft-ietf-httpapi-ratelimit-headers)."""

    after = None

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._is_open = not settings.AUTH_REQUIRED
        self._rate = _rate(settings.LIMIT_PER_PRINCIPAL)
        self._address_rate = _rate(settings.LIMIT_PER_ADDRESS)
        self._failure_rate = _rate(settings.LIMIT_AUTH_FAILURES)
        leases = partial(Leases, counter=_shared_counter(), processes=settings.WEB_WORKERS, clock=clock)
        # Separate, so a flood of addresses pushes out no principal.
        self._principals = leases("principal")
        self._addresses = leases("address")
        self._failures = leases("auth-failures")

    def before(self, request: RequestHead) -> Refusal | None:
        """Charge who is known, and who shows no credentials; the rest is left to `Charge.settle`."""
        charge = request.context[CHARGE] = Charge(self, request.address)
        if not request.may_wait:
            return None
        authorization = request.context.get("HTTP_AUTHORIZATION")
        try:
            # As `identify_known`, without a look at the settings, which takes 0.7 us.
            if self._is_open:
                charge.to(ANYONE)
            elif authorization is not None and (principal := find_verified(authorization)) is not None:
                charge.to(principal)
            elif request.path in PROBED:
                # A load balancer that is refused would take the server for dead.
                charge.is_settled = True
            elif authorization is None:
                charge.to_address()
        except errors.RateLimited as error:
            return refusal_of(error)
        return None

    def headers(self, request: RequestHead) -> Sequence[tuple[str, str]]:
        """Return the fields of the limit that counts for the caller.

        Charges the address of a request that is answered before anybody has asked who sends it.
        """
        charge: Charge = request.context[CHARGE]
        lease = charge.lease
        if lease is None:
            if charge.principal is not None or request.path in PROBED:
                return ()
            lease = self.of_address(charge.address)
            if lease is None:
                return ()
            if request.may_wait and not charge.is_settled:
                charge.is_settled = True
                lease.take(1)
        return (("RateLimit-Policy", lease.policy), ("RateLimit", lease.status()))

    def of_principal(self, principal: Principal) -> Lease | None:
        """Return the lease of a caller by its own rate, or the usual one."""
        rate = self._rate if principal.limit is None else parse_rate(principal.limit)
        return None if rate is None else self._principals.of(principal.subject, rate)

    def of_address(self, address: str) -> Lease | None:
        """Return the lease of the callers without a good key at an address."""
        return None if self._address_rate is None else self._addresses.of(network_of(address), self._address_rate)

    def of_failures(self, address: str) -> Lease | None:
        """Return the lease for showing bad keys at an address."""
        return None if self._failure_rate is None else self._failures.of(network_of(address), self._failure_rate)


class Charge:
    """What one request, or one connection, has been charged, and to whom."""

    __slots__ = ("_limits", "_units", "address", "is_settled", "lease", "principal")

    def __init__(self, limits: RequestLimits, address: str) -> None:
        self._limits = limits
        self._units = 1
        self.address = address
        self.principal: Principal | None = None
        self.lease: Lease | None = None
        self.is_settled = False

    def to(self, principal: Principal) -> None:
        """Charge the caller 1 unit. Raises `RateLimited`."""
        self.principal = principal
        # As `_charge` does, which would be another call for each request.
        self.is_settled = True
        self.lease = lease = self._limits.of_principal(principal)
        if lease is not None and (wait := lease.take(1)):
            self._refuse(lease, wait)

    def to_address(self) -> None:
        """Charge the address 1 unit. Raises `RateLimited`."""
        self._charge(self._limits.of_address(self.address))

    def settle(self, authorization: str | None) -> None:
        """Find out who is calling, and charge it.

        An address that has shown too many bad keys is refused before its next one is looked at, unless that was good
        before. Raises `RateLimited`, and nothing about a caller that is not identified: it is charged by its address.
        """
        failures = None if authorization is None else self._limits.of_failures(self.address)
        if failures is not None and not was_good(authorization or "") and (wait := failures.wait()):
            self._refuse(failures, wait)
        try:
            principal = identify(authorization)
        except errors.Unauthenticated:
            if failures is not None and (wait := failures.take(1)):
                self._refuse(failures, wait)
            self.to_address()
        except (Error, errors.WalletError):
            # Whether the credentials are good is not known now: the view says so.
            self.to_address()
        else:
            self.to(principal)

    def cover(self, units: int) -> None:
        """Charge so much for the whole request, less what it has been charged before. Raises `RateLimited`."""
        lease = self.lease
        if lease is None or units <= self._units:
            return
        if units > lease.rate.blocks * lease.rate.block:
            message = f"This counts for {units:,} requests at once, and {lease.rate.text} is allowed: ask for less."
            raise errors.RateLimited(message, retry_after_seconds=lease.rate.seconds)
        self.spend(units - self._units)
        self._units = units

    def spend(self, units: int) -> None:
        """Charge more. Raises `RateLimited`."""
        lease = self.lease
        if lease is not None and (wait := lease.take(units)):
            self._refuse(lease, wait)

    def _charge(self, lease: Lease | None) -> None:
        self.is_settled = True
        self.lease = lease
        if lease is not None and (wait := lease.take(1)):
            self._refuse(lease, wait)

    def _refuse(self, lease: Lease, wait: int) -> None:
        self.is_settled = True
        self.lease = lease
        RATE_LIMITED.add(lease.kind)
        message = f"Too many requests: {lease.rate.text} is allowed. Try again in {wait} s."
        raise errors.RateLimited(message, retry_after_seconds=wait)


def settle(context: Mapping[str, Any], authorization: str | None) -> Refusal | None:
    """Charge a request that is not charged yet; return its refusal."""
    charge: Charge | None = context.get(CHARGE)
    if charge is None or charge.is_settled:
        return None
    try:
        charge.settle(authorization)
    except errors.RateLimited as error:
        return refusal_of(error)
    return None


def cover(context: Mapping[str, Any], units: int) -> None:
    """Charge the request in this environment or scope so many units in total. Raises `RateLimited`."""
    charge: Charge | None = context.get(CHARGE)
    if charge is not None:
        charge.cover(units)


def units_of(cost: int) -> int:
    """Return the units of a GraphQL document of that cost."""
    return 1 + cost // COST_OF_A_UNIT


def refusal_of(error: errors.RateLimited) -> Refusal:
    """Return the refusal of a request over its limit."""
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return Refusal(429, error.code, error.message, headers=headers)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return what an address is counted by: itself, or its /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(IPv6Address(parsed.packed[:_IPV6_PREFIX_BYTES] + bytes(_IPV6_PREFIX_BYTES)))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def _rate(text: str) -> Rate | None:
    return parse_rate(text) if text else None


def _shared_counter() -> SharedCounter | None:
    if not settings.REDIS_URL:
        return None
    return SharedCounter(settings.CACHES["default"])
