"""What of the failures is tried where."""

import os

import pytest

in_full = pytest.mark.skipif(
    os.environ.get("FAILURES") != "all",
    reason="`make test-failures` tries it: it takes long, or locks a whole server.",
)
