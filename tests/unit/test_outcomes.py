"""The outcome of a batch whose group met an error or was refused."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError

from walletsvc import errors
from walletsvc.commands.outcomes import Failed, Outcome, Refused, RetryAlone, after_error, after_refusal

pytestmark = pytest.mark.without_engine

LOST = OperationalError(2013, "Lost connection to server during query")
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")
INTERRUPTED = OperationalError(1317, "Query execution was interrupted")
DUPLICATE = IntegrityError(1062, "Duplicate entry")


@pytest.fixture(autouse=True)
def mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: "mysql")


def kind(outcome: Outcome) -> object:
    """Return the identity of an outcome: that of an error is its type, because each caller raises a new one."""
    return type(outcome.error) if isinstance(outcome, Failed) else outcome


@pytest.mark.parametrize("is_leader", [True, False])
@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize(
    ("error", "expected"),
    [(LOST, errors.Unavailable), (DEADLOCK, RetryAlone()), (DUPLICATE, RetryAlone())],
    ids=["lost", "deadlock", "duplicate"],
)
def test_an_error_of_the_database_concerns_all_members(
    error: Exception, expected: object, is_leader: bool, is_complete: bool
) -> None:
    assert kind(after_error(error, is_leader=is_leader, is_complete=is_complete)) == expected


@pytest.mark.parametrize(
    ("error", "is_complete", "message"),
    [
        (LOST, False, "The database does not answer."),
        (LOST, True, errors.outcome_unknown().message),
        # A statement that the server gives up has done nothing; a COMMIT may have.
        (INTERRUPTED, False, None),
        (INTERRUPTED, True, errors.outcome_unknown().message),
    ],
)
def test_what_is_known_depends_on_whether_commit_was_next(
    error: Exception, is_complete: bool, message: str | None
) -> None:
    outcome = after_error(error, is_leader=False, is_complete=is_complete)
    if message is None:
        assert outcome == RetryAlone()
    else:
        assert isinstance(outcome, Failed)
        assert str(outcome.error) == message


@pytest.mark.parametrize(
    ("error", "is_leader", "is_complete", "expected"),
    [
        # A fault of one command, found before COMMIT: only its caller gets it.
        (ZeroDivisionError(), True, False, RetryAlone()),
        (ZeroDivisionError(), False, False, RetryAlone()),
        # After all was done it may be stored.
        (ZeroDivisionError(), True, True, ZeroDivisionError),
        (ZeroDivisionError(), False, True, errors.Unavailable),
        (KeyboardInterrupt(), True, False, KeyboardInterrupt),
        (KeyboardInterrupt(), False, False, RetryAlone()),
        (KeyboardInterrupt(), True, True, KeyboardInterrupt),
        (KeyboardInterrupt(), False, True, errors.Unavailable),
    ],
)
def test_other_errors_are_the_leaders(
    error: BaseException, is_leader: bool, is_complete: bool, expected: object
) -> None:
    assert kind(after_error(error, is_leader=is_leader, is_complete=is_complete)) == expected


NOT_THERE = Refused(0, errors.NotFound("There is none."))
TAKEN = Refused(1, errors.DuplicateTxid("Another has it."))
EMPTY = Refused(2, errors.InsufficientFunds("Not enough."))


@pytest.mark.parametrize(
    ("refused", "passed_over", "waited_for", "expected"),
    [
        (TAKEN, [], None, RetryAlone()),
        (TAKEN, [7], 8, RetryAlone()),
        # It may be there, and locked: then those that wait for the same wallet do so together, but not for two.
        (NOT_THERE, [7, 8], None, RetryAlone(7)),
        (NOT_THERE, [7], 8, RetryAlone()),
        (NOT_THERE, [], None, NOT_THERE),
        (NOT_THERE, [], 7, NOT_THERE),
        (EMPTY, [7], None, EMPTY),
        (EMPTY, [7], 8, EMPTY),
    ],
)
def test_a_refusal_within_a_group(
    refused: Refused, passed_over: list[int], waited_for: int | None, expected: Outcome
) -> None:
    assert after_refusal(refused, passed_over=passed_over, waited_for=waited_for) == expected
