"""No statement is forgotten, and the published table says what the tests do."""

from __future__ import annotations

from tests.rest_api.conformance.not_applicable import NOT_APPLICABLE
from tests.rest_api.conformance.table import TABLE, read_proofs, read_statements, render


def test_each_statement_has_a_test_or_a_reason() -> None:
    ids = {each["id"] for each in read_statements()}
    assert len(read_statements()) == 188
    proofs = read_proofs()
    assert not proofs.keys() & NOT_APPLICABLE.keys()
    assert ids - proofs.keys() - NOT_APPLICABLE.keys() == set()
    assert NOT_APPLICABLE.keys() <= ids
    assert all(proof.how for proof in proofs.values())


def test_the_published_table_is_current() -> None:
    assert TABLE.read_text() == render()
