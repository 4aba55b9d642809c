"""The OpenAPI document is valid, describes every URL, and states exactly the possible answers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from rest_api.errors import STATUS
from rest_api.openapi.document import describe
from rest_api.openapi.refusals import codes_of
from rest_api.urls import urlpatterns
from tests.commands import run_to_end
from tests.rest_api.conftest import Api, problems
from walletsvc.queries.filters import FILTER_SETS
from walletsvc.schema.resources import RESOURCES

ROOT = Path(__file__).parents[2]
PATHS = describe()["paths"]
WALLET_PATHS = [
    "entries",
    "entries.hold",
    "entries.hold.destination",
    "entries.hold.wallet",
    "entries.transaction",
    "entries.transaction.hold",
    "entries.transaction.hold.destination",
    "entries.transaction.hold.wallet",
    "entries.transaction.reversalOf",
    "entries.transaction.reversalOf.hold",
    "entries.transaction.reversalOf.transfer",
    "entries.transaction.reversalOf.wallet",
    "entries.transaction.transfer",
    "entries.transaction.transfer.reversalOf",
    "entries.transaction.wallet",
    "entries.wallet",
    "holds",
    "holds.destination",
    "holds.wallet",
    "transactions",
    "transactions.hold",
    "transactions.hold.destination",
    "transactions.hold.wallet",
    "transactions.reversalOf",
    "transactions.reversalOf.hold",
    "transactions.reversalOf.hold.destination",
    "transactions.reversalOf.hold.wallet",
    "transactions.reversalOf.transfer",
    "transactions.reversalOf.wallet",
    "transactions.transfer",
    "transactions.transfer.reversalOf",
    "transactions.wallet",
]


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def parameters(path: str, method: str = "get") -> dict[str, Any]:
    return {each["name"]: each["schema"] for each in PATHS[path][method]["parameters"]}


def names(schema: dict[str, Any]) -> list[str]:
    """Return the names that a parameter takes, with commas between."""
    listed = re.match(r"\^(?:\(\?:)?\(\?:([^()]+)\)", schema["pattern"])
    assert listed is not None
    return listed[1].replace("\\", "").split("|")


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from objects(each)


def test_the_document_is_valid_openapi() -> None:
    assert describe()["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(describe()).validate()


@pytest.mark.parametrize("url", ["/api/schema/", "/api/schema"])
def test_the_document_is_served(client: Client, url: str) -> None:
    response = client.get(url)
    assert response["Content-Type"] == "application/vnd.oai.openapi+json;version=3.1"
    assert json.loads(response.content) == describe()
    assert client.head(url).content == b""
    assert client.post(url).status_code == 405


def test_every_url_and_method_is_described() -> None:
    described = {(path, method.upper()) for path, item in PATHS.items() for method in item}
    routed = set()
    for pattern in urlpatterns:
        view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if view is None or pattern.name is None:
            continue  # the description itself, and unknown URLs
        path = str(pattern.pattern).removeprefix(r"\A").removesuffix(r"\Z").removesuffix("/?")
        path = re.sub(r"\(\?P<identifier>[^)]*\)", "{id}", path)
        path = re.sub(r"\(\?P<currency>[^)]*\)", "{currency}", path)
        allowed = pattern.callback.view_initkwargs.get("http_method_names") or view.http_method_names
        methods = {method.upper() for method in allowed} - {"HEAD", "OPTIONS"}
        routed |= {(f"/api/{path}/" if path else "/api/", method) for method in methods}
    assert described == routed


def test_each_operation_has_a_unique_name() -> None:
    names = [operation["operationId"] for item in PATHS.values() for operation in item.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "path"), [("Wallet", "wallets"), ("Transaction", "transactions"), ("Entry", "entries")]
)
def test_the_parameters_are_those_of_the_declarations(name: str, path: str) -> None:
    described = parameters(f"/api/{path}/")
    filters = {each for each in described if each.startswith("filter[")}
    assert filters == {f"filter[{each}]" for each in FILTER_SETS[name].base_filters}
    assert {each for each in described if each.startswith("fields[")} == {f"fields[{each}]" for each in RESOURCES}
    assert names(described["sort"])[::2] == list(RESOURCES[name].orders)
    assert {"page[number]", "page[size]", "page[after]", "page[before]", "include"} < described.keys()


@pytest.mark.parametrize("path", [path for path in PATHS if re.search(r"\{id\}/(transactions|entries)/$", path)])
def test_each_filter_of_a_related_list_can_be_given(api: Api, make_wallet: Any, post: Any, path: str) -> None:
    parent = make_wallet()
    parent = parent if "wallets" in path else post(parent, "1")
    filters = [name for name in parameters(path) if name.startswith("filter[")]
    assert len(filters) > 3
    for name in filters:
        # What no value can be: so no filter finds anything else wrong.
        response = api.get(path.replace("{id}", str(parent.id)) + "?" + urlencode({name: "\0"}))
        (error,) = response.json()["errors"]
        assert (error["status"], error["source"]) == ("400", {"parameter": name})
        assert "twice" not in error["detail"], name


def test_all_paths_to_include_are_listed() -> None:
    assert names(parameters("/api/wallets/")["include"]) == WALLET_PATHS


def test_every_refusal_of_the_domain_is_among_the_codes_of_its_status() -> None:
    for refusal, status in STATUS.items():
        assert refusal.code in codes_of(status)
        assert f"Errors{status}" in describe()["components"]["schemas"]


@pytest.mark.parametrize("url", ["/api/docs/", "/api/docs"])
def test_the_page_loads_nothing_from_elsewhere(client: Client, url: str) -> None:
    page = client.get(url)
    assert page["Content-Security-Policy"].startswith("default-src 'self';")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert len(loaded) == 5
    for each in loaded:
        answer = client.get(each)
        assert (answer.status_code, each.partition("static/")[0]) == (200, "/")
        assert b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    "sort",
    ["id,nothing", "id,-id", "label,-label", "id,label,-label", "-id,label,id", "", "id,", ",id", "id\n", "ids"],
)
def test_an_order_that_the_description_refuses_is_refused(api: Api, sort: str) -> None:
    assert not takes("sort", sort)
    response = api.get("/api/wallets/?" + urlencode({"sort": sort}))
    assert (response.status_code, problems(response)) == (400, [("invalid_parameter", "sort")])


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("sort", "id"),
        ("sort", "-label,balance,-id"),
        ("include", ""),
        ("include", "entries.wallet,transactions,entries.wallet"),
        ("fields[Wallet]", ""),
        ("fields[Wallet]", "label,label,entries"),
    ],
)
def test_lists_of_names_are_taken_as_described(api: Api, parameter: str, value: str) -> None:
    assert takes(parameter, value)
    assert api.get("/api/wallets/?" + urlencode({parameter: value})).status_code == 200


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("include", "entries,"),
        ("include", "entriesXwallet"),
        ("include", ",".join(WALLET_PATHS * 2)),
        ("fields[Wallet]", "label,nothing"),
    ],
)
def test_other_lists_of_names_are_not_described(parameter: str, value: str) -> None:
    assert not takes(parameter, value)


def takes(parameter: str, value: str) -> bool:
    """Tell whether a list of wallets accepts this value by the description."""
    schema = parameters("/api/wallets/")[parameter]
    return bool(jsonschema_rs.is_valid(schema, value))


# -- generators of clients ------------------------------------------------------------------------------


def test_no_default_is_taken_for_a_value_that_is_always_there() -> None:
    # openapi-typescript demands it of the caller; openapi-python-client sends it, also where it must not be sent.
    assert [each for each in objects(describe()) if "default" in each] == []


def test_every_object_says_which_members_it_may_have() -> None:
    # openapi-typescript takes `{"type": "object"}` for an object without members: nothing can be read of it.
    described = [each for each in objects(describe()) if each.get("type") == "object"]
    assert [each for each in described if "properties" not in each and "additionalProperties" not in each] == []


@pytest.mark.parametrize("keyword", ["allOf", "oneOf", "patternProperties", "discriminator", "readOnly", "writeOnly"])
def test_schemas_do_without_what_generators_read_differently(keyword: str) -> None:
    assert [each for each in objects(describe()) if keyword in each] == []


def test_alternatives_are_schemas_with_a_type() -> None:
    # Of "one of these members is required" openapi-python-client makes an object without members.
    alternatives = [alternative for each in objects(describe()) for alternative in each.get("anyOf", [])]
    assert [each for each in alternatives if not each.keys() & {"$ref", "type", "pattern", "enum"}] == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("coding", "status"),
    [({"transfer-encoding": "gzip, chunked"}, 501), ({"content-encoding": "gzip"}, 415)],
)
def test_refusals_before_the_views_are_described(method: str, coding: dict[str, str], status: int) -> None:
    url, path = ("/api/wallets/1/", "/api/wallets/{id}/") if method == "DELETE" else ("/api/wallets/",) * 2
    headers = {"host": "localhost", **coding}
    response = Client().generic(method, url, b"{}", content_type="application/vnd.api+json", headers=headers)
    assert response.status_code == status
    schema = PATHS[path][method.lower()]["responses"][str(status)]["content"]["application/vnd.api+json"]["schema"]
    described = {**schema, "components": describe()["components"]}
    jsonschema_rs.Draft202012Validator(described).validate(json.loads(response.content))


def test_error_objects_name_the_codes_of_their_status() -> None:
    schemas = describe()["components"]["schemas"]
    for path in PATHS.values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    (name,) = {content["schema"]["$ref"] for content in answer["content"].values()}
                    assert name == f"#/components/schemas/Errors{status}"
                    assert schemas[f"Error{status}"]["properties"]["code"]["enum"] == codes_of(int(status))


def test_an_empty_relation_may_be_sent_along_and_no_other() -> None:
    schema = {"$ref": "#/components/schemas/NewWallet", "components": describe()["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    wallet: dict[str, Any] = {"type": "Wallet", "attributes": {"label": "New"}}
    assert validator.is_valid({**wallet, "relationships": {"transactions": {"data": []}, "entries": {"data": []}}})
    filled = {"transactions": {"data": [{"type": "Transaction", "id": "1"}]}}
    assert not validator.is_valid({**wallet, "relationships": filled})


@pytest.mark.without_engine
def test_the_description_is_the_same_in_every_process() -> None:
    """Otherwise its tag differs between workers, and clients fetch all of it again."""
    code = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'walletsvc.settings'; django.setup();"
        " from hashlib import sha256; from rest_api.openapi.document import encoded;"
        " print(sha256(encoded()).hexdigest())"
    )
    # With these two, sets of the relations of a hold have different orders.
    found = {
        run_to_end(sys.executable, "-c", code, folder=ROOT, environment={**environ, "PYTHONHASHSEED": seed})
        for seed in ("4", "5")
    }
    assert len(found) == 1
