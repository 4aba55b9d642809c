"""Requests that Schemathesis generates from the OpenAPI document and the GraphQL schema."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.graphql import nodes

from tests.intrusion.requests import Request
from tests.intrusion.targets import PATHS, Targets
from tests.live import ROOT

_SDL = ROOT / "graphql_api" / "schema.graphql"
_AMOUNTS = ("1.00", "-0.01", "2.50", "0", "-999999", "1e3", "0.001", "99999999999999999999")
_MOMENTS = ("2020-01-01T00:00:00Z", "2999-12-31T23:59:59.999999+14:00", "yesterday")


def rest_cases(description: dict[str, Any], mode: GenerationMode) -> st.SearchStrategy[Any]:
    """Return cases of all operations of an OpenAPI document."""
    schema = schemathesis.openapi.from_dict(description)
    operations = [found.ok() for found in schema.get_all_operations()]
    # What writes is asked more often, as most of it is refused.
    weighted = [each for each in operations for _ in range(4 if is_write(each) else 1)]
    return st.one_of([operation.as_strategy(generation_mode=mode) for operation in weighted])


def graphql_cases(path: Path = _SDL) -> st.SearchStrategy[Any]:
    """Return cases of all queries and mutations of a GraphQL schema."""
    schemathesis.graphql.scalar("Amount", st.sampled_from(_AMOUNTS).map(nodes.String))
    schemathesis.graphql.scalar("DateTime", st.sampled_from(_MOMENTS).map(nodes.String))
    schemathesis.graphql.scalar("Long", st.integers(-1, 2**63).map(nodes.Int))
    schemathesis.graphql.scalar("JSON", st.just(nodes.Object(fields=[])))
    schema = schemathesis.graphql.from_file(path.open())
    return st.one_of([found.ok().as_strategy() for found in schema.get_all_operations()])


def rest_request(case: Any, random: Random, targets: Targets, owner: str) -> Request:
    """Return the request of a case, led to things that there are."""
    resource = next((name for name, path in PATHS.items() if f"/{path}/{{id}}" in case.path), None)
    if "id" in case.path_parameters and random.random() < 0.8:
        case.path_parameters["id"] = targets.an_id(random, *([resource] if resource else []))
    for name in [*case.query]:
        if (
            name in ("filter[wallet]", "filter[transaction]", "filter[transfer]", "filter[hold]")
            and random.random() < 0.8
        ):
            case.query[name] = targets.an_id(random, name[7:-1].capitalize())
        elif name in ("filter[label]", "filter[txid]", "filter[search]") and random.random() < 0.6:
            case.query[name] = targets.a_text(random, owner)
    if random.random() < 0.7:
        # Random tags are never those of anything.
        case.headers = {name: value for name, value in case.headers.items() if not name.startswith("If-")}
    if isinstance(case.body, dict):
        case.body = targets.lead_json(case.body, random, owner)
        identified = case.body.get("data")
        if isinstance(identified, dict) and case.path.endswith("{id}/") and random.random() < 0.9:
            identified["id"] = case.path_parameters["id"]
    return _prepared("rest", case)


def graphql_request(case: Any, random: Random, targets: Targets, owner: str) -> Request:
    """Return the request of a case, led to things that there are."""
    body = {"query": targets.lead_graphql(case.body, random, owner)}
    return Request(
        "graphql", "POST", b"/graphql/", (("Content-Type", b"application/json"),), json.dumps(body).encode()
    )


def _prepared(kind: str, case: Any) -> Request:
    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    headers = tuple(
        (name, value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape"))
        for name, value in prepared.headers.items()
        if name.lower() not in ("content-length", "x-schemathesis-testcaseid")
    )
    body = prepared.body.encode("utf-8", "surrogatepass") if isinstance(prepared.body, str) else prepared.body
    return Request(kind, str(prepared.method), prepared.path_url.encode("latin-1"), headers, body)


def is_write(operation: Any) -> bool:
    """Tell whether an operation can change something: most relationships are changed by nobody."""
    return operation.method != "get" and "relationships" not in operation.path
