"""A primary, an asynchronous replica, and servers that read from it.

`make test` runs the core; `make test-cluster` also what takes longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.replicas.stage import Stage, new_stage

collect_ignore_glob = [] if os.environ.get("TEST_CLUSTER") else ["test_fail_over.py"]


@pytest.fixture(scope="module")
def shared_stage() -> Iterator[Stage]:
    with new_stage() as stage:
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    """Return a stage whose replica has all of the primary, whatever a test before has done to it."""
    shared_stage.repair()
    return shared_stage
