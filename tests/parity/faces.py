"""One question to both faces, with both answers in the same form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from walletsvc.queries.filters import FILTER_SETS, NumberFilter
from walletsvc.schema.resources import RESOURCES

MEDIA_TYPE = "application/vnd.api+json"
CURSORS = MEDIA_TYPE + '; profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'
PATHS = {
    "Wallet": "wallets",
    "Transaction": "transactions",
    "Entry": "entries",
    "Transfer": "transfers",
    "Hold": "holds",
}


@dataclass(frozen=True)
class Asked:
    """A list that is asked for: filters and orders as the domain names them, and a page."""

    resource: str
    filters: Mapping[str, str] = field(default_factory=dict)
    order: Sequence[str] = ()
    size: int = 20
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Answered:
    """The result: the printed records with their ids and relations, or the codes of a refusal."""

    records: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)


def ask_rest(client: Client, asked: Asked) -> Answered:
    """Request a page by cursors, as GraphQL's pages are.

    The ledger knows the id of a deleted transaction; REST's linkage shows it, although nothing can be included for
    it. GraphQL has null there.
    """
    to_one = RESOURCES[asked.resource].to_one
    query = {f"filter[{name}]": value for name, value in asked.filters.items()} | {"page[size]": str(asked.size)}
    query |= {"include": ",".join(to_one)} if to_one else {}
    if asked.order:
        query["sort"] = ",".join(asked.order)
    query |= {f"page[{name}]": value for name in ("after", "before") if (value := getattr(asked, name)) is not None}
    url = f"/api/{PATHS[asked.resource]}/?{urlencode(query)}"
    document = json.loads(client.get(url, headers={"Accept": CURSORS}).content)
    if "errors" in document:
        return Answered(codes=[error["code"] for error in document["errors"]])
    there = {(each["type"], each["id"]) for each in document.get("included", ())}
    records = []
    for data in document["data"]:
        linkage = {name: _target(data["relationships"][name]["data"], there) for name in to_one}
        records.append({"databaseId": data["id"], **data["attributes"], **linkage})
    return Answered(records, cursors=[data["meta"]["page"]["cursor"] for data in document["data"]])


def _target(linkage: Mapping[str, str] | None, there: set[tuple[str, str]]) -> str | None:
    return linkage["id"] if linkage is not None and (linkage["type"], linkage["id"]) in there else None


def ask_graphql(client: Client, asked: Asked) -> Answered:
    """Ask for a connection with every field."""
    resource = RESOURCES[asked.resource]
    fields = ["databaseId", *(each.name for each in resource.fields)]
    fields += [f"{name} {{ databaseId }}" for name in resource.to_one]
    end = "last" if asked.before is not None and asked.after is None else "first"
    query = (
        f"query ($filters: {resource.name}Filters, $ordering: [{resource.name}Order!], $size: Int,"
        " $after: String, $before: String) {"
        f" found: {PATHS[resource.name]}(filters: $filters, ordering: $ordering, {end}: $size, after: $after,"
        f" before: $before) {{ edges {{ cursor node {{ {' '.join(fields)} }} }} }} }}"
    )
    variables = {
        "filters": _nested(asked),
        "ordering": [{name.removeprefix("-"): "DESC" if name[0] == "-" else "ASC"} for name in asked.order],
        "size": asked.size,
        "after": asked.after,
        "before": asked.before,
    }
    reply = post_graphql(client, query, variables)
    if "errors" in reply:
        return Answered(codes=[error["extensions"]["code"] for error in reply["errors"]])
    edges = reply["data"]["found"]["edges"]
    records = [
        {name: _linkage(name, value, resource.to_one) for name, value in edge["node"].items()} for edge in edges
    ]
    return Answered(records, cursors=[edge["cursor"] for edge in edges])


def post_graphql(client: Client, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole answer to an operation."""
    body = json.dumps({"query": query, "variables": variables})
    reply: dict[str, Any] = json.loads(client.post("/graphql/", body, content_type="application/json").content)
    return reply


def _nested(asked: Asked) -> dict[str, Any]:
    """Return `amount.gte` as GraphQL has it: `{amount: {gte: ...}}`."""
    known = FILTER_SETS[asked.resource].base_filters
    nested: dict[str, Any] = {}
    for full_name, text in asked.filters.items():
        name, _, lookup = full_name.partition(".")
        value = int(text) if isinstance(known[full_name], NumberFilter) else text
        if any(other.startswith(f"{name}.") for other in known):
            nested.setdefault(name, {})[lookup or "exact"] = value
        else:
            nested[name] = value
    return nested


def _linkage(name: str, value: Any, to_one: Mapping[str, Any]) -> Any:
    return value["databaseId"] if name in to_one and value is not None else value


def post_rest(client: Client, path: str, data: Any, media: str = MEDIA_TYPE, **headers: str) -> tuple[int, Any, Any]:
    """Return status, document and headers of the answer to a POST."""
    response = client.post(path, json.dumps(data), media, headers={"Accept": media, **headers})
    return response.status_code, json.loads(response.content), response.headers
