"""A wallet of another owner is no wallet, wherever it is referred to: among one's own things, on both faces.

`test_what_is_anothers.py` asks about things of another owner only. Here one reference of a request is another's, and
all else is the caller's own: each such request is answered as one about an id that does not exist, whatever the state
of the other's wallet is, and changes nothing.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.access.foreign_cases import Case, cases
from tests.access.owners import ALL, Caller, change, new, nodes
from tests.access.world import digest
from tests.fast_path.front import Front

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

SCOPES = (*ALL, "transfers:write", "holds:write")
ABSENT = "999999999"
TAKEN = "Taken"
CAPTURE = """mutation ($input: CaptureHoldInput!) { done: captureHold(input: $input) {
  transaction { txid } userErrors { code message field } } }"""


@pytest.fixture
def operator(guarded_front: Front) -> Caller:
    return Caller(guarded_front, *SCOPES, "admin")


@pytest.fixture
def bob(guarded_front: Front) -> Caller:
    return Caller(guarded_front, *SCOPES, owner="bob")


def make(caller: Caller, path: str, type_name: str, **attributes: object) -> str:
    """Create something, and return its id."""
    status, document = caller.rest("POST", path, new(type_name, **attributes))
    assert status in (200, 201), document
    return str(document["data"]["id"])


def ids_of(caller: Caller) -> dict[str, str]:
    """Return the ids of two wallets with money and of a transaction, and a txid that is taken for everything."""
    own, second = (caller.open(label, balance="100.00") for label in ("Own", "Second"))
    posted = make(caller, "transactions/", "Transaction", txid=TAKEN, amount="5.00", wallet=own)
    make(caller, "holds/", "Hold", txid=TAKEN, amount="1.00", wallet=own)
    make(caller, "transfers/", "Transfer", txid=TAKEN, amount="1.00", source=own, destination=second)
    return {"own": own, "second": second, "posted": posted, "taken": TAKEN}


def foreign_wallets(operator: Caller) -> dict[str, str]:
    """Return wallets that are not bob's, of which each would be refused or taken for a reason of its own."""
    alices = {"owner": "alice", "balance": "5000.00"}
    found = {
        "alice's": operator.open("Own", **alices),
        "in yen": operator.open("Yen", owner="alice", currency="JPY", balance="5000"),
        "empty": operator.open("Empty", owner="alice"),
        "frozen": operator.open("Frozen", **alices),
        "closed": operator.open("Closed", owner="alice"),
        "nobody's": operator.open("Nobody's", balance="5000.00"),
    }
    for state in ("frozen", "closed"):
        document = change("Wallet", found[state], state=state)
        status, answer = operator.rest("PATCH", f"wallets/{found[state]}/", document)
        assert status == 200, answer
    # The names that bob has taken are alice's as well.
    make(operator, "transactions/", "Transaction", txid=TAKEN, amount="1.00", wallet=found["alice's"])
    return found


def without(identifier: str, answer: tuple[int, Any]) -> str:
    """Return an answer as text, with the same for this id."""
    return re.sub(rf"(?<![\w.]){identifier}(?![\w.])", "ID", repr(answer))


def is_not_found(case: Case, answer: tuple[int, Any]) -> bool:
    """Tell whether an answer is that there is no such wallet, at the right place."""
    status, document = answer
    if case.path == "/graphql/":
        payload = document.get("data", {}).get("done") or {"userErrors": []}
        done = [value for name, value in payload.items() if name != "userErrors"]
        refusals = [(each["code"], each["field"]) for each in payload["userErrors"]]
        return status == 200 and done == [None] and refusals == [("not_found", case.place)]
    refusals = [(each["code"], each["source"]["pointer"]) for each in document["errors"]]
    return status == 404 and refusals == [("not_found", case.place)]


def is_done(answer: tuple[int, Any]) -> bool:
    status, document = answer
    payload = ((document or {}).get("data") or {}).get("done") or {}
    return status < 300 and "errors" not in (document or {}) and not payload.get("userErrors")


def test_two_owners_have_the_same_names_for_everything(bob: Caller, guarded_front: Front) -> None:
    callers, shown = (Caller(guarded_front, *SCOPES, owner="alice"), bob), []
    for caller in callers:
        posted = ids_of(caller)["posted"]
        [hold] = caller.read(f"holds/?filter[txid]={TAKEN}")
        make(caller, f"holds/{hold['id']}/captures/", "Transaction", txid="C", amount="0.50")
        make(caller, f"transactions/{posted}/reversals/", "Transaction", txid="R", amount="0.50")
    for caller in callers:
        wanted = [
            ("wallets", "label", "Own"),
            *((path, "txid", TAKEN) for path in ("transactions", "holds", "transfers")),
        ]
        wanted += [("transactions", "txid", name) for name in ("C", "R")]
        for path, name, value in wanted:
            [found] = caller.read(f"{path}/?filter[{name}]={value}")
            query = f'{{ {path}(filters: {{{name}: {{exact: "{value}"}}}}) {{ edges {{ node {{ databaseId }} }} }} }}'
            assert nodes(caller.graphql(query)) == [{"databaseId": found["id"]}]
            shown.append((path, found["id"]))
    assert len(shown) == len(set(shown)) == 12


@pytest.mark.parametrize("narrows", [False, True])
def test_another_owners_wallet_is_no_wallet(
    operator: Caller, bob: Caller, guarded_front: Front, narrows: bool
) -> None:
    """As a caller that is bound to an owner, and as an operator that speaks for one: each asks every second pair."""
    caller = Caller(guarded_front, *SCOPES, narrowed_to="bob") if narrows else bob
    asked = [case for number, case in enumerate(cases()) if number // 2 % 2 == narrows]
    ids, foreign = ids_of(caller), foreign_wallets(operator)
    third = caller.open("Third", balance="100.00")
    before, faults = digest(), []
    for case in asked:
        missing = case.ask(caller, ids, ABSENT)
        if not is_not_found(case, missing):
            faults.append(f"{case.name}: {missing}")
        for name, identifier in foreign.items():
            found = case.ask(caller, ids, identifier)
            if without(identifier, found) != without(ABSENT, missing):
                faults.append(f"{case.name}, {name}: {found}\n   instead of {missing}")
        if digest() != before:
            faults.append(f"{case.name}: something has changed")
            before = digest()
    # Only the wallet was wrong with these requests.
    for case in asked:
        answer = case.ask(caller, ids, third)
        if is_done(answer) != case.can_succeed:
            faults.append(f"{case.name}, with a wallet of the caller's: {answer}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:20])


def test_no_capture_pays_another_owners_wallet(operator: Caller, bob: Caller) -> None:
    """An operator can make a hold between owners, whose destination the wallet's owner neither sees nor pays."""
    own, foreign = bob.open("Own", balance="100.00"), foreign_wallets(operator)
    in_dollars = [foreign[name] for name in ("alice's", "empty", "nobody's")]
    answers = set()
    for number, destination in enumerate(in_dollars):
        values = {"txid": f"H{number}", "amount": "5.00", "wallet": own, "destination": destination}
        hold = make(operator, "holds/", "Hold", **values)
        before = digest()
        assert bob.read(f"holds/{hold}/destination/") is None
        for amount in ({}, {"amount": "1.00"}, {"amount": "9999.00", "allowExcess": True}):
            captured = new("Transaction", txid="C", **amount)
            action = {"op": "add", "ref": {"type": "Hold", "id": hold, "relationship": "captures"}, **captured}
            done = bob.graphql(CAPTURE, input={"id": hold, "txid": "C", **amount})["data"]["done"]
            [refusal] = done["userErrors"]
            by_rest, by_operation = bob.rest("POST", f"holds/{hold}/captures/", captured), bob.operations(action)
            assert (done["transaction"], refusal["code"]) == (None, "not_found")
            for status, document in (by_rest, by_operation):
                assert (status, document["errors"][0]["code"]) == (404, "not_found")
            answers.add(repr((done, by_rest, by_operation)))
        assert digest() == before
    # Nothing of the destination is told: neither which it is nor what it has.
    assert len(answers) == 1


def test_a_transfer_that_owners_share_is_none_to_each(operator: Caller, bob: Caller) -> None:
    own, foreign = bob.open("Own", balance="100.00"), foreign_wallets(operator)["alice's"]
    values = {"txid": "Shared", "amount": "5.00", "source": own, "destination": foreign}
    shared, before = make(operator, "transfers/", "Transfer", **values), digest()

    def asked(identifier: str) -> list[str]:
        """Return the answers to all that can be asked of a transfer."""
        path = f"transfers/{identifier}/"
        reverse = f"""mutation {{ done: reverseTransfer(input: {{id: "{identifier}", txid: "R"}}) {{
          transfer {{ txid }} userErrors {{ code message field }} }} }}"""
        answers = [
            bob.rest("GET", path),
            bob.rest("GET", f"{path}legs/"),
            bob.rest("PATCH", path, change("Transfer", identifier, description="B")),
            bob.rest("POST", f"{path}reversals/", new("Transfer", txid="R")),
            (200, bob.graphql(reverse)),
        ]
        return [without(identifier, answer) for answer in answers]

    assert asked(shared) == asked(ABSENT)
    assert digest() == before
