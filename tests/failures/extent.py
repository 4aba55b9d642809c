"""What of the failures is tried where."""

import os

import pytest

IS_IN_FULL = os.environ.get("FAILURES") == "all"

in_full = pytest.mark.skipif(
    not IS_IN_FULL,
    reason="`make test-failures` tries it: it takes long, or locks a whole server.",
)
