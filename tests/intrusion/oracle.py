"""What no answer may be, whatever the request was."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from tests.intrusion.callers import Caller
from tests.intrusion.requests import Answer, Request

_NOT_MODIFIED = 304
_NOT_IMPLEMENTED = 501
"""The answer to an unknown method or transfer coding."""
_GLOBAL_ID = re.compile(r"(Wallet|Transaction|Entry|Transfer|Hold):([1-9][0-9]*)")
_OPEN = re.compile(rb"(/|/healthz/?|/livez/?|/readyz/?|/version/?|/api/(docs|schema)/?|/static/.*)(\?.*)?", re.DOTALL)

Thing = tuple[str, str]


class Oracle:
    """Judges answers. It knows the markers of the owners, and collects what each of them was shown."""

    def __init__(self, markers: dict[str, str]) -> None:
        self._markers = {owner: forms_of(text) for owner, text in markers.items()}
        self.shown: dict[str, set[Thing]] = defaultdict(set)

    def faults_of(self, caller: Caller, request: Request, answer: Answer) -> Iterator[str]:
        """Yield what is wrong with an answer."""
        if answer.status >= 500 and not (answer.status == _NOT_IMPLEMENTED and request.kind == "raw"):
            yield f"status {answer.status}"
        text = repr(answer.headers).encode() + answer.body
        for owner, forms in self._markers.items():
            if owner != caller.owner and any(form in text for form in forms):
                yield f"shows what is {owner}'s"
        if not caller.owner:
            if is_success(answer) and not is_open(request, answer):
                yield f"answers nobody with {answer.status}"
            return
        for thing in things_in(answer):
            self.shown[caller.owner].add(thing)
            if any(thing in shown for owner, shown in self.shown.items() if owner != caller.owner):
                yield f"shows {thing}, which another owner was shown"


def forms_of(marker: str) -> tuple[bytes, ...]:
    """Return the forms in which a text can be in an answer: as it is, and within base64, as in a cursor."""
    encoded = marker.encode()
    # Without the first and last digits, which depend on the neighbours.
    inner = [base64.b64encode(b"x" * place + encoded)[4:-4] for place in range(3)]
    return (encoded, *inner)


def is_success(answer: Answer) -> bool:
    """Tell whether the answer is a success with a body, or a 304."""
    return answer.status == 304 or 200 <= answer.status < 300


def is_open(request: Request, answer: Answer) -> bool:
    """Tell whether everybody may have a successful answer: to a page, or about what a URL allows."""
    if request.method == "OPTIONS" or _OPEN.fullmatch(request.target):
        return True
    if not request.target.startswith(b"/graphql"):
        return False
    # The playground's page. If it has not changed, the answer names no type; a document is asked for by parameters.
    is_page_unchanged = answer.status == _NOT_MODIFIED and b"?" not in request.target
    return answer.media_type == "text/html" or is_page_unchanged


def things_in(answer: Answer) -> set[Thing]:
    """Return the type and id of each resource that a successful answer of either face shows."""
    if not is_success(answer) or not answer.media_type.endswith("json"):
        return set()
    try:
        document = json.loads(answer.body)
    except ValueError:
        return set()
    if not isinstance(document, dict):
        return set()
    if answer.media_type == "application/json":
        return set(_global_ids(document.get("data")))
    results = [each.get("data") for each in document.get("atomic:results", ()) if isinstance(each, dict)]
    return set(_resources([document.get("data"), document.get("included"), results]))


def _resources(value: Any) -> Iterator[Thing]:
    if isinstance(value, list):
        for each in value:
            yield from _resources(each)
    elif isinstance(value, dict) and {"type", "id"} <= value.keys():
        yield value["type"], value["id"]
        # Not its attributes: metadata is any JSON.
        yield from _resources([each.get("data") for each in value.get("relationships", {}).values()])


def _global_ids(value: Any) -> Iterable[Thing]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name != "metadata":
                yield from _global_ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _global_ids(each)
    elif isinstance(value, str):
        try:
            found = _GLOBAL_ID.fullmatch(base64.b64decode(value, validate=True).decode("latin-1"))
        except (ValueError, binascii.Error):
            return
        if found is not None:
            yield found[1], found[2]
