"""GraphQL by strawberry-django's connection, with the optimizer and both caches of documents."""

import strawberry
import strawberry_django
from strawberry import auto, relay
from strawberry.extensions import ParserCache, ValidationCache
from strawberry_django.optimizer import DjangoOptimizerExtension
from strawberry_django.relay import DjangoListConnection

from benchmarks.peers.stock import models


@strawberry_django.type(models.Wallet)
class Wallet(relay.Node):
    label: auto
    balance: auto
    currency: auto

    # Set once, so that it is not searched for with each id.
    @classmethod
    def resolve_id_attr(cls) -> str:
        return "pk"


@strawberry_django.type(models.Transaction)
class Transaction(relay.Node):
    txid: auto
    amount: auto
    created_at: auto
    wallet: Wallet

    @classmethod
    def resolve_id_attr(cls) -> str:
        return "pk"

    @strawberry_django.field(only=["id"])
    def database_id(self) -> int:
        return int(self.pk)  # type: ignore[attr-defined]  # at run time it is the model


@strawberry.type
class Query:
    transactions: DjangoListConnection[Transaction] = strawberry_django.connection()


schema = strawberry.Schema(
    query=Query,
    extensions=[DjangoOptimizerExtension, lambda: ParserCache(maxsize=128), lambda: ValidationCache(maxsize=128)],
)
