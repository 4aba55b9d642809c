"""SQL in the place of a value."""

from functools import lru_cache


class Expression(bytes):
    """An expression that stands in a statement as it is."""


@lru_cache(maxsize=1024)
def new_id(place: int) -> Expression:
    """Return the id of a row, by its place, that the `INSERT … VALUES` before this statement has made.

    For where nobody has been told the ids yet: see `packets`, which tells them.
    """
    return Expression(b"LAST_INSERT_ID() + %d * @@auto_increment_increment" % place)
