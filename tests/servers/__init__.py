"""Private MariaDB and Redis servers for tests: own folder, free loopback port, removed with their owner.

with MariaDBServer() as database, RedisServer() as redis:
    database.url, redis.url

python -m tests.servers -- COMMAND...   run COMMAND with DATABASE_URL and REDIS_URL of a new pair
"""

from tests.servers.galera import GaleraCluster, GaleraNode
from tests.servers.mariadb import MariaDBServer
from tests.servers.process import ServerError, find_binary, free_port, free_ports
from tests.servers.redis import RedisSentinel, RedisServer
from tests.servers.replicated import ReplicatedServer

__all__ = [
    "GaleraCluster",
    "GaleraNode",
    "MariaDBServer",
    "RedisSentinel",
    "RedisServer",
    "ReplicatedServer",
    "ServerError",
    "find_binary",
    "free_port",
    "free_ports",
]
