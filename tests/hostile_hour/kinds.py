"""The kinds of requests of a hostile hour: each has a unique, possibly large part."""

from __future__ import annotations

from tests.hostile_hour import graphql_kinds, header_kinds, live_kinds, rest_kinds
from tests.hostile_hour.requests import Kind

KINDS: tuple[Kind, ...] = (*graphql_kinds.KINDS, *rest_kinds.KINDS, *header_kinds.KINDS, *live_kinds.KINDS)
