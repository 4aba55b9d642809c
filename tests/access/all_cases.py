"""All cases of the matrix, and the names of the things that they are about."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace

from django.urls import get_resolver

from graphql_api.schema import schema
from rest_api.negotiation import CURSOR_PROFILE
from rest_api.openapi.document import describe
from tests.access.case import Case
from tests.access.collected import Thing, described, fields, routes
from tests.access.graphql_cases import graphql_cases
from tests.access.rest_cases import described_cases
from tests.access.route_cases import route_cases
from tests.access.world import JSON_API, Caller, World

_CURSOR = re.compile(rb'"cursor":"([^"]+)"')
_PAGE = re.compile(r'\((?:after|before): "\{cursor\}", (?:first|last): 1\)')


def all_cases() -> dict[str, list[Case]]:
    """Return the cases, by what they were made from."""
    return {
        "routes": list(route_cases(routes(get_resolver().url_patterns))),
        "described": list(described_cases(_without_repetitions(described(describe())))),
        "graphql": list(graphql_cases(fields(schema._schema))),
    }


def _without_repetitions(things: Iterator[Thing]) -> list[Thing]:
    """Return the things, and of fields, which every URL has, those of one URL for each."""
    kept: dict[tuple[str, str, str], Thing] = {}
    for each in things:
        kept.setdefault(("" if each.kind.startswith("fields[") else each.place, each.kind, each.name), each)
    return list(kept.values())


def names_in(world: World, case: Case) -> dict[str, str]:
    """Return what stands for the placeholders: things of alice, and a cursor of the list that is asked."""
    names = dict(world.ids["alice"])
    for resource, name in (("Wallet", "wallet"), ("Transaction", "transaction")):
        names[f"global_{name}"] = base64.b64encode(f"{resource}:{names[name]}".encode()).decode()
    text = str(case.content)
    if "{cursor}" in case.path:
        # The lines of a statement have the cursors of the wallet's entries.
        plain = case.path.partition("?")[0].replace("/statement/", "/entries/")
        method, path, _, _ = Case(case.covers, "GET", f"{plain}?page[size]=1").filled(names)
        asked, profile = world.caller(), f'{JSON_API};profile="{CURSOR_PROFILE}"'
        found = world.ask(Caller(asked.name, {**asked.headers, "HTTP_ACCEPT": profile}), method, path).document
        names["cursor"] = found["data"][0]["meta"]["page"]["cursor"]
    if "{cursor}" in text:
        # That of the first page of the same list.
        first = _PAGE.sub("(first: 1)", case.content["query"]).replace("edges { node", "edges { cursor node")
        method, path, content, media_type = replace(case, content={"query": first}).filled(names)
        found = _CURSOR.search(world.ask(world.caller(), method, path, content, media_type).body)
        assert found, first
        names["cursor"] = found[1].decode()
    return names
