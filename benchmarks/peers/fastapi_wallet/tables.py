"""The tables, as declarative classes."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Money = Numeric(38, 18)
Moment = DATETIME(fsp=6)


def now() -> datetime:
    """Return the current moment in UTC as the columns store it: without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "wallet"
    __table_args__ = (CheckConstraint("balance >= 0", name="wallet_balance_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(255), unique=True)
    currency: Mapped[str] = mapped_column(String(16))
    balance: Mapped[Decimal] = mapped_column(Money)
    sequence: Mapped[int] = mapped_column(default=0)
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    transactions: Mapped[list["Transaction"]] = relationship(order_by="Transaction.id", back_populates="wallet")


class Transaction(Base):
    __tablename__ = "transaction"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="transaction_amount_not_zero"),
        Index("transaction_created_at", "created_at"),
        Index("transaction_wallet_created_at", "wallet_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    txid: Mapped[str] = mapped_column(String(255), unique=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallet.id"))
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(String(1000), default="")
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    wallet: Mapped[Wallet] = relationship(back_populates="transactions")
    entries: Mapped[list["Entry"]] = relationship(order_by="Entry.id")


class Entry(Base):
    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("wallet_id", "sequence", name="entry_wallet_sequence_unique"),
        CheckConstraint("balance_after >= 0", name="entry_balance_after_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wallet_id: Mapped[int]
    sequence: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Money)
    balance_after: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("transaction.id"))
    txid: Mapped[str] = mapped_column(String(255), default="")
    principal: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
