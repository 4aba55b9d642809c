"""The replay's own logic, without a server: the file, the expectation, the retries, the verdict."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from benchmarks.bank_file import COLUMNS, Account, BankFileError, expect, read_accounts
from benchmarks.faces import (
    ATTEMPTS,
    BadAnswerError,
    Face,
    LabelTakenError,
    NewTransaction,
    UnreachableError,
)
from benchmarks.graphql_face import GraphqlFace
from benchmarks.rest_face import RestFace

pytestmark = pytest.mark.without_engine

BANK_FILE = Path(__file__).parents[1] / "data" / "czech_bank_1993.csv"
NEW = NewTransaction("TX1", "-5.00", "cash withdrawal", {})


@pytest.fixture(scope="module")
def accounts() -> list[Account]:
    return read_accounts(BANK_FILE)


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *lines]), encoding="utf-8")
    return path


class TestTheRealFile:
    def test_holds_every_row_of_every_account(self, accounts: list[Account]) -> None:
        assert len(accounts) == 575
        assert sum(len(account.rows) for account in accounts) == 23_012

    def test_overdraws_once_in_each_of_twelve_accounts(self, accounts: list[Account]) -> None:
        expectation = expect(accounts)
        assert [len(rows) for rows in expectation.refused.values()] == [1] * 12
        assert all(Decimal(row.amount) < 0 for rows in expectation.refused.values() for row in rows)
        assert expectation.total == Decimal("18631414.80")

    def test_follows_the_bank_where_nothing_is_refused(self, accounts: list[Account]) -> None:
        expectation = expect(accounts)
        drifts = [
            abs(expectation.balances[account.account_id] - account.rows[-1].bank_balance)
            for account in accounts
            if account.account_id not in expectation.refused
        ]
        assert len(drifts) == 563
        assert max(drifts) <= Decimal("1.00")


class TestReadingAFile:
    def test_judges_what_follows_a_refusal_on_the_balance_without_it(self, tmp_path: Path) -> None:
        path = _write(
            tmp_path / "bank.csv",
            "1,A,1993-01-01,in,,10.00,10.00",
            "2,A,1993-01-02,out,,-10.01,-0.01",
            "3,B,1993-01-02,in,,1.00,1.00",
            "4,A,1993-01-03,out,,-10.00,-10.01",
        )
        expectation = expect(read_accounts(path))
        assert expectation.refused_ids == {"2"}
        assert expectation.balances == {"A": Decimal(0), "B": Decimal(1)}

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("1,A,1993-01-01,in,,1e5,1.00", "line 2: amount '1e5'"),
            ("1,A,1993-01-01,in,,NaN,1.00", "line 2: amount 'NaN'"),
            ("1,A,1993-01-01,in,,0.001,1.00", "line 2: amount '0.001'"),
            ("1,A,1993-01-01,in,,0.00,1.00", "line 2: amount is 0"),
            ("1,A,1993-01-01,in,,1.00,", "line 2: bank_balance ''"),
            ("1,A,1993-13-01,in,,1.00,1.00", "line 2: date '1993-13-01'"),
            ("1,,1993-01-01,in,,1.00,1.00", "line 2: account_id ''"),
            ("1,A,1993-01-01", "line 2: 3 cells under 7 columns"),
            ("", "line 2: 0 cells under 7 columns"),
        ],
    )
    def test_names_the_line_of_a_bad_row(self, tmp_path: Path, line: str, message: str) -> None:
        with pytest.raises(BankFileError, match=message):
            read_accounts(_write(tmp_path / "bank.csv", line, "9,A,1993-01-01,in,,1.00,1.00"))

    def test_names_both_lines_of_a_duplicate(self, tmp_path: Path) -> None:
        row = "1,A,1993-01-01,in,,1.00,1.00"
        with pytest.raises(BankFileError, match="line 3: trans_id '1' is on line 2 already"):
            read_accounts(_write(tmp_path / "bank.csv", row, row))

    def test_names_missing_columns(self, tmp_path: Path) -> None:
        path = tmp_path / "bank.csv"
        path.write_text("trans_id,account_id,date,operation,purpose,amount\n", encoding="utf-8")
        with pytest.raises(BankFileError, match=r"missing column\(s\): bank_balance"):
            read_accounts(path)

    def test_refuses_a_file_without_rows(self, tmp_path: Path) -> None:
        with pytest.raises(BankFileError, match="holds no transactions"):
            read_accounts(_write(tmp_path / "bank.csv"))


# One answer of each kind, as each face spells it.
Spelled = dict[str, tuple[int, dict[str, object]]]
REST: Spelled = {
    "posted": (201, {"data": {"id": "7"}}),
    "duplicate_txid": (409, {"errors": [{"code": "duplicate_txid"}]}),
    "duplicate_label": (409, {"errors": [{"code": "duplicate_label"}]}),
    "insufficient_funds": (422, {"errors": [{"code": "insufficient_funds"}]}),
    "ours": (
        200,
        {
            "data": [
                {
                    "attributes": {"txid": "TX1", "amount": "-5.00"},
                    "relationships": {"wallet": {"data": {"type": "Wallet", "id": "3"}}},
                }
            ],
            "links": {"next": None},
        },
    ),
    "nothing": (200, {"data": [], "links": {"next": None}}),
}
GRAPHQL: Spelled = {
    "posted": (200, {"data": {"createTransaction": {"transaction": {"databaseId": 7}, "userErrors": []}}}),
    **{
        code: (200, {"data": {"create": {"userErrors": [{"code": code, "message": "", "field": None}]}}})
        for code in ("duplicate_txid", "duplicate_label", "insufficient_funds")
    },
    "ours": (
        200,
        {"data": {"transactionByTxid": {"txid": "TX1", "amount": "-5.00", "wallet": {"databaseId": 3}}}},
    ),
    "nothing": (200, {"data": {"transactionByTxid": None}}),
}
SHARED: Spelled = {"busy": (503, {}), "broken": (500, {}), "lost": (0, {})}

Connect = Callable[..., tuple[Face, list[float]]]


@pytest.fixture(params=[(RestFace, REST), (GraphqlFace, GRAPHQL)], ids=["rest", "graphql"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Make a face that gets the named answers in turn, and the list of its pauses in seconds."""
    face_class, spelled = request.param
    faces: list[Face] = []

    def make(*names: str) -> tuple[Face, list[float]]:
        answers = iter([{**SHARED, **spelled}[name] for name in names])
        pauses: list[float] = []

        def answer(_request: httpx.Request) -> httpx.Response:
            status, document = next(answers)
            if not status:
                raise httpx.ReadError("connection lost")
            return httpx.Response(status, json=document, headers={"Retry-After": "2"})

        faces.append(face_class("http://server", transport=httpx.MockTransport(answer), pause=pauses.append))
        return faces[-1], pauses

    yield make
    for face in faces:
        face.close()


class TestPosting:
    def test_reports_the_code_of_a_refusal(self, connect: Connect) -> None:
        face, _ = connect("posted", "insufficient_funds")
        assert face.post("3", NEW) is None
        assert face.post("3", NEW) == "insufficient_funds"

    def test_waits_as_long_as_a_busy_server_asks(self, connect: Connect) -> None:
        face, pauses = connect("busy", "busy", "posted")
        assert face.post("3", NEW) is None
        assert pauses == [2.0, 2.0]

    @pytest.mark.parametrize("code", ["duplicate_txid", "insufficient_funds"])
    def test_counts_a_retried_post_that_was_stored_as_accepted(self, connect: Connect, code: str) -> None:
        face, _ = connect("lost", code, "ours")
        assert face.post("3", NEW) is None

    def test_keeps_the_refusal_of_a_retried_post_that_is_not_stored(self, connect: Connect) -> None:
        face, _ = connect("busy", "insufficient_funds", "nothing")
        assert face.post("3", NEW) == "insufficient_funds"

    def test_does_not_take_the_transaction_of_another_wallet_for_its_own(self, connect: Connect) -> None:
        face, _ = connect("busy", "duplicate_txid", "ours")
        assert face.post("4", NEW) == "duplicate_txid"

    def test_does_not_look_up_a_first_refusal(self, connect: Connect) -> None:
        face, _ = connect("duplicate_txid")
        assert face.post("3", NEW) == "duplicate_txid"

    @pytest.mark.parametrize(
        ("names", "error"),
        [
            (["busy"] * ATTEMPTS, BadAnswerError),
            (["lost"] * ATTEMPTS, UnreachableError),
            (["broken"], BadAnswerError),
            (["nothing"], BadAnswerError),
        ],
    )
    def test_gives_up(self, connect: Connect, names: list[str], error: type[Exception]) -> None:
        face, pauses = connect(*names)
        with pytest.raises(error):
            face.post("3", NEW)
        assert len(pauses) == len(names) - 1

    def test_refuses_to_mix_with_an_earlier_replay(self, connect: Connect) -> None:
        face, _ = connect("duplicate_label")
        with pytest.raises(LabelTakenError, match="give another --prefix"):
            face.open_wallet("Account 1", "CZK")
