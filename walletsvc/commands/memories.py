"""What is kept of a command's result, to make it again for a repeated request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Memory:
    """The id of the object that a command has written, the moment, and the `values` that it chose to keep."""

    id: int
    at: datetime
    values: Mapping[str, Any]


def snapshot(instance: Model) -> dict[str, object]:
    """Return all columns of an instance in JSON's types."""
    columns = [(each, each.value_from_object(instance)) for each in instance._meta.concrete_fields]
    return {each.attname: None if value is None else each.value_to_string(instance) for each, value in columns}


def restore(model: type[M], values: Mapping[str, object]) -> M:
    """Return the instance of a `snapshot`."""
    return model(**{each.attname: each.to_python(values[each.attname]) for each in model._meta.concrete_fields})
