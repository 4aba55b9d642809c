"""The application. Its tables are in DATABASE_URL."""

import os
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Query, Request, Response
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload

from benchmarks.peers.fastapi_wallet import cache
from benchmarks.peers.fastapi_wallet.documents import (
    MEDIA_TYPE,
    NewTransactionDocument,
    encode_error,
    encode_one,
    encode_page,
    encode_tree,
    entry_resource,
    transaction_resource,
    wallet_resource,
)
from benchmarks.peers.fastapi_wallet.tables import Entry, Transaction, Wallet, now

_URL = make_url(os.environ["DATABASE_URL"]).set(drivername="mysql+asyncmy", query={"charset": "utf8mb4"})
_engine = create_async_engine(_URL, pool_size=16, max_overflow=0, isolation_level="READ COMMITTED")
_sessions = async_sessionmaker(_engine, expire_on_commit=False)
app = FastAPI()


async def open_session() -> AsyncIterator[AsyncSession]:
    """Give each request its own session."""
    async with _sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


class Document(Response):
    """A response with JSON:API's media type and ready bytes."""

    media_type = MEDIA_TYPE


@app.get("/api/wallets/{wallet_id}/")
async def get_wallet(wallet_id: int, session: Session) -> Document:
    """Show a wallet."""
    wallet = await session.get(Wallet, wallet_id)
    if wallet is None:
        return _refuse(404, "not_found", "There is no such wallet.")
    return Document(encode_one(wallet_resource(wallet)))


@app.get("/api/transactions/")
async def list_transactions(
    request: Request,
    session: Session,
    size: Annotated[int, Query(alias="page[size]", ge=1, le=100)] = 20,
    number: Annotated[int, Query(alias="page[number]", ge=1, le=2**31)] = 1,
    include: Annotated[Literal["", "wallet,entries"], Query()] = "",
) -> Document:
    """List transactions, page by page, on request with their wallets and entries."""

    async def make() -> bytes:
        count = await session.scalar(select(func.count()).select_from(Transaction)) or 0
        page = select(Transaction).order_by(Transaction.id).limit(size).offset((number - 1) * size)
        if include:
            page = page.options(selectinload(Transaction.wallet), selectinload(Transaction.entries))
        rows = (await session.scalars(page)).all()
        resources = [
            transaction_resource(row, [entry.id for entry in row.entries] if include else None) for row in rows
        ]
        included = None
        if include:
            wallets = {row.wallet_id: row.wallet for row in rows}
            included = [wallet_resource(wallet) for wallet in wallets.values()]
            included += [entry_resource(entry) for row in rows for entry in row.entries]
        return encode_page(
            resources, path="/api/transactions/", number=number, size=size, count=count, included=included
        )

    return Document(await cache.remember(str(request.url), make))


@app.post("/graphql/")
async def show_tree(session: Session) -> Response:
    """Answer the one query of the benchmark that is three levels deep, without looking at it."""
    entries = selectinload(Wallet.transactions).selectinload(Transaction.entries)
    wallets = await session.scalars(select(Wallet).order_by(Wallet.id).limit(20).options(entries))
    return Response(encode_tree(wallets.all()), media_type="application/json")


@app.post("/api/transactions/")
async def create_transaction(document: NewTransactionDocument, session: Session) -> Document:
    """Post a transaction to a wallet: under the wallet's lock, and never below zero."""
    new = document.data.attributes
    if not new.amount:
        return _refuse(422, "invalid_amount", "The amount of a transaction is not zero.")
    statement = select(Wallet).where(Wallet.id == document.data.relationships.wallet.data.id).with_for_update()
    wallet = await session.scalar(statement)
    if wallet is None:
        return _refuse(404, "not_found", "There is no such wallet.")
    balance = wallet.balance + new.amount
    if balance < 0:
        return _refuse(422, "insufficient_funds", "The balance does not cover it.")
    at = now()
    wallet.balance, wallet.sequence, wallet.updated_at = balance, wallet.sequence + 1, at
    transaction = Transaction(
        txid=new.txid,
        wallet_id=wallet.id,
        amount=new.amount,
        currency=wallet.currency,
        description=new.description,
        extra=new.metadata,
        created_at=at,
        updated_at=at,
    )
    session.add(transaction)
    try:
        await session.flush()
        session.add(_entry(wallet, transaction))
        await session.commit()
    except IntegrityError:
        await session.rollback()
        return _refuse(409, "duplicate_txid", "Another transaction has this txid.")
    await cache.forget()
    location = f"/api/transactions/{transaction.id}/"
    return Document(encode_one(transaction_resource(transaction)), 201, {"Location": location})


def _entry(wallet: Wallet, transaction: Transaction) -> Entry:
    return Entry(
        wallet_id=wallet.id,
        sequence=wallet.sequence,
        amount=transaction.amount,
        balance_after=wallet.balance,
        currency=wallet.currency,
        kind="post",
        transaction_id=transaction.id,
        txid=transaction.txid,
        principal="anonymous",
        created_at=transaction.created_at,
    )


def _refuse(status: int, code: str, detail: str) -> Document:
    return Document(encode_error(status, code, detail), status)
