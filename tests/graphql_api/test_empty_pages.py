"""Empty pages: `first: 0` requests only the count and the page info."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.django_db

PAGE_OF = """(%s) { edges { node { id } } totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"""


@pytest.mark.parametrize("written", ["literal", "variable", "default"])
@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize("directive", ["", " @include(if: true)"])
def test_an_empty_page_has_the_total_and_its_neighbours(
    directive: str, end: str, written: str, ask: Any, make_wallet: Any, post: Any
) -> None:
    """Relay's connections, section 4: `first` and `last` are non-negative."""
    post(make_wallet("1.00"), "1.00")
    make_wallet("0.00")
    page = PAGE_OF % f"{end}: {0 if written == 'literal' else '$n'}"
    head = {"literal": "", "variable": "query ($n: Int!) ", "default": "query ($n: Int = 0) "}[written]
    related = f"edges{directive} {{ node {{ transactions{page} }} }}"
    query = f"{head}{{ wallets{page} some: wallets(first: 2) {{ {related} }} }}"
    reply = ask(query, **({"n": 0} if written == "variable" else {}))

    def nothing_of(count: int) -> Any:
        more = {"first": "hasNextPage", "last": "hasPreviousPage"}[end]
        info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
        return {"edges": [], "totalCount": count, "pageInfo": info | {more: count > 0}}

    assert reply.errors == []
    assert reply.data["wallets"] == nothing_of(2)
    pages = [edge["node"]["transactions"] for edge in reply.data["some"]["edges"]]
    assert pages == [nothing_of(1), nothing_of(0)]


def test_two_pages_of_nothing_are_refused_where_they_are_asked_for(ask: Any, make_wallet: Any) -> None:
    make_wallet("1.00")
    arguments = "first: 0, last: 0"
    reply = ask(f"{{ wallets({arguments}) {{ totalCount }} }}")
    assert (reply.data, reply.codes) == ({"wallets": None}, ["invalid_parameter"])
    assert reply.errors[0]["path"] == ["wallets"]
    reply = ask(f"{{ wallets {{ edges {{ node {{ list: entries({arguments}) {{ totalCount }} }} }} }} }}")
    assert (reply.data, reply.codes) == ({"wallets": None}, ["invalid_parameter"])
    assert reply.errors[0]["path"] == ["wallets", "edges", 0, "node", "list"]
