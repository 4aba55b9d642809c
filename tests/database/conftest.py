from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import connected_to, new_database


@pytest.fixture
def scratch(memory_folder: Path, django_db_blocker: Any) -> Iterator[str]:
    """Connect Django to an empty database on the engine of the tests, and return its name."""
    with django_db_blocker.unblock(), new_database(memory_folder) as name, connected_to(name):
        yield name
