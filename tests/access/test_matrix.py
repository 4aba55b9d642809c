"""Everything that can be asked, by everyone who may not: each is refused alike, is shown nothing and changes nothing.

The cases are made from the URL resolver, the OpenAPI document and the GraphQL schema (`collected.py`). What a thing
takes is said in `contract.py`. Something new that no case covers fails these tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import pytest

from tests.access.all_cases import all_cases, names_in
from tests.access.case import Case, Else
from tests.access.world import ALL_SCOPES, CHALLENGE, Answer, Caller, World, digest, marker, undone
from walletsvc.cache import responses

pytestmark = pytest.mark.any_engine

USELESS = frozenset({"holds:write"})
"""For what takes no scope: a key has at least one."""


# -- the parts of the matrix -----------------------------------------------------------------------------


def check(world: World, case: Case, nobodies: Sequence[Caller], foreign: Sequence[Caller]) -> Iterator[str]:
    """Ask a case as everyone, and yield what is wrong with the answers."""
    asked = case.filled(names_in(world, case))
    # Who may is asked first: nobody else gets that answer from a cache.
    allowed = world.caller(case.scopes or USELESS, whose(case))
    with undone() if case.is_write else nullcontext():
        answer = world.ask(allowed, *asked)
    yield from wrong(case, allowed, answer, is_allowed(case, answer))
    before = digest() if case.is_write else ""
    for nobody in [] if case.is_open else nobodies:
        answer = world.ask(nobody, *asked)
        yield from wrong(case, nobody, answer, is_refused(answer, 401, "unauthenticated"))
    for caller in lacking(world, case):
        answer = world.ask(caller, *asked)
        yield from wrong(case, caller, answer, is_forbidden(case, answer) and not shows(answer, "alice", asked))
    if not case.is_open:
        caller = world.caller(narrowed="bob")
        answer = world.ask(caller, *asked)
        yield from wrong(case, caller, answer, is_refused(answer, 403, "forbidden"))
    if case.is_write and digest() != before:
        yield f"{case}: a refused request has changed something"
    for caller in foreign:
        yield from check_foreign(world, case, caller, asked)


def check_foreign(world: World, case: Case, caller: Caller, asked: tuple[str, str, Any, str]) -> Iterator[str]:
    """Ask as another owner, who may do all to its own."""
    if not case.is_write:
        answer, is_untouched = world.ask(caller, *asked), True
    else:
        touched = "alice" if case.foreign is Else.OWN else None
        before = digest(touched)
        with undone():
            answer = world.ask(caller, *asked)
            is_untouched = before == digest(touched)
    is_right = is_foreign(case, answer) and is_untouched and not shows(answer, "alice", asked)
    yield from wrong(case, caller, answer, is_right)


def lacking(world: World, case: Case) -> list[Caller]:
    """Return for each scope that a case takes who has all but that one."""
    return [world.caller(ALL_SCOPES - {scope}, whose(case)) for scope in sorted(case.scopes)]


def whose(case: Case) -> str | None:
    """Return whose keys may ask: of what bound callers do not know, nobody's."""
    return None if case.for_unbound else "alice"


def shows(answer: Answer, owner: str, asked: tuple[str, str, Any, str]) -> bool:
    """Tell whether an answer has an owner's marker, unless the request had it: a filter may be repeated."""
    text = marker(owner)
    return text not in f"{asked[1]} {asked[2]}" and text.encode() in answer.body


def wrong(case: Case, caller: Caller, answer: Answer, is_right: bool) -> Iterator[str]:
    if not is_right:
        yield f"{case}\n   as {caller.name}: {answer.status} {answer.body[:300]!r}"


def is_allowed(case: Case, answer: Answer) -> bool:
    if case.status is None:
        return answer.status < 500 and answer.status != 401
    if answer.status != case.status:
        return False
    return case.path != "/graphql/" or answer.media_is_html() or (answer.code() is None and not has_null(answer))


def has_null(answer: Answer) -> bool:
    """Tell whether a root field of a GraphQL answer, or the object of a payload, is null."""
    for value in answer.document["data"].values():
        found = [each for name, each in value.items() if name != "userErrors"] if isinstance(value, dict) else [value]
        if value is None or ("userErrors" in (value or {}) and None in found):
            return True
    return False


def is_refused(answer: Answer, status: int, code: str) -> bool:
    if answer.status != status or (status == 401 and answer.headers.get("www-authenticate") != CHALLENGE):
        return False
    # HEAD has no body.
    return not answer.body or answer.code() == code


def is_forbidden(case: Case, answer: Answer) -> bool:
    status = 200 if case.content_type == "application/json" else 403
    return is_refused(answer, status, "forbidden")


def is_foreign(case: Case, answer: Answer) -> bool:
    status = 200 if case.content_type == "application/json" else 404
    match case.foreign:
        case Else.ABSENT:
            return is_refused(answer, status, "not_found")
        case Else.ABSENT_OR_FORBIDDEN:
            return is_refused(answer, status, "not_found") or is_forbidden(case, answer)
        case Else.NULL:
            return answer.status == 200 and all(map(_is_null, answer.document["data"].values()))
        case Else.UNKNOWN:
            # Of another's wallet it is not even said whether it has the name.
            codes = ("invalid_parameter", "invalid", "unknown_field", "not_found")
            return answer.status in (200, 400, 404, 422) and answer.code() in codes
        case Else.NOTHING:
            return answer.status == 200 and answer.code() is None
        case Else.OWN | Else.SAME:
            return is_allowed(case, answer)


def _is_null(value: object) -> bool:
    return value is None or (isinstance(value, list) and not any(value))


# -- tests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["routes", "graphql", *([] if os.environ.get("REDIS_URL") else ["described"])])
def test_everything_is_refused_to_whoever_may_not(world: World, source: str) -> None:
    """Ask about each URL as everyone; about each parameter and field, which are many, as one of each kind.

    The parameters are the same on either engine.
    """
    failures: list[str] = []
    cases = all_cases()[source]
    others = [world.caller(owner="bob"), world.caller(owner=None, narrowed="bob")]
    # All keys are made before the tables are looked at.
    for case in cases:
        lacking(world, case)
        world.caller(case.scopes or USELESS, whose(case))
    world.caller(), world.caller(narrowed="bob")
    before = digest()
    for place, case in enumerate(cases):
        nobodies = world.nobodies if source == "routes" else [world.nobodies[place % len(world.nobodies)]]
        foreign = others if source == "routes" or case.is_write else [others[place % 2]]
        foreign = [*foreign, world.caller()] if case.for_unbound else foreign
        with pytest.MonkeyPatch.context() as patch:
            if case.is_write:
                # Nothing may be kept that shows what is taken back.
                patch.setattr(responses, "lifetime_seconds", lambda: 0)
            failures += check(world, case, nobodies, foreign)
    assert not failures, f"{len(failures)} failures:\n" + "\n".join(failures[:40])
    assert digest() == before
