"""Check that a contender answers a row correctly: incorrect answers are not measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.harness import dataset
from benchmarks.harness.client import Answer, Client
from benchmarks.harness.questions import MEDIA_TYPE, TREE
from benchmarks.harness.row import Row
from benchmarks.harness.wrk import Template


class IncorrectError(Exception):
    """A contender does not fulfil the row's request."""


class MissingError(Exception):
    """A contender lacks a feature that the row requires."""


_TOO_MUCH = {"amount": "-9999999.00", "sum": "9999999.00"}


def check(client: Client, row: Row) -> tuple[Template, Answer]:
    """Return the template to measure, completed if the row is conditional, and an answer to it.

    Raises IncorrectError, or MissingError if there is no such endpoint or no ETag.
    """
    template = row.template
    if row.per_request:
        return template, _check_write(client, row)
    answer = client.ask(template)
    _expect(answer.status == 200, answer)
    document = answer.json()
    if template.body == TREE.body:
        _check_tree(document, row)
    elif template.path.startswith("/graphql"):
        _check_connection(document, row)
    elif row.expects:
        _check_list(document, row)
        if "include=" in template.path:
            _check_included(document)
    else:
        _check_wallet(client, row)
    if row.is_conditional:
        if "etag" not in answer.headers:
            raise MissingError("there is no ETag")
        template = replace(template, headers={**template.headers, "If-None-Match": answer.headers["etag"]})
        answer = client.ask(template)
        _expect(answer.status == 304 and not answer.body, answer)
    elif row.is_cached:
        again = client.ask(template)
        _expect(again.body == answer.body, again)
    return template, answer


def _check_wallet(client: Client, row: Row) -> None:
    document = client.ask(row.template, wallet="7").json()
    attributes = document["data"]["attributes"]
    found = (document["data"]["id"], attributes["label"], attributes["currency"], attributes["balance"][-3])
    expected = ("7", dataset.LABEL.format(7), "USD", ".")
    if found != expected:
        raise IncorrectError(f"{found} instead of {expected}")


def _check_list(document: Any, row: Row) -> None:
    resources = document["data"]
    found = [(each["id"], each["attributes"]["txid"]) for each in resources]
    numbers = row.numbers[: row.expects]
    expected = [(str(number), dataset.TXID.format(number)) for number in numbers]
    # Wallets take turns, and their number is a multiple of the owners'.
    owners = [int(each["relationships"]["wallet"]["data"]["id"]) % dataset.OWNERS for each in resources]
    if found != expected or owners != [number % dataset.OWNERS for number in numbers]:
        raise IncorrectError(f"other transactions than the first {row.expects}: {found[:3]}…")
    if (
        resources[0]["attributes"]["amount"] != dataset.amount_of(numbers[0])
        or not document["meta"]["pagination"]["count"]
    ):
        raise IncorrectError(f"{resources[0]}, {document['meta']}")


def _check_included(document: Any) -> None:
    linked = [each["relationships"][name]["data"] for each in document["data"] for name in ("wallet", "entries")]
    expected = {(one["type"], one["id"]) for data in linked for one in (data if isinstance(data, list) else [data])}
    found = {(each["type"], each["id"]) for each in document["included"]}
    if found != expected or {kind for kind, _ in found} != {"Wallet", "Entry"}:
        raise IncorrectError(f"included are {sorted(found)[:3]}… instead of {sorted(expected)[:3]}…")


def _check_tree(document: Any, row: Row) -> None:
    """Check each record of the three levels by the one rule that all rows have been made by."""
    if document.get("errors"):
        raise IncorrectError(str(document["errors"]))
    wallets = [edge["node"] for edge in document["data"]["wallets"]["edges"]]
    if [int(each["databaseId"]) for each in wallets] != list(range(1, row.expects + 1)):
        raise IncorrectError(f"other wallets than the first {row.expects}")
    for wallet in wallets:
        transactions = [edge["node"] for edge in wallet["transactions"]["edges"]]
        numbers = [int(each["databaseId"]) for each in transactions]
        entries = [edge["node"] for each in transactions for edge in each["entries"]["edges"]]
        if (
            not 1 <= len(numbers) <= 10
            or [each["txid"] for each in transactions] != [dataset.TXID.format(number) for number in numbers]
            or [each["amount"] for each in transactions] != [dataset.amount_of(number) for number in numbers]
            or [each["amount"] for each in entries] != [each["amount"] for each in transactions]
            or not all(entry["balanceAfter"] and entry["sequence"] for entry in entries)
        ):
            raise IncorrectError(str(wallet)[:300])


def _check_connection(document: Any, row: Row) -> None:
    if document.get("errors"):
        raise IncorrectError(str(document["errors"]))
    edges = document["data"]["transactions"]["edges"]
    nodes = [each["node"] for each in edges]
    # Some schemas print a 64-bit integer as a string.
    found = [(int(node["databaseId"]), node["txid"], node["wallet"]["label"]) for node in nodes]
    numbers = row.numbers[: row.expects]
    if found != [(number, dataset.TXID.format(number), dataset.LABEL.format(number)) for number in numbers]:
        raise IncorrectError(f"other transactions than the first {row.expects}: {found[:3]}…")
    if not all(each["cursor"] and each["node"]["id"] for each in edges) or edges[0]["node"]["amount"] != "9.27":
        raise IncorrectError(str(edges[0]))


def _check_write(client: Client, row: Row) -> Answer:
    """Post a covered transaction, then an overdraft: the second must be refused and change nothing."""
    wallet = str(row.template.wallets[0])
    accepted = client.ask(row.template, wallet=wallet)
    # A contender without the endpoint does not know its extension either.
    if accepted.status == 404 or (accepted.status in (406, 415) and "ext=" in row.template.headers["Accept"]):
        raise MissingError("there is no such endpoint")
    _expect(200 <= accepted.status < 300, accepted)
    if row.template.item:
        results = accepted.json()["atomic:results"]
        if len({result["data"]["id"] for result in results}) != row.per_request:
            raise IncorrectError(f"{len(results)} results")
    is_graphql = row.template.path.startswith("/graphql")
    accept = MEDIA_TYPE if is_graphql else row.template.headers["Accept"].split(";")[0]
    balance = Template(f"/api/wallets/{wallet}/", headers={**row.template.headers, "Accept": accept})
    before = client.ask(balance).json()["data"]["attributes"]["balance"]
    refused = client.ask(row.template, wallet=wallet, **_TOO_MUCH)
    # GraphQL says so in the answer, and that it does not, too.
    _expect(_is_refused_by_graphql(refused) if is_graphql else 400 <= refused.status < 500, refused)
    _expect(not is_graphql or not _is_refused_by_graphql(accepted), accepted)
    after = client.ask(balance).json()["data"]["attributes"]["balance"]
    if after != before:
        raise IncorrectError(f"a refused overdraft changed the balance from {before} to {after}")
    return accepted


def _is_refused_by_graphql(answer: Answer) -> bool:
    """Tell whether the answer to a mutation has an error, or none of its effects."""
    document = answer.json()
    return "errors" in document or any(payload["userErrors"] for payload in document["data"].values())


def _expect(holds: bool, answer: Answer) -> None:
    if not holds:
        raise IncorrectError(f"answered {answer.status}: {answer.body[:300]!r}")
