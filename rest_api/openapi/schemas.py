"""The parts that schemas are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

OBJECT: Schema = {"type": "object", "additionalProperties": True}
"""An object with any members. Generators take an object without further details for one without members."""
STRING: Schema = {"type": "string"}
ID: Schema = {"type": "string", "pattern": "^[1-9][0-9]*$"}


def ref(name: str) -> Schema:
    """Return a reference to a schema by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def any_of(names: Iterable[str]) -> Schema:
    """Return the schema of a value that matches one of the named schemas."""
    refs = [ref(name) for name in names]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def given_identifier(type_name: str) -> Schema:
    """Return the schema of a resource identifier object in a request."""
    return {"type": "object", "required": ["type", "id"], "properties": {"type": {"const": type_name}, "id": ID}}


def closed_object(properties: Schema) -> Schema:
    """Return the schema of a request object with no members except these.

    The names are restricted separately: `patternProperties` would open the object for generators.
    """
    # JSON:API: members that begin with @ must be ignored. Anything else unknown is refused.
    names: list[Schema] = [{"pattern": "^@"}]
    if properties:
        names.append({"enum": sorted(properties)})
    return {"type": "object", "properties": properties, "propertyNames": {"anyOf": names}}
