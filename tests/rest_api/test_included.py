"""What a list includes, on every path: all that its relationships lead to, once, as each resource is by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rest_api.endpoints import ENDPOINTS
from tests.rest_api.conftest import Api, resource
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.django_db

Key = tuple[str, str]
MIXES = 40


@pytest.fixture
def items(api: Api) -> Mapping[Key, Any]:
    """Write something of each kind, and return all resources as they are by themselves."""
    first, second = (api.create_wallet(label=label, balance="100.00")["id"] for label in ("A", "B"))

    def write(url: str, type_name: str, **attributes: object) -> Any:
        response = api.post(url, resource(type_name, **attributes))
        assert response.status_code in (200, 201), response.content
        return json.loads(response.content)["data"]["id"]

    posted = write("/api/transactions/", "Transaction", txid="P", amount="5.00", wallet=first)
    write(f"/api/transactions/{posted}/reversals/", "Transaction", txid="R")
    legs = [{"wallet": first, "amount": "-7.00"}, {"wallet": second, "amount": "7.00"}]
    moved = write("/api/transfers/", "Transfer", txid="M", legs=legs)
    write(f"/api/transfers/{moved}/reversals/", "Transfer", txid="MR")
    held = write("/api/holds/", "Hold", txid="H", amount="9.00", wallet=first, destination=second)
    write(f"/api/holds/{held}/captures/", "Transaction", txid="C", amount="4.00")
    write("/api/holds/", "Hold", txid="H2", amount="1.00", wallet=second)
    gone = write("/api/transactions/", "Transaction", txid="G", amount="1.00", wallet=second)
    assert api.delete(f"/api/transactions/{gone}/").status_code == 204
    found = {}
    for endpoint in ENDPOINTS.values():
        for each in api.data(f"{endpoint.url}?page[size]=100"):
            found[each["type"], each["id"]] = api.data(endpoint.item_url(each["id"]))
    return found


def paths(name: str, before: str = "", to_many: int = 0, turns: int = 0) -> Iterator[str]:
    """Yield each path of up to three relationships that may be included with a resource: at most one of them leads to
    many, and one to another resource of the same type."""
    for relation in (*RESOURCES[name].to_one.values(), *RESOURCES[name].to_many.values()):
        counts = to_many + (relation.name in RESOURCES[name].to_many), turns + (relation.target == name)
        if max(counts) > 1 or before.count(".") > 2:
            continue
        yield f"{before}{relation.name}"
        yield from paths(relation.target, f"{before}{relation.name}.", *counts)


def follow(items: Mapping[Key, Any], start: set[Key], path: str) -> set[Key]:
    """Return all that the relationships of a path lead to, by the linkage of to-one relationships alone."""
    met: set[Key] = set()
    for name in path.split("."):
        [type_name] = {each for each, _ in start} or {""}
        if not type_name:
            break
        if name in RESOURCES[type_name].to_one:
            linkage = [items[key]["relationships"][name]["data"] for key in start]
            start = {(each["type"], each["id"]) for each in linkage if each is not None}
        else:
            relation = RESOURCES[type_name].to_many[name]
            start = {key for key, each in items.items() if linked(each, relation.filter, relation.target) in start}
        # An entry outlives its transaction, and still names it.
        start &= items.keys()
        met |= start
    return met


def linked(item: Any, name: str, type_name: str) -> Key | None:
    """Return what a resource of this type is linked to."""
    data = item["relationships"][name]["data"] if item["type"] == type_name else None
    return None if data is None else (data["type"], data["id"])


def alone(item: Any) -> Any:
    """Return a resource without the linkage that only its inclusion with others shows."""
    relationships = {
        name: {key: value for key, value in each.items() if key == "data" and not isinstance(value, list)}
        for name, each in item["relationships"].items()
    }
    return {"id": item["id"], "type": item["type"], "attributes": item["attributes"], "relationships": relationships}


def wrong(api: Api, items: Mapping[Key, Any], name: str, include: list[str]) -> str | None:
    """Return what is wrong with a list that includes these paths, None if nothing is."""
    url = f"{ENDPOINTS[name].url}?page[size]=100&include={','.join(include)}"
    document = json.loads(api.get(url).content)
    primary = {(each["type"], each["id"]) for each in document["data"]}
    found = [(each["type"], each["id"]) for each in document["included"]]
    expected = set().union(*(follow(items, primary, path) for path in include)) - primary
    if len(set(found)) != len(found) or set(found) != expected:
        return f"included are {sorted(found)} instead of {sorted(expected)}"
    for each in (*document["data"], *document["included"]):
        if alone(each) != alone(items[each["type"], each["id"]]):
            return f"{each} is {items[each['type'], each['id']]} by itself"
    return None


def test_a_list_includes_what_its_paths_lead_to(api: Api, items: Mapping[Key, Any]) -> None:
    faults = {}
    chance = random.Random(11)
    for name in ENDPOINTS:
        known = list(paths(name))
        mixes = [[path] for path in known] + [chance.sample(known, 3) for _ in range(MIXES // len(ENDPOINTS))]
        for include in mixes:
            if fault := wrong(api, items, name, include):
                faults[name, *include] = fault
    assert faults == {}
