"""Redis fails in part, or is replaced: no client reads data older than an answered write.

Two servers share a database, and each has its own way to Redis. One gets a write; the other, which has been idle and
holds everything in its cache, is then read through each face. Afterwards the cache recovers by itself.
"""

from contextlib import ExitStack
from decimal import Decimal
from itertools import count
from threading import Event

import httpx
import pytest
from django.db import connection
from redis import Redis

from tests.cache.conftest import HAS_REDIS
from tests.cache.proxy import Proxy
from tests.chaos.clients import open_wallet, wait_for
from tests.chaos.faces import Client
from tests.databases import run_in, url_of
from tests.live import LiveServer, start_together
from tests.servers import RedisServer
from walletsvc.cache.wire import REST_SECONDS

pytestmark = pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")


class Stage:
    """Two servers and one of another database, their ways to Redis, and two Redis servers.

    The first Redis is in use.
    """

    def __init__(self, stack, ready_database):
        self.one, self.two = (stack.enter_context(RedisServer()) for _ in range(2))
        self.ways = [Proxy(self.one.host, self.one.port) for _ in range(3)]
        self.clients = [stack.enter_context(Redis.from_url(each.url)) for each in (self.one, self.two)]
        for way in self.ways:
            stack.callback(way.close)
        for client in self.clients:
            client.config_set("repl-diskless-sync-delay", 0)
        self.database, self.other_database = (stack.enter_context(ready_database()) for _ in range(2))
        databases = (self.database, self.database, self.other_database)
        self.servers = [serve(database, way) for database, way in zip(databases, self.ways, strict=True)]
        for server in self.servers:
            stack.callback(server.close)
        start_together(*self.servers)
        wallet = open_wallet(self.servers[0].url, "Wallet 0")
        assert open_wallet(self.servers[2].url, "Of the other database") == wallet
        self.writer, self.bystander, self.stranger = (Client(server.url, wallet) for server in self.servers)
        self.posts = 0
        self.numbers = count(1)

    def post(self):
        """Write by the one server, and let the views of both show no less."""
        self.writer.post()
        self.posts += 1
        expected = {(Decimal(self.posts), self.posts)}
        # The bystander first, because any other reader may tell Redis something.
        assert self.bystander.see() == expected
        assert self.writer.see() == expected

    def warm_up(self):
        """Let both servers have all views in Redis and at hand."""
        for client in (self.writer, self.bystander, self.writer, self.bystander):
            assert client.see() == {(Decimal(self.posts), self.posts)}

    def is_cached(self):
        """Tell whether both servers answer from the cache: then they do not show changes made behind their backs."""
        return self.are_cached(self.database, self.writer, self.bystander)

    def are_cached(self, database, *clients):
        before = [client.label() for client in clients]
        run_in(database, f"UPDATE walletsvc_wallet SET label = 'Wallet {next(self.numbers)}'")  # noqa: S608
        return before == [client.label() for client in clients]

    def wait_until_cached(self):
        wait_for(lambda: self.is_cached(), timeout_seconds=30)
        # Whatever was stored meanwhile shows a label that was there for a moment only.
        self.post()

    # -- what happens to Redis, and how it ends: each returns the function that ends it --

    def at_its_memory_limit(self, redis, _other):
        redis.set("of others", b"x" * 2**21)
        redis.config_set("maxmemory", "1mb")
        return lambda: redis.config_set("maxmemory", 0)

    def without_enough_replicas(self, redis, _other):
        redis.config_set("min-replicas-to-write", 1)
        return lambda: redis.config_set("min-replicas-to-write", 0)

    def a_replica(self, redis, _other):
        redis.replicaof(self.two.host, self.two.port)
        return lambda: redis.replicaof("NO", "ONE")

    def paused_for_writes(self, redis, _other):
        redis.execute_command("CLIENT", "PAUSE", "60000", "WRITE")
        return lambda: redis.execute_command("CLIENT", "UNPAUSE")

    def paused(self, redis, _other):
        redis.execute_command("CLIENT", "PAUSE", "2000", "ALL")
        return lambda: redis.ping()

    def unable_to_save(self, redis, _other):
        folder = self.one.folder / "dump.rdb"
        folder.unlink(missing_ok=True)
        folder.mkdir()
        (folder / "in the way").touch()
        redis.config_set("save", "3600 1000000")
        redis.bgsave()
        wait_for(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == "err")

        def end():
            (folder / "in the way").unlink()
            folder.rmdir()
            redis.config_set("save", "")

        return end

    def read_only_for_us(self, redis, _other):
        redis.execute_command("ACL", "SETUSER", "default", "-@write", "-@scripting")
        return lambda: redis.execute_command("ACL", "SETUSER", "default", "+@all")

    def another_for_a_while(self, _redis, _other):
        for redis in (self.two, self.one):
            # A connection that ends while it is at rest is replaced without a failure that anybody would notice.
            Event().wait(1.1 * REST_SECONDS)
            self.lead_to(redis, cut=True)
            self.post()
        return lambda: None

    def failed_over_with_a_write_lost(self, redis, other):
        """The replica that takes over has not seen the last write, and the primary comes to be its replica."""
        other.replicaof(self.one.host, self.one.port)
        wait_for(lambda: other.info("replication").get("master_link_status") == "up")
        self.warm_up()
        other.replicaof("NO", "ONE")
        self.post()
        redis.replicaof(self.two.host, self.two.port)
        wait_for(lambda: redis.info("replication").get("master_link_status") == "up")
        assert self.bystander.see() == {(Decimal(self.posts), self.posts)}
        redis.replicaof("NO", "ONE")
        assert self.bystander.see() == {(Decimal(self.posts), self.posts)}
        return lambda: None

    def failed_over_as_planned(self, redis, other):
        """The old primary lives on as a replica, and connections to it are kept."""
        other.replicaof(self.one.host, self.one.port)
        wait_for(lambda: other.info("replication").get("master_link_status") == "up")
        self.warm_up()
        other.replicaof("NO", "ONE")
        redis.replicaof(self.two.host, self.two.port)
        self.lead_to(self.two, cut=False)

        def end():
            # Who still holds on to the old one is not to find a primary there.
            self.wait_until_cached()
            redis.replicaof("NO", "ONE")
            self.one, self.two = self.two, self.one
            self.clients.reverse()

        return end

    def out_of_reach_for_one(self, _redis, _other):
        self.ways[0].cut_off()
        return lambda: self.lead_to(self.one, cut=False)

    def lead_to(self, redis, *, cut):
        for way in self.ways:
            way.lead_to(redis.host, redis.port, cut=cut)


def serve(database, way):
    return LiveServer(database_url=url_of(database), redis_url=way.url)


@pytest.fixture(scope="module")
def stage(ready_database, django_db_setup):
    with ExitStack() as stack:
        stage = Stage(stack, ready_database)
        yield stage
        print(*(server.log[-3000:] for server in stage.servers), sep="\n")


BLOWS = [
    Stage.at_its_memory_limit,
    Stage.without_enough_replicas,
    Stage.a_replica,
    Stage.paused_for_writes,
    Stage.paused,
    Stage.unable_to_save,
    Stage.read_only_for_us,
    Stage.another_for_a_while,
    Stage.failed_over_with_a_write_lost,
    Stage.failed_over_as_planned,
    Stage.out_of_reach_for_one,
]
if connection.vendor == "sqlite":
    # The faults of Redis do not depend on the database; a writer's reaction does.
    BLOWS = [Stage.at_its_memory_limit, Stage.another_for_a_while, Stage.out_of_reach_for_one]


@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: blow.__name__)
def test_no_client_reads_data_older_than_an_answered_write(stage, blow):
    stage.wait_until_cached()
    stage.warm_up()
    end = blow(stage, *stage.clients)
    try:
        stage.post()
    finally:
        end()
    stage.wait_until_cached()


def test_two_databases_on_one_redis_never_meet(stage):
    stage.wait_until_cached()
    stage.warm_up()
    wait_for(lambda: stage.are_cached(stage.other_database, stage.stranger), timeout_seconds=30)
    for _ in range(2):
        assert stage.stranger.see() == {(Decimal(0), 0)}
        assert stage.bystander.see() == {(Decimal(stage.posts), stage.posts)}


def test_a_writer_that_dies_after_its_commit_leaves_nothing_old(stage):
    """Its client gets no answer; any reader finds what it has stored."""
    stage.wait_until_cached()
    stage.warm_up()
    stage.ways[0].call_before(b"EVALSHA", stage.servers[0].kill)
    with pytest.raises(httpx.TransportError):
        stage.writer.post()
    stage.posts += 1
    assert stage.bystander.see() == {(Decimal(stage.posts), stage.posts)}
