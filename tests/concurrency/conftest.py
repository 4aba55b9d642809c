"""Threads see what others have committed, and nothing else."""

import pytest


@pytest.fixture(autouse=True)
def committed_to(transactional_db: None) -> None:
    """Let every test here commit for real."""
