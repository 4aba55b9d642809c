"""Requests of a client that repeats each until it knows its outcome."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

import httpx

from tests.chaos.acts import BATCH, RELEASE, Act, Batch, Request
from tests.chaos.clients import MEDIA_TYPE
from tests.chaos.model import Model

PATIENCE_SECONDS = 60
UNDECIDED = {"unavailable", "conflict"}
"""The codes of outcomes that are unknown, or that a repeated request may change."""


@dataclass
class Asking:
    """Asks through both faces, and counts in the model what was accepted and refused."""

    client: httpx.Client
    random: random.Random
    name: str
    model: Model
    count: int = 0

    def new_name(self) -> str:
        """Return a name that nobody else has."""
        self.count += 1
        return f"{self.name}-{self.count}"

    def make(self, act: Act, target: str | None = None, **values: Any) -> str | None:
        """Return the id of what was made, or None if it was refused."""
        found, code = self._once(act, target, values)
        if found and act is not RELEASE:
            self.model.stored[act.type].update(found)
        self._count(act.mutation, code)
        return found[0] if found else None

    def make_all(self, rows: list[dict[str, str]]) -> list[str]:
        """Return the ids of many transactions, all or none."""
        found, code = self._once(BATCH, None, {"rows": rows})
        self.model.stored["Transaction"].update(found)
        self._count("batch", code)
        return found

    def change(self, method: str, kind: str, path: str, identifier: str, **attributes: object) -> bool:
        """Change or delete something, which can be repeated, and tell whether that was accepted."""
        document = {"data": {"type": kind, "id": identifier, "attributes": attributes}} if attributes else None
        headers = {"Content-Type": MEDIA_TYPE} if attributes else {}
        answer = self._until_known(lambda: self.client.request(method, path, json=document, headers=headers))
        is_gone = method == "DELETE" and answer.status_code == 404
        return answer.status_code < 300 or is_gone

    def _once(self, act: Act | Batch, target: str | None, values: dict[str, Any]) -> tuple[list[str], str]:
        """Return the ids of what was made, or the code of the refusal."""
        values = {name: value for name, value in values.items() if value != []}
        if self.random.random() < 0.5:
            document = self._send(act.by_rest(self.new_name(), values, target)).json()
            if "errors" in document:
                return [], str(document["errors"][0]["code"])
            results = document.get("atomic:results", [document])
            return [str(each["data"]["id"]) for each in results], ""
        done = self._send(act.by_graphql(self.new_name(), values, target)).json()["data"]["done"]
        if done["userErrors"]:
            return [], str(done["userErrors"][0]["code"])
        made = done[act.made]
        return [str(each["databaseId"]) for each in (made if isinstance(made, list) else [made])], ""

    def _send(self, request: Request) -> httpx.Response:
        return self._until_known(
            lambda: self.client.post(request.path, content=request.body, headers=request.headers)
        )

    def _until_known(self, send: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer: httpx.Response = send()
            except httpx.TransportError:
                self.model.repeats += 1
                time.sleep(0.02)
                continue
            if answer.status_code != 503 and answer.status_code >= 500:
                raise AssertionError(f"{answer.request.url}: {answer.status_code} {answer.text}")
            if not _is_undecided(answer):
                return answer
            time.sleep(0.02)
        raise AssertionError(f"No outcome within {PATIENCE_SECONDS} s")

    def _count(self, name: str, code: str) -> None:
        counts = self.model.refused if code else self.model.accepted
        counts[code or name] += 1


def _is_undecided(answer: httpx.Response) -> bool:
    if answer.status_code == 503:
        return True
    if answer.request.url.path != "/graphql/":
        return False
    body = answer.json()
    if body.get("errors"):
        codes = {each["extensions"]["code"] for each in body["errors"]}
        if not codes <= UNDECIDED:
            raise AssertionError(answer.text)
        return True
    return any(each["code"] in UNDECIDED for each in body["data"]["done"]["userErrors"])
