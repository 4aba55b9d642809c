"""Requests with mutations, mostly valid ones: every document, argument and payload that the schema allows."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import strategies as st

from graphql_api.schema import schema
from tests.graphql_api.two_ways import body_of
from walletsvc.schema.resources import RESOURCES

FIELDS = schema._schema.mutation_type.fields  # type: ignore[union-attr]
HOSTILE = st.sampled_from(
    [
        *(None, "", " ", "x", "\ud800", "é" * 300, "-5", "1e3", "NaN", "1.005", "0", "99999", "2026-01-01T00:00:00Z"),
        *(0, 1, -1, 1.5, 2.0, 10**30, 2**63, True, [], ["1"], [[]], [None], {}, {"a": 1}, {"amount": None}),
        *({"sequence": 99}, {"sequence": "1"}, {"balance": {"gte": "5"}}, {"balance": {"gte": None, "eq": []}}),
        *([{"wallet": "1", "amount": "1"}], [{"currency": "USD"}], {"wallet": 1, "amount": 2, "extra": 3}),
    ]
)


def gid(resource: str, identifier: int) -> str:
    return base64.b64encode(f"{resource}:{identifier}".encode()).decode()


TARGETS = {
    "captureHold": "Hold",
    "releaseHold": "Hold",
    **{f"{verb}{name}": name for name in RESOURCES for verb in ("update", "delete", "reverse")},
}


def usual(name: str, field: str, known: dict[str, Any]) -> Any:
    """Return a strategy of the values that a field of the input of the mutation `name` usually has."""
    if field == "id":
        return st.sampled_from(known[TARGETS[name]])
    if field.endswith("Id") or field in ("source", "destination"):
        return st.sampled_from(known["wallet"])
    return st.sampled_from(known.get(field, ["some text"]))


@st.composite
def inputs(draw: Any, name: str, type_: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Generate the input of a mutation: mostly what it takes, and sometimes anything."""
    values: dict[str, Any] = {}
    for field, declared in type_.fields.items():
        is_required = str(declared.type).endswith("!")
        chance = draw(st.integers(0, 19))
        if chance == 0:
            values[field] = draw(HOSTILE)
        elif is_required or chance < 5:
            values[field] = draw(usual(name, field, known))
    if draw(st.integers(0, 19)) == 0:
        values["unknown"] = 1
    return values


@st.composite
def selections(draw: Any, resource: str, depth: int = 1) -> str:
    """Generate a selection from the object in a payload."""
    declared = RESOURCES[resource]
    leaves = st.sampled_from(["__typename", "id", *(field.name for field in declared.fields)])
    # Under its own name: by that, the ids of both ways are told from other numbers.
    parts = [draw(st.one_of(leaves, st.just("databaseId"))) for _ in range(draw(st.integers(1, 4)))]
    parts += [f"again{number}: {draw(leaves)}" for number in range(draw(st.integers(0, 2)))]
    if depth:
        for name, relation in declared.to_one.items():
            if draw(st.booleans()):
                parts.append(f"{name} {{ {draw(selections(relation.target, depth - 1))} }}")
    if draw(st.integers(0, 9)) == 0:
        parts += [f"{name} {{ totalCount }}" for name in [*declared.to_many][:1]]
    parts += draw(st.sampled_from([[], ["... on Node { id }"], [f"... on {resource} {{ nodeId: id }}"]]))
    return " ".join(draw(st.permutations(parts)))


@st.composite
def payloads(draw: Any, name: str) -> str:
    """Generate the selection of a payload."""
    payload: Any = FIELDS[name].type
    parts = ["userErrors { code message field isSame __typename }"]
    for field, declared in payload.fields.items():
        resource = str(declared.type).strip("[]!")
        if resource in RESOURCES:
            parts.append(f"{field} {{ {draw(selections(resource))} }}")
            if draw(st.integers(0, 4)) == 0:
                parts.append(f"other: {field} {{ {draw(selections(resource))} }}")
        elif declared.type is not None and field == "isReplay":
            parts.append(draw(st.sampled_from(["isReplay", "was: isReplay isReplay", "isReplay @include(if: true)"])))
    parts += draw(st.sampled_from([[], ["__typename"], ["...Of"], ["userErrors { field }"], ["... { __typename }"]]))
    return " ".join(draw(st.permutations(parts)))


def literal(value: Any) -> str:
    """Return a value as a document writes it."""
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


@st.composite
def requests(draw: Any, known: dict[str, Any]) -> bytes:
    """Generate a request with one or two mutations, whose arguments are variables, literals, or both."""
    variables: dict[str, Any] = {}
    roots, declared, fragment = [], [], ""
    for number in range(draw(st.sampled_from([1, 1, 1, 2]))):
        name = draw(st.sampled_from([*FIELDS]))
        type_: Any = FIELDS[name].args["input"].type.of_type
        row = getattr(getattr(type_, "of_type", None), "of_type", None)
        if row is not None:
            value: Any = draw(st.lists(inputs(name, row, known), max_size=3))
        else:
            value = draw(inputs(name, type_, known))
        if draw(st.integers(0, 29)) == 0:
            value = draw(HOSTILE)
        way = draw(st.sampled_from(["variable", "variable", "fields", "literals"]))
        if way == "variable":
            given_by = f"$v{number}"
            default = draw(st.sampled_from(["", "", f" = {literal(value)}"])) if "\\ud8" not in literal(value) else ""
            declared.append(f"$v{number}: {type_}{'' if default else '!'}{default}")
            if not default or draw(st.booleans()):
                variables[f"v{number}"] = value
        elif way == "fields" and isinstance(value, dict) and row is None:
            parts = []
            for place, (field, each) in enumerate(value.items()):
                if field in type_.fields and draw(st.booleans()):
                    declared.append(f"$v{number}f{place}: {type_.fields[field].type}")
                    variables[f"v{number}f{place}"] = each
                    parts.append(f"{field}: $v{number}f{place}")
                else:
                    parts.append(f"{field}: {literal(each)}")
            given_by = "{" + ", ".join(parts) + "}"
        else:
            given_by = literal(value)
        shown = draw(payloads(name))
        if "...Of" in shown:
            fragment = f"fragment Of on {FIELDS[name].type} {{ userErrors {{ message }} }}"
        roots.append(f"r{number}: {name}(input: {given_by}) {{ {shown} }}")
    head = f"({', '.join(declared)})" if declared else ""
    query = f"mutation One{head} {{ {' '.join(roots)} }} {fragment}"
    members = draw(st.sampled_from([{}, {}, {}, {"operationName": "One"}, {"operationName": "Two"}]))
    if draw(st.integers(0, 9)) == 0:
        variables["undeclared"] = 1
    return body_of(query, variables, **members)
