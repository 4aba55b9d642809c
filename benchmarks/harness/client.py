"""Send one request at a time, to look at its answer or to time it."""

from __future__ import annotations

import http.client
import itertools
import random
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson

from benchmarks.harness.wrk import Template

_MARK = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer, and how long it took. Names in `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """Return the document. Raises ValueError if there is none."""
        return orjson.loads(self.body)


class Client:
    """A keep-alive connection to the server at `url` (http://host:port)."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self._run = uuid.uuid4().hex
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._connection.close()

    def ask(self, template: Template, **values: str) -> Answer:
        """Send the template's request, with `values` for its marks, or else the values of requests.lua."""
        path = self._fill(template.path, template, values)
        body = self._fill(template.body, template, values)
        headers = {name: self._fill(value, template, values) for name, value in template.headers.items()}
        started = time.perf_counter()
        self._connection.request(template.method, path, body.encode() or None, headers)
        response = self._connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - started
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, content, seconds)

    def _fill(self, text: str, template: Template, values: Mapping[str, str]) -> str:
        def fill(mark: re.Match[str]) -> str:
            name = mark[1]
            if name in values:
                return values[name]
            if name == "wallet":
                return str(random.randint(*template.wallets))
            if name == "other":
                return str(template.others[1])
            if name == "number":
                return str(random.randint(1, 100))
            if name == "fresh":
                return str(random.randint(10**10, 10**13))
            if name == "txid":
                return f"{self._run}-{next(self._numbers)}"
            if name in ("amount", "sum"):
                return "1.00"
            if name == "items":
                return ",".join(self._fill(template.item, template, values) for _ in range(template.repeats))
            return mark[0]

        return _MARK.sub(fill, text)
