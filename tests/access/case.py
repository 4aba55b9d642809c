"""One request of the matrix, and what it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import quote

from tests.access.collected import Thing
from tests.access.world import JSON_API


class Else(Enum):
    """What another owner's caller gets, who may do all to its own."""

    ABSENT = "not_found"
    ABSENT_OR_FORBIDDEN = "not_found, or forbidden as for everyone"
    NOTHING = "a list with nothing of it"
    NULL = "null"
    OWN = "it done to its own"
    SAME = "the same, as nothing is shown or done"
    UNKNOWN = "what a name that there is not gets"


@dataclass(frozen=True, slots=True)
class Case:
    """How a thing is asked. `{wallet}` and others stand for ids of alice.

    A caller with `scopes` gets `status`: None for a refusal that is alike for all; a case that `is_open` takes no
    credentials. What is `for_unbound` callers is unknown to those who are bound to an owner.
    """

    covers: tuple[Thing, ...]
    method: str
    path: str
    content: Any = None
    content_type: str = JSON_API
    scopes: frozenset[str] = frozenset()
    status: int | None = 200
    foreign: Else = Else.SAME
    is_open: bool = False
    for_unbound: bool = False

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.covers))}: {self.method} {self.path}"

    @property
    def is_write(self) -> bool:
        """Tell whether it may change something."""
        if self.content_type == "application/json":
            return self.content is not None and "mutation" in self.content["query"]
        return self.method in ("POST", "PATCH", "DELETE")

    def filled(self, names: Mapping[str, str]) -> tuple[str, str, Any, str]:
        """Return method, path, content and its type with these ids in their places."""
        path, text = self.path, json.dumps(self.content)
        for name, value in names.items():
            path = path.replace(f"{{{name}}}", quote(value))
            text = text.replace(f"{{{name}}}", json.dumps(value)[1:-1])
        return self.method, path, None if self.content is None else json.loads(text), self.content_type
