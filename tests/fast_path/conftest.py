"""The layer as it is when nobody has asked it anything, and a wallet to ask about."""

import pytest

from tests.fast_path.asking import Front


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def wallet(make_wallet):
    return make_wallet("100.00", label="Savings")
