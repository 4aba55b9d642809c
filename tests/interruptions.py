"""Run an action between two queries of one read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def before_query(table: str, happen: Callable[[], object]) -> Iterator[list[str]]:
    """Run `happen` once before the first SELECT from `table`. Yields the statement that had to wait."""
    waiting: list[str] = []
    pattern = re.compile(rf"SELECT .*?FROM [`\"]?{table}\b", re.DOTALL)

    def execute_later(execute: Any, sql: str, *arguments: Any) -> Any:
        if not waiting and pattern.match(sql.lstrip(" (")):
            waiting.append(sql)
            with ThreadPoolExecutor(1) as others:
                others.submit(_on_own_connection, happen).result()
        return execute(sql, *arguments)

    with connection.execute_wrapper(execute_later):
        yield waiting


def _on_own_connection(happen: Callable[[], object]) -> None:
    try:
        happen()
    finally:
        connection.close()
