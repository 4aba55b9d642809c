"""The layer in its initial state, and a wallet to request."""

import pytest

from tests.fast_path.front import Front


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def wallet(make_wallet):
    return make_wallet("100.00", label="Savings")
