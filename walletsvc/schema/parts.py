"""What the declarations of several resources share."""

from __future__ import annotations

from typing import Any, TypeVar

from walletsvc.schema.declarations import Field, ToMany, ToOne, Write
from walletsvc.schema.types import Metadata, Moment, Owner

R = TypeVar("R", ToOne, ToMany)

RANGE = ("gte", "lte", "gt", "lt")
NAME: Any = {
    "write": Write.ALWAYS,
    "required": True,
    "unique": True,
    "filters": ("exact", "icontains"),
    "sorts": True,
}
"""The options of a field with a unique name that can be changed."""


def by_name(*relations: R) -> dict[str, R]:
    """Return the relations by their names."""
    return {relation.name: relation for relation in relations}


NOT_FOR_OWNERS = "Callers that are bound to an owner do not see it."
OWNER = Field("owner", Owner(), f"Its wallet's owner. {NOT_FOR_OWNERS}", unbound=True, filters=("exact",))
METADATA = Field("metadata", Metadata(), "Any JSON object: the server only stores it.", write=Write.ALWAYS)
CREATED_AT = Field("createdAt", Moment(), filters=RANGE, sorts=True)
UPDATED_AT = Field("updatedAt", Moment())
