"""The parts that schemas are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

OBJECT: Schema = {"type": "object", "additionalProperties": True}
"""An object with any members. To generators an object of which nothing is said is one that has none."""
STRING: Schema = {"type": "string"}
ID: Schema = {"type": "string", "pattern": "^[1-9][0-9]*$"}


def ref(name: str) -> Schema:
    """Return the reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def any_of(names: Iterable[str]) -> Schema:
    """Return the schema of what is like one of some schemas, by their names."""
    refs = [ref(name) for name in names]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def closed_object(properties: Schema) -> Schema:
    """Return the schema of an object in a request that has no other members than these.

    The names are restricted by themselves: `patternProperties` would open the object for generators.
    """
    # JSON:API: members that begin with @ are to be ignored. Anything else that is not known is refused.
    names: list[Schema] = [{"pattern": "^@"}]
    if properties:
        names.append({"enum": sorted(properties)})
    return {"type": "object", "properties": properties, "propertyNames": {"anyOf": names}}
