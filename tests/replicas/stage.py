"""What the tests do with a primary and its replica, and what has to be true of them afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from tests.cluster.load import MEDIA_TYPE, Model, loaded, open_wallet, transaction
from tests.live import LiveServer, start_together
from tests.servers import RedisServer, ReplicatedServer
from tests.servers.replicated import url_of

FIELDS = ("balance", "currency", "metadata", "createdAt", "updatedAt", "held", "available")
HANG_SECONDS = 20.0


@dataclass
class Stage:
    """A primary, its replica, a cache, and servers."""

    primary: ReplicatedServer
    replica: ReplicatedServer
    redis: RedisServer
    servers: list[LiveServer]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return url_of(self.primary, self.replica)

    def repair(self) -> None:
        """Let the replica run, and have what the primary has."""
        for each in (self.redis, self.replica):
            if not each.is_running:
                each.start()
        self.replica.follow(self.primary)
        self.replica.catch_up(self.primary)
        ((identity,),) = self.primary.run("SELECT identity FROM walletsvc.walletsvc_cachestate")
        self.claim(identity)

    def claim(self, identity: str) -> None:
        """Let the replica say that its database is this one, to everybody who asks again."""
        self.replica.run_here(f"UPDATE walletsvc.walletsvc_cachestate SET identity = '{identity}'")  # noqa: S608
        for (number,) in self.replica.run(
            f"SELECT id FROM information_schema.processlist WHERE user = '{self.replica.application}'"  # noqa: S608
        ):
            self.replica.run(f"KILL {number}")

    def open(self, label: str) -> str:
        return open_wallet(self.servers[0].url, label)

    def post(self, wallet: str, *, server: int = 0) -> httpx.Response:
        document = {"data": transaction(uuid4().hex, wallet, Decimal(1))}
        url = f"{self.servers[server].url}/api/transactions/"
        return httpx.post(url, json=document, headers={"Content-Type": MEDIA_TYPE}, timeout=HANG_SECONDS)

    def change_nothing(self, posted: httpx.Response, *, server: int) -> None:
        """Send a transaction once more as it was posted: there is nothing to change, and that is acknowledged."""
        at_first = posted.json()["data"]
        document = {
            "data": {
                "type": "Transaction",
                "id": at_first["id"],
                "attributes": {"amount": at_first["attributes"]["amount"]},
            }
        }
        url = f"{self.servers[server].url}/api/transactions/{at_first['id']}/"
        answer = httpx.patch(url, json=document, headers={"Content-Type": MEDIA_TYPE}, timeout=HANG_SECONDS)
        assert answer.status_code == 200, answer.text

    def read(self, path: str, *, server: int = 1) -> Any:
        answer = httpx.get(self.servers[server].url + path, timeout=HANG_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def ask(self, document: str, *, server: int = 1) -> Any:
        answer = httpx.post(
            f"{self.servers[server].url}/graphql/", json={"query": document}, timeout=HANG_SECONDS
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def wallet(self, wallet: str, *, server: int = 1) -> dict[str, str]:
        """Return the label and the sequence of a wallet, which nobody has asked for in this form."""
        number = next(self._numbers)
        names = [name for place, name in enumerate(FIELDS) if number >> place & 1]
        wanted = ",".join(["label", "sequence", *names])
        attributes: dict[str, str] = self.read(f"/api/wallets/{wallet}/?fields[Wallet]={wanted}", server=server)[
            "attributes"
        ]
        return attributes

    def differ(self, wallet: str) -> str:
        """Let the replica show a label of its own for a wallet, and return it once an answer has it.

        So each later answer tells where its rows are from.
        """
        self.replica.catch_up(self.primary)
        label = f"{wallet} at the replica"
        self.replica.run_here(f"UPDATE walletsvc.walletsvc_wallet SET label = '{label}' WHERE id = {wallet}")  # noqa: S608
        wait_for(lambda: self.wallet(wallet)["label"] == label)
        return label

    @contextmanager
    def load(self, *, writers: int = 4, wallets: int = 3) -> Iterator[Model]:
        """Let writers load all servers until the end of the block, and then check what is stored.

        After each answer they ask any server for a wallet, which must not show an earlier state.
        """
        with loaded([each.url for each in self.servers], writers=writers, wallets=wallets) as (model, _):
            yield model

    def check(self, server: ReplicatedServer, model: Model) -> None:
        """The server has what was acknowledged and nothing that was refused, and its books are right."""
        rows = server.run("SELECT txid, id, wallet_id, amount FROM walletsvc.walletsvc_transaction")
        found = {row[0]: (str(row[1]), str(row[2]), row[3]) for row in rows}
        for txid, each in model.stored.items():
            assert found.get(txid) == (each.id, each.wallet, each.amount), (txid, each, found.get(txid))
        assert not model.absent & found.keys()
        finished = self.servers[0].manage("reconcile")
        assert (finished.returncode, finished.stderr) == (0, ""), finished.stdout + finished.stderr


@contextmanager
def new_stage() -> Iterator[Stage]:
    """Yield two servers on a new primary with a replica, which they know as the next host, and read from."""
    with ExitStack() as stack:
        primary, replica = stack.enter_context(ReplicatedServer()), stack.enter_context(ReplicatedServer())
        redis = stack.enter_context(RedisServer())
        stage = Stage(primary, replica, redis, [])
        for _ in range(2):
            server = LiveServer(database_url=stage.url, redis_url=redis.url, DATABASE_READ_URL=replica.url)
            stack.callback(server.close)
            stack.callback(lambda server=server: print(server.log[-4000:]))
            stage.servers.append(server)
        replica.follow(primary)
        stage.servers[0].set_up_database()
        start_together(*stage.servers)
        yield stage


def goes_on(model: Model) -> float:
    """Wait until writes are acknowledged again, and return for how long."""
    before = model.statuses["POST", 201]
    return wait_for(lambda: model.statuses["POST", 201] > before + 5)


def wait_for(condition: Callable[[], bool], *, seconds: float = 30) -> float:
    """Wait until the condition holds, and return for how long. Raises `AssertionError`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, "It did not come to that in time."
        time.sleep(0.05)
    return time.monotonic() - began
