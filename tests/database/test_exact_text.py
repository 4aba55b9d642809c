"""Labels, txids and owners compare byte for byte on every engine."""

from __future__ import annotations

import unicodedata

import pytest
from django.db import IntegrityError, connection, transaction

from tests.conftest import MakeWallet, Post
from tests.database.rows import fetch
from walletsvc import errors
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db

# Each pair is equal in one or another of MySQL's collations.
PAIRS = {
    "case": ("salary", "Salary"),
    "accent": ("resume", "résumé"),
    "composed and decomposed": (unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")),
    "sharp s": ("Strasse", "Straße"),
    "ligature": ("office", "o\ufb03ce"),
    "two emoji": ("🍣", "🍺"),
    "skin tone": ("👍", "👍🏽"),
    "width": ("ABC", "\uff21\uff22\uff23"),
    "kana": ("は", "ハ"),
    "dotless i": ("i", "\u0131"),
    "soft hyphen": ("ab", "a\u00adb"),
    "zero-width joiner": ("ab", "a\u200db"),
    "space": ("a b", "a\u00a0b"),
    "digits": ("1", "\u0661"),
}
NAMES = sorted({name for pair in PAIRS.values() for name in pair})


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_texts_that_look_alike_are_two_labels_and_two_txids(
    pair: tuple[str, str], make_wallet: MakeWallet, post: Post
) -> None:
    wallets = [make_wallet("0", label=name) for name in pair]
    transactions = [post(wallets[0], "1.00", txid=name) for name in pair]
    for name, wallet, posted in zip(pair, wallets, transactions, strict=True):
        assert Wallet.objects.get(label=name).id == wallet.id
        assert Transaction.objects.get(txid=name).id == posted.id
        assert fetch("SELECT wallet_id, amount FROM walletsvc_entry WHERE txid = %s", name) == [(wallets[0].id, 1)]


def test_every_text_comes_back_as_it_went_in(make_wallet: MakeWallet, post: Post) -> None:
    wallet = make_wallet()
    for name in NAMES:
        post(wallet, "1.00", txid=name, description=name, metadata={name: name})
    stored = Transaction.objects.order_by("id").values_list("txid", "description", "metadata")
    assert list(stored) == [(name, name, {name: name}) for name in NAMES]


def test_the_same_text_twice_is_a_duplicate(make_wallet: MakeWallet) -> None:
    make_wallet(label="Straße 🍣")
    with pytest.raises(errors.DuplicateLabel):
        make_wallet(label="Straße 🍣")
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize("other", ["a ", "a  ", " a", "a\t", "A"])
def test_space_and_case_count_in_the_database_although_services_refuse_space(
    other: str, make_wallet: MakeWallet
) -> None:
    wallet = make_wallet(label="a")
    Wallet.objects.filter(id=wallet.id).update(owner="a")
    assert not Wallet.objects.filter(label=other).exists()
    assert not Wallet.objects.filter(owner=other).exists()
    twin = make_wallet(label="twin")
    Wallet.objects.filter(id=twin.id).update(label=other, owner="a")
    assert list(Wallet.objects.filter(label=other).values_list("id", flat=True)) == [twin.id]
    with pytest.raises(IntegrityError), transaction.atomic():
        Wallet.objects.filter(id=twin.id).update(label="a")


def test_every_text_column_of_ours_is_exact() -> None:
    if connection.vendor == "sqlite":
        statements = fetch("SELECT sql FROM sqlite_master WHERE name LIKE 'walletsvc%%'")
        assert statements
        # A column without an explicit collation has BINARY (https://www.sqlite.org/datatype3.html, section 7).
        assert not [sql for (sql,) in statements if sql and "COLLATE" in sql.upper()]
        return
    collations = fetch(
        "SELECT DISTINCT collation_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name LIKE 'walletsvc%%' AND data_type = 'varchar'"
    )
    assert collations in ([("utf8mb4_nopad_bin",)], [("utf8mb4_0900_bin",)])
