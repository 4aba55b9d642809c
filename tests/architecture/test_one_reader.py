"""All JSON from clients is read by `walletsvc.web.json_body`: exactly, and without duplicate members."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import modules, names_in

pytestmark = pytest.mark.without_engine

OTHER_READERS = {
    "graphql_api/live/messages.py": "finds the id of a frame that the reader has refused, to answer it",
    "graphql_api/persisted.py": "reads a file of the operator's",
    "walletsvc/access/issuer.py": "reads what the issuer of tokens says",
    "walletsvc/ledger/kept_keys.py": "reads what the database has",
    "walletsvc/queries/conservation.py": "reads what the database has",
    "walletsvc/queries/cursors.py": "reads cursors of ours",
    "walletsvc/telemetry/faults.py": "reads what it has written itself",
    "walletsvc/schema/kinds.py": "reads what the database has",
    "walletsvc/server/supervision.py": "reads what its own process was started with",
}


def test_input_of_clients_is_read_in_one_place() -> None:
    found = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and names_in(node) in (["json", "loads"], ["json", "load"], ["orjson", "loads"], ["json", "JSONDecoder"])
    }
    assert found == {*OTHER_READERS, "walletsvc/web/json_body.py"}
