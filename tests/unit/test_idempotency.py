"""The form of keys, whose they are, and when several commands are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.records import FIRST, open_ledger, wallet
from walletsvc import errors
from walletsvc.commands.idempotency import fingerprint_of, fingerprint_of_all
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.keyed import Keyed, hash_of, parse_key, with_key
from walletsvc.commands.memories import Memory, restore, snapshot
from walletsvc.commands.transactions import PostTransaction
from walletsvc.commands.wallets import OpenWallet
from walletsvc.models import Transaction
from walletsvc.models import Wallet as WalletRow
from walletsvc.principals import ANYONE, Principal
from walletsvc.web.idempotency import read_key

pytestmark = pytest.mark.without_engine


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("k", "k"),
        (" \tk\t ", "k"),
        ('"k"', "k"),
        ('k"', 'k"'),
        (r'"a\"b\\c"', r"a\"b\\c".replace('\\"', '"').replace("\\\\", "\\")),
        (r"a\b", r"a\b"),
        ("!" * 255, "!" * 255),
        (f'"{"~" * 255}"', "~" * 255),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
    ],
)
def test_a_key_is_quoted_or_bare(header: str | None, key: str | None) -> None:
    assert read_key(header) == key


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", '""', '"', '"k', '"a"b"', '"a" b', '"a";p', r'"\a"', '"a","b"', "a b", '"a b"', "é", "a\x7f"),
        *("\x00", "k\n", "k" * 256, f'"{"k" * 256}"'),
    ],
)
def test_anything_else_is_no_key(header: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        read_key(header)
    assert (caught.value.field, caught.value.code) == ("idempotency_key", "invalid")


@pytest.mark.parametrize("value", [7, True, None, [], "", "a b", "k" * 256])
def test_a_value_that_is_no_key_is_refused(value: object) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse_key(value)
    assert caught.value.field == "idempotency_key"


def principal(subject: str, owner: str | None = None) -> Principal:
    return Principal(subject, frozenset(), owner=owner)


def test_callers_share_keys_by_their_owner_or_else_by_their_subject() -> None:
    assert hash_of("k", principal("s", "a")) == hash_of("k", principal("t", "a"))
    assert hash_of("k", principal("s")) == sha256(b"subject:s\nk").digest()
    found = {
        hash_of("k", each) for each in (principal("s"), principal("t"), principal("s", "s"), principal("s", "t"))
    }
    assert len(found) == 4
    assert hash_of("k", principal("s", "")) != hash_of("k", principal("s"))
    assert hash_of("K", principal("s")) != hash_of("k", principal("s"))


def post(**values: Any) -> PostTransaction:
    return PostTransaction.parse({"txid": "T", "wallet": 7, "amount": "5", **values})


def opening(label: str, local_id: LocalId | None = None) -> OpenWallet:
    return OpenWallet.parse({"label": label}, local_id=local_id)


def test_commands_are_the_same_in_the_same_order() -> None:
    one, two = post(), post(txid="U")
    assert fingerprint_of_all([one]) == fingerprint_of(one)
    assert fingerprint_of_all([one, two]) == fingerprint_of_all([post(amount="5.00"), two])
    assert (
        len({fingerprint_of_all(each) for each in ([one, two], [two, one], [one], [one, one], [one, two, two])}) == 5
    )


def test_an_object_of_the_batch_counts_by_the_command_that_creates_it() -> None:
    def batch(reference: Callable[[LocalId, LocalId], LocalId]) -> bytes:
        first, second = LocalId(), LocalId()
        return fingerprint_of_all(
            [opening("A", first), opening("B", second), post(wallet=reference(first, second))],
        )

    assert batch(lambda first, _: first) == batch(lambda first, _: first)
    assert batch(lambda first, _: first) != batch(lambda _, second: second)
    # What no command refers to needs no local id.
    assert fingerprint_of_all([opening("A", LocalId()), post()]) == fingerprint_of_all([opening("A"), post()])


def test_a_batch_that_is_refused_anyway_has_no_key() -> None:
    refusal = errors.Blank("It is empty.")
    assert with_key([post(), refusal], "k", ANYONE) == [post(), refusal]
    assert with_key([post()], None, ANYONE) == [post()]
    keyed = with_key([post()], "k", ANYONE)
    assert isinstance(keyed, Keyed)
    assert (keyed.hash, keyed.fingerprint) == (hash_of("k", ANYONE), fingerprint_of(post()))
    assert (list(keyed), keyed[:1], len(keyed)) == ([post()], [post()], 1)


# -- what is kept --------------------------------------------------------------------------------------


def test_of_a_single_post_the_row_names_the_transaction() -> None:
    ledger, records, _ = open_ledger(wallet(7, "10"))
    keyed = Keyed([post()], b"h" * 32, b"f" * 16)
    made = post().apply(ledger)
    keyed.remember([made], ledger)
    assert ledger.has_key(b"h" * 32)
    assert not ledger.has_key(b"i" * 32)
    ledger.complete()
    [row] = records.keys
    assert (row.hash, row.fingerprint, row.kind, row.made) == (b"h" * 32, b"f" * 16, "transaction.post", made)
    assert row.results == {"wallet": 7, "currency": "USD", "owner": "a"}
    # One call writes all of it.
    assert [what for what, *_ in records.done] == ["write", "totals"]


def test_a_post_is_made_again_from_the_request_and_its_memory() -> None:
    memory = Memory(12, FIRST, {"wallet": 7, "currency": "USD", "owner": "a"})
    made = post(metadata={"a": 1}, description="x").recall(memory)
    assert (made.id, made.txid, made.wallet_id, made.amount) == (12, "T", 7, Decimal(5))
    assert (made.currency, made.owner, made.created_at, made.updated_at) == ("USD", "a", FIRST, FIRST)
    assert (made.description, made.metadata) == ("x", {"a": 1})


@pytest.mark.parametrize(
    "values",
    [
        {"label": "A", "currency": "USD", "balance": Decimal("1.50"), "metadata": {"a": [None, 1.5]}, "sequence": 2},
        {"label": "é", "currency": "JPY", "balance": Decimal("1E+2"), "owner": "bob", "next_expiry": FIRST},
    ],
)
def test_a_snapshot_is_the_same_object_again(values: Mapping[str, Any]) -> None:
    row = WalletRow(id=5, created_at=FIRST, updated_at=FIRST, **values)
    again = restore(WalletRow, snapshot(row))
    assert {name: getattr(again, name) for name in snapshot(row)} == {
        name: getattr(row, name) for name in snapshot(row)
    }
    old = Transaction(id=6, txid="T", wallet_id=5, amount=Decimal(1), created_at=FIRST, updated_at=FIRST)
    again_old = restore(Transaction, snapshot(old))
    assert (again_old.id, again_old.wallet_id, again_old.hold_id, again_old.fingerprint) == (6, 5, None, None)
