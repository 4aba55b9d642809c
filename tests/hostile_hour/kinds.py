"""The kinds of requests of a hostile hour: each has something that no other request has, and that may be large."""

from __future__ import annotations

from tests.hostile_hour import graphql_kinds, header_kinds, live_kinds, rest_kinds
from tests.hostile_hour.requests import Kind

KINDS: tuple[Kind, ...] = (*graphql_kinds.KINDS, *rest_kinds.KINDS, *header_kinds.KINDS, *live_kinds.KINDS)
