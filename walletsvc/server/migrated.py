"""Whether the database has all that this version needs: what both migration tools have applied.

Servers of the version before go on beside a database that is already newer, so more than expected is fine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

_ASSIGNMENT = re.compile(r'^(revision|down_revision) = "([^"]+)"$', re.MULTILINE)


def is_behind(cursor: Any) -> bool:
    """Tell whether a migration or revision of this version is missing. Raises what `cursor` raises."""
    cursor.execute("SELECT app, name FROM django_migrations")
    if not expected_migrations() <= {(app, name) for app, name in cursor.fetchall()}:
        return True
    cursor.execute("SELECT version_num FROM alembic_version")
    found = [version for (version,) in cursor.fetchall()]
    # One that is unknown here is a later version's.
    return not found or any(version in revisions() and version != head() for version in found)


@cache
def expected_migrations() -> frozenset[tuple[str, str]]:
    """Return Django's last migration of each app."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


@cache
def revisions() -> frozenset[str]:
    """Return all of Alembic's revisions.

    Read from their files: to import Alembic takes a third of a second and 20 MB in each process.
    """
    return frozenset(_values("revision"))


@cache
def head() -> str:
    """Return the revision that no other one follows."""
    (last,) = revisions() - set(_values("down_revision"))
    return last


def _values(name: str) -> Iterable[str]:
    for path in (settings.REVISIONS / "versions").glob("*.py"):
        for found, value in _ASSIGNMENT.findall(path.read_text()):
            if found == name:
                yield value
