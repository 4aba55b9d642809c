"""Transactions for the tests of packets, and parsing of packets."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.db import connection, transaction

from walletsvc.models import Wallet

RENAME = "UPDATE walletsvc_wallet SET label = %s WHERE id = %s"


def label(wallet: Wallet) -> str:
    return Wallet.objects.values_list("label", flat=True).get(id=wallet.id)


def rename(wallet: Wallet, name: str) -> None:
    connection.defer(RENAME, [name, wallet.id])


def together(*actions: Callable[[], object]) -> None:
    """Do it in one transaction."""
    with transaction.atomic():
        for action in actions:
            action()


def stumble() -> None:
    raise ZeroDivisionError


def interrupt(_identifier: int = 0) -> None:
    raise KeyboardInterrupt


WRITES = ["UPDATE", "INSERT", "SELECT", "INSERT", "INSERT", "COMMIT"]
"""The wallets, the transactions and which ids they have, the entries, the count of all."""
COMPOUND = b"BEGIN NOT ATOMIC "
GUARD = re.compile(rb"IF @@in_transaction = 0 THEN SIGNAL .{60,90}; END IF;")
"""What a compound within a transaction begins with."""


def words(packet: bytes) -> list[str]:
    """Return the first word of each statement, without the frame and the guard of a compound statement."""
    if is_compound(packet):
        packet = packet.removeprefix(COMPOUND).removesuffix(b"; END")
        guard = GUARD.match(packet)
        assert guard or packet.startswith(b"START TRANSACTION;"), packet
        packet = packet[guard.end() if guard else 0 :]
    return [each.split()[0].decode() for each in packet.split(b";")]


def is_compound(packet: bytes) -> bool:
    return packet.startswith(COMPOUND)


def expected(server: str, *compounds: list[str]) -> list[list[str]]:
    """Return the statements that the server gets for MariaDB's compound: MySQL gets them one by one."""
    return list(compounds) if server == "MariaDB" else [[word] for words in compounds for word in words]
