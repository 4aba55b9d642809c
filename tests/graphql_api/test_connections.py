"""Lists: pages by cursor, forward and back; filters; orders; counts."""

from __future__ import annotations

from typing import Any

import pytest

from walletsvc.schema.kinds import print_time

pytestmark = pytest.mark.django_db

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $ordering: [WalletOrder!], $filters: WalletFilters) {
  wallets(first: $first, after: $after, last: $last, before: $before, ordering: $ordering, filters: $filters) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { label } }
  }
}"""


@pytest.fixture
def labels(make_wallet: Any) -> list[str]:
    """Make seven wallets, two of each balance but the last."""
    return [make_wallet(str(number // 2), label=f"W{number}").label for number in range(7)]


def found(reply: Any) -> list[str]:
    assert reply.errors == []
    return [edge["node"]["label"] for edge in reply.data["wallets"]["edges"]]


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        (None, [0, 1, 2, 3, 4, 5, 6]),
        ([], [0, 1, 2, 3, 4, 5, 6]),
        ([{"id": "DESC"}], [6, 5, 4, 3, 2, 1, 0]),
        ([{"label": "DESC"}], [6, 5, 4, 3, 2, 1, 0]),
        ([{"balance": "DESC"}], [6, 5, 4, 3, 2, 1, 0]),
        ([{"balance": "DESC"}, {"label": "ASC"}], [6, 4, 5, 2, 3, 0, 1]),
        ([{"currency": "ASC"}, {"createdAt": "DESC"}], [6, 5, 4, 3, 2, 1, 0]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pages_walk_a_whole_list_forward_and_back(
    ordering: Any, expected: list[int], size: int, ask: Any, labels: list[str]
) -> None:
    wanted = [labels[number] for number in expected]
    forward, cursor = [], None
    while True:
        reply = ask(PAGE, first=size, after=cursor, ordering=ordering)
        page, page_info = found(reply), reply.data["wallets"]["pageInfo"]
        assert reply.data["wallets"]["totalCount"] == 7
        assert page_info["hasPreviousPage"] is (cursor is not None)
        forward += page
        cursor = page_info["endCursor"]
        assert cursor == reply.data["wallets"]["edges"][-1]["cursor"]
        if not page_info["hasNextPage"]:
            break
    assert forward == wanted
    backward, cursor = [], None
    while True:
        reply = ask(PAGE, last=size, before=cursor, ordering=ordering)
        page, page_info = found(reply), reply.data["wallets"]["pageInfo"]
        assert page_info["hasNextPage"] is (cursor is not None)
        backward = page + backward
        cursor = page_info["startCursor"]
        assert cursor == reply.data["wallets"]["edges"][0]["cursor"]
        if not page_info["hasPreviousPage"]:
            break
    assert backward == wanted


def test_a_page_lies_between_two_cursors(ask: Any, labels: list[str]) -> None:
    cursors = [edge["cursor"] for edge in ask(PAGE).data["wallets"]["edges"]]
    assert found(ask(PAGE, after=cursors[1], before=cursors[5])) == labels[2:5]
    assert found(ask(PAGE, after=cursors[1], before=cursors[5], first=2)) == labels[2:4]
    assert found(ask(PAGE, after=cursors[1], before=cursors[5], last=2)) == labels[3:5]
    reply = ask(PAGE, after=cursors[6])
    assert found(reply) == []
    assert reply.data["wallets"]["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }


def test_a_page_has_20_unless_asked_and_100_at_most(ask: Any, make_wallet: Any) -> None:
    for _ in range(21):
        make_wallet()
    assert len(found(ask(PAGE))) == 20
    assert len(found(ask(PAGE, first=100))) == 21
    assert len(found(ask(PAGE, last=100))) == 21


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"first": 101}, "first"),
        ({"first": 2**31 - 1}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": "nonsense"}, "after"),
        ({"after": ""}, "after"),
        ({"after": "ä"}, "after"),
        ({"after": "x" * 5000}, "after"),
        ({"before": "WyJpZCIsIngiXQ"}, "before"),
        ({"ordering": [{"label": "ASC"}, {"label": "DESC"}]}, "ordering"),
        ({"ordering": [{"label": "ASC", "balance": "DESC"}]}, "ordering"),
        ({"ordering": [{}]}, "ordering"),
        ({"ordering": [{"label": None}]}, "ordering"),
        ({"filters": {"label": {"exact": ""}}}, "filters.label"),
        ({"filters": {"search": ""}}, "filters.search"),
        ({"filters": {"search": None}}, "filters.search"),
        ({"filters": {"search": "x" * 256}}, "filters.search"),
        ({"filters": {"balance": {"gte": "abc"}}}, "filters.balance.gte"),
        ({"filters": {"balance": {"gte": "1e5"}}}, "filters.balance.gte"),
        ({"filters": {"balance": {"gte": True}}}, "filters.balance.gte"),
        ({"filters": {"balance": {"gte": ["1"]}}}, "filters.balance.gte"),
        ({"filters": {"balance": {"gte": None}}}, "filters.balance.gte"),
        ({"filters": {"balance": None}}, "filters.balance"),
        ({"filters": {"createdAt": {"lt": "yesterday"}}}, "filters.createdAt.lt"),
        ({"filters": {"createdAt": {"gte": "2026-11-26T05:00:00Z\0junk"}}}, "filters.createdAt.gte"),
        ({"filters": {"createdAt": {"lt": "2026-11-26\U0001f60005:00:00Z"}}}, "filters.createdAt.lt"),
        ({"filters": {"createdAt": {"lt": "2026-11-26T05:00:00"}}}, "filters.createdAt.lt"),
    ],
)
def test_invalid_arguments_are_refused(arguments: Any, parameter: str, ask: Any, labels: list[str]) -> None:
    reply = ask(PAGE, **arguments)
    assert reply.data == {"wallets": None}
    assert reply.codes == ["invalid_parameter"]
    assert reply.errors[0]["extensions"]["parameter"] == parameter
    assert reply.errors[0]["path"] == ["wallets"]


def test_a_cursor_of_another_order_is_refused(ask: Any, labels: list[str]) -> None:
    cursor = ask(PAGE, first=1).data["wallets"]["pageInfo"]["endCursor"]
    reply = ask(PAGE, after=cursor, ordering=[{"label": "ASC"}])
    assert reply.codes == ["invalid_parameter"]
    assert reply.errors[0]["extensions"]["parameter"] == "after"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"label": {"exact": "W3"}}, [3]),
        ({"label": {"exact": "w3"}}, []),
        ({"label": {"icontains": "w3"}}, [3]),
        ({"search": "w"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"balance": {"exact": "1.00"}}, [2, 3]),
        ({"balance": {"gte": "2"}}, [4, 5, 6]),
        ({"balance": {"gt": 2}}, [6]),
        ({"balance": {"lte": 1, "gt": "0.00"}}, [2, 3]),
        ({"balance": {"lt": 0.5}}, [0, 1]),
        ({"currency": "USD", "label": {"exact": "W6"}}, [6]),
        ({"currency": "EUR"}, []),
        ({"createdAt": {"gte": "2000-01-01T00:00:00Z", "lt": "2000-01-02T00:00:00Z"}}, []),
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        (None, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_filters_keep_only_matches(filters: Any, expected: list[int], ask: Any, labels: list[str]) -> None:
    reply = ask(PAGE, filters=filters)
    assert found(reply) == [labels[number] for number in expected]
    assert reply.data["wallets"]["totalCount"] == len(expected)


def test_filters_may_stand_in_the_document(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet, other = make_wallet("100.00"), make_wallet("100.00")
    for number, amount in enumerate(["5.00", "10.00", "-3.00", "20.00"]):
        post(wallet, amount, txid=f"T{number}", description=f"Nr {number}")
    post(other, "50.00", txid="OTHER")
    reply = ask(
        f"""{{ transactions(
          filters: {{wallet: "{wallet.id}", amount: {{gte: "10.00"}}}}, ordering: [{{createdAt: DESC}}], first: 20
        ) {{ totalCount edges {{ node {{ txid amount }} }} }}
        few: transactions(filters: {{amount: {{gt: 10.5, lt: 30}}, search: "nr"}}) {{
          edges {{ node {{ txid }} }} }} }}"""
    )
    assert reply.errors == []
    assert reply.data == {
        "transactions": {
            "totalCount": 2,
            "edges": [{"node": {"txid": "T3", "amount": "20.00"}}, {"node": {"txid": "T1", "amount": "10.00"}}],
        },
        "few": {"edges": [{"node": {"txid": "T3"}}]},
    }


def test_entries_are_filtered_by_kind_sequence_and_moment(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("100.00")
    moment = print_time(post(wallet, "5.00").created_at)
    post(wallet, "6.00")
    query = "query ($filters: EntryFilters) { entries(filters: $filters) { edges { node { sequence kind } } } }"

    def sequences(**filters: Any) -> list[int]:
        reply = ask(query, filters={"wallet": wallet.id, **filters})
        assert reply.errors == []
        return [edge["node"]["sequence"] for edge in reply.data["entries"]["edges"]]

    assert sequences() == [1, 2, 3]
    assert sequences(kind="opening") == [1]
    assert sequences(kind="move_in") == []
    assert sequences(sequence={"gt": 1}) == [2, 3]
    assert sequences(createdAt={"gt": moment}) == [3]
    assert sequences(createdAt={"lte": moment}) == [1, 2]


def test_related_lists_take_the_same_arguments(ask: Any, make_wallet: Any, post: Any) -> None:
    wallets = [make_wallet("0", label=f"W{number}") for number in range(3)]
    for wallet in wallets[:2]:
        for number in range(3):
            post(wallet, str(number + 1), txid=f"{wallet.label}-{number}")
    reply = ask(
        """{ wallets { edges { node { label
          transactions(first: 2, ordering: [{amount: DESC}], filters: {amount: {lt: 3}}) {
            totalCount pageInfo { hasNextPage hasPreviousPage } edges { cursor node { txid } } }
          entries(last: 1) { pageInfo { hasPreviousPage } edges { node { balanceAfter transaction { txid } } } }
        } } } }"""
    )
    assert reply.errors == []
    nodes = [edge["node"] for edge in reply.data["wallets"]["edges"]]
    assert [[each["node"]["txid"] for each in node["transactions"]["edges"]] for node in nodes] == [
        ["W0-1", "W0-0"],
        ["W1-1", "W1-0"],
        [],
    ]
    assert [node["transactions"]["totalCount"] for node in nodes] == [2, 2, 0]
    assert [[each["node"]["balanceAfter"] for each in node["entries"]["edges"]] for node in nodes] == [
        ["6.00"],
        ["6.00"],
        [],
    ]
    cursor = nodes[0]["transactions"]["edges"][0]["cursor"]
    reply = ask(
        f"""{{ wallet(id: {wallets[0].id}) {{ transactions(
          first: 1, after: "{cursor}", ordering: [{{amount: DESC}}], filters: {{amount: {{lt: 3}}}}
        ) {{ edges {{ node {{ txid }} }} }} }} }}"""
    )
    assert reply.data == {"wallet": {"transactions": {"edges": [{"node": {"txid": "W0-0"}}]}}}


def test_an_invalid_related_list_is_refused(ask: Any, make_wallet: Any) -> None:
    make_wallet("1.00")
    reply = ask("{ wallets { edges { node { transactions(first: 101) { totalCount } } } } }")
    assert (reply.data, reply.codes) == ({"wallets": None}, ["invalid_parameter"])
    assert reply.errors[0]["path"] == ["wallets", "edges", 0, "node", "transactions"]
