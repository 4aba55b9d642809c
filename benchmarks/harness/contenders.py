"""The contenders: walletsvc, its peers and the ceiling, and how each is set up and started."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.harness import dataset
from benchmarks.harness.servers import ROOT, THREADS, WORKERS, BenchmarkMariaDB, HttpServer
from tests.servers import free_ports

OURS = "walletsvc"
UNCACHED = "walletsvc-uncached"
WATCHED = "watched"
STOCK = "stock"
FASTAPI = "fastapi"
FASTAPI_CACHED = "fastapi-cached"
NODE = "node"
NODE_UNCACHED = "node-uncached"
CEILING = "ceiling"
BARE = "bare"
CONSTANT = (CEILING, BARE)
FLOOR = "floor"
BEFORE = "before"
BEFORE_UNCACHED = "before-uncached"
KEYED = "keyed"
KEYED_UNCACHED = "keyed-uncached"
BOUND = "bound"
BOUND_UNCACHED = "bound-uncached"
EVERYTHING = range(1, sys.maxsize)
WITH_KEYS = (KEYED, KEYED_UNCACHED, BOUND, BOUND_UNCACHED)

TITLES = {
    OURS: "walletsvc",
    UNCACHED: "walletsvc, CACHE_SECONDS=0",
    WATCHED: "walletsvc, with log and metrics",
    STOCK: "stock Django (DRF JSON:API, strawberry-django)",
    FASTAPI: "FastAPI + SQLAlchemy (asyncmy)",
    FASTAPI_CACHED: "FastAPI + SQLAlchemy (asyncmy) + Redis",
    NODE: "Fastify + mysql2 + mercurius (JIT) + ioredis",
    NODE_UNCACHED: "Fastify + mysql2 + mercurius (JIT)",
    CEILING: "constant Django view",
    BARE: "constant Django view, no middleware",
    FLOOR: "mysqlclient loop",
    BEFORE: "walletsvc, the earlier commit",
    BEFORE_UNCACHED: "walletsvc, the earlier commit, CACHE_SECONDS=0",
    KEYED: "walletsvc, with a key",
    KEYED_UNCACHED: "walletsvc, with a key, CACHE_SECONDS=0",
    BOUND: "walletsvc, with the key of one owner in twenty",
    BOUND_UNCACHED: "walletsvc, with the key of one owner in twenty, CACHE_SECONDS=0",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a contender's wallets and transactions."""

    database: str
    wallet: str
    transaction: str


@dataclass(frozen=True, slots=True)
class Contender:
    """A server to measure, with the credentials in `headers`."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    tables: Tables | None = None
    root: Path = ROOT
    headers: Mapping[str, str] = field(default_factory=dict)
    numbers: range = EVERYTHING
    """The transactions that it can see."""

    def server(self, folder: Path) -> HttpServer:
        """Return its server, which `with` starts."""
        return HttpServer(self.command, environment=self.environment, log=folder / f"{self.name}.log", root=self.root)


OUR_TABLES = Tables("walletsvc", "walletsvc_wallet", "walletsvc_transaction")
STOCK_TABLES = Tables("stock", "stock_wallet", "stock_transaction")
FASTAPI_TABLES = Tables("fastapi", "wallet", "transaction")
NODE_TABLES = Tables("node", "wallet", "transaction")


def our_environment(database_url: str, redis_url: str, **settings: str) -> dict[str, str]:
    """Return walletsvc's production environment, independent of the developer's."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DEBUG": "false",
        "AUTH_REQUIRED": "false",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        # No load balancer needs time to see that it ends.
        "DRAIN_SECONDS": "0",
        **settings,
    }


def our_contender(
    name: str,
    database_url: str,
    redis_url: str,
    *,
    workers: int = WORKERS,
    threads: int = THREADS,
    live: bool = False,
    **settings: str,
) -> Contender:
    """Return walletsvc as it is served in production; with `live`, including the server for subscriptions."""
    size = ("--workers", str(workers), "--threads", str(threads), "--live-port", "{live_port}" if live else "0")
    command = (sys.executable, "manage.py", "serve", "--port", "{port}", *size)
    return Contender(name, command, our_environment(database_url, redis_url, **settings), OUR_TABLES)


def _watched() -> dict[str, str]:
    """Return the settings of a server whose log and metrics somebody looks at."""
    return {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "METRICS_PORT": str(free_ports(1)[0])}


def with_everything(contender: Contender) -> Contender:
    """Return the contender, which is walletsvc, with a key, limits, log and metrics."""
    settings = {"AUTH_REQUIRED": "true", "LIMIT_PER_PRINCIPAL": _NO_CALLER_S_LIMIT, **_watched()}
    key = dataset.run_python(_CREATE_KEY, contender.environment).strip()
    return replace(_with_settings(contender, settings), headers={"Authorization": f"Bearer {key}"})


def _with_settings(contender: Contender, settings: Mapping[str, str]) -> Contender:
    return replace(contender, environment={**contender.environment, **settings})


def prepare_contenders(database: BenchmarkMariaDB, redis_url: str, size: dataset.Size) -> dict[str, Contender]:
    """Create and fill all contenders' tables, and return the contenders by name."""
    with dataset.connect(database.url) as connection:
        for name in (STOCK_TABLES.database, FASTAPI_TABLES.database, NODE_TABLES.database):
            dataset.create_database(connection, name)
    urls = {name: database.url_of(name) for name in ("walletsvc", "stock", "fastapi", "node")}
    prepare_walletsvc(urls["walletsvc"], redis_url, size)
    stock_environment = {"DATABASE_URL": urls["stock"], "DJANGO_SETTINGS_MODULE": "benchmarks.peers.stock.settings"}
    dataset.run_python(["-m", "django", "migrate", "--run-syncdb", "-v0"], stock_environment)
    fastapi_environment = {"DATABASE_URL": urls["fastapi"]}
    node_environment = {"DATABASE_URL": urls["node"], "REDIS_URL": redis_url}
    for environment in (fastapi_environment, node_environment):
        dataset.run_python(["-m", "benchmarks.peers.fastapi_wallet.create_tables"], environment)
    for tables, entry in ((STOCK_TABLES, None), (FASTAPI_TABLES, "entry"), (NODE_TABLES, "entry")):
        with dataset.connect(urls[tables.database]) as connection:
            dataset.copy(connection, "walletsvc", wallet=tables.wallet, transaction=tables.transaction, entry=entry)
    with dataset.connect(urls["walletsvc"]) as connection:
        # The peers have neither floors nor holds.
        dataset.add_wallets_with_limits(connection, size)
    fastapi, cache = _asgi("benchmarks.peers.fastapi_wallet.app:app"), {"REDIS_URL": redis_url, "CACHE_SECONDS": "60"}
    contenders = [
        our_contender(OURS, urls["walletsvc"], redis_url, live=True),
        our_contender(UNCACHED, urls["walletsvc"], redis_url, CACHE_SECONDS="0"),
        _with_settings(our_contender(WATCHED, urls["walletsvc"], redis_url), _watched()),
        Contender(STOCK, _wsgi("benchmarks.peers.stock.wsgi:application"), stock_environment, STOCK_TABLES),
        Contender(FASTAPI, fastapi, fastapi_environment, FASTAPI_TABLES),
        Contender(FASTAPI_CACHED, fastapi, fastapi_environment | cache, FASTAPI_TABLES),
        Contender(NODE, _NODE, node_environment, NODE_TABLES),
        Contender(NODE_UNCACHED, _NODE, node_environment | {"CACHE_SECONDS": "0"}, NODE_TABLES),
        Contender(CEILING, _wsgi("benchmarks.peers.ceiling:application")),
        Contender(BARE, _wsgi("benchmarks.peers.ceiling:application"), {"MIDDLEWARE": "none"}),
    ]
    return {contender.name: contender for contender in contenders}


def prepare_keyed(database: BenchmarkMariaDB, redis_url: str, size: dataset.Size) -> dict[str, Contender]:
    """Fill a database in which several owners have the wallets; return servers that ask for keys, by name."""
    name = "walletsvc_owned"
    with dataset.connect(database.url) as connection:
        dataset.create_database(connection, name)
    url = database.url_of(name)
    prepare_walletsvc(url, redis_url, size)
    with dataset.connect(url) as connection:
        dataset.give_to_owners(connection)
    environment = our_environment(url, redis_url)
    keys = {
        KEYED: dataset.run_python(_CREATE_KEY, environment),
        BOUND: dataset.run_python([*_CREATE_KEY, "--owner", dataset.OWNER], environment),
    }
    kinds = {KEYED: (KEYED, "60"), KEYED_UNCACHED: (KEYED, "0"), BOUND: (BOUND, "60"), BOUND_UNCACHED: (BOUND, "0")}
    return {
        contender: replace(
            our_contender(
                contender,
                url,
                redis_url,
                AUTH_REQUIRED="true",
                LIMIT_PER_PRINCIPAL=_NO_CALLER_S_LIMIT,
                CACHE_SECONDS=seconds,
            ),
            headers={"Authorization": f"Bearer {keys[key].strip()}"},
            tables=replace(OUR_TABLES, database=name),
            numbers=EVERYTHING if key == KEYED else range(dataset.OWNED_FROM, sys.maxsize, dataset.OWNERS),
        )
        for contender, (key, seconds) in kinds.items()
    }


def prepare_walletsvc(url: str, redis_url: str, size: dataset.Size) -> None:
    """Create and fill walletsvc's tables."""
    dataset.run_python(["manage.py", "setup_database", "-v0"], our_environment(url, redis_url))
    with dataset.connect(url) as connection:
        dataset.fill(connection, size)


def reconcile(contender: Contender) -> None:
    """Let walletsvc prove its books. Raises HarnessError if they are not clean."""
    dataset.run_python(["manage.py", "reconcile"], contender.environment, root=contender.root)


_CREATE_KEY = ["manage.py", "apikey", "create", "--name", "bench", "--scopes", "admin"]
_NO_CALLER_S_LIMIT = "1000000/second"
"""A limit that is counted and never reached."""
_NODE = ("node", "benchmarks/peers/node/server.mjs", "{port}", str(WORKERS))


def _granian(application: str, *options: str) -> tuple[str, ...]:
    # As `manage.py serve` starts walletsvc.
    command = (sys.executable, "-m", "granian", "--no-ws", "--port", "{port}", "--workers", str(WORKERS))
    common = ("--backlog", "2048", "--respawn-failed-workers", "--log-level", "warning")
    return (*command, *common, *options, application)


def _wsgi(application: str) -> tuple[str, ...]:
    return _granian(application, "--interface", "wsgi", "--blocking-threads", str(THREADS))


def _asgi(application: str) -> tuple[str, ...]:
    # A request costs a fifth less than under uvicorn with uvloop and httptools.
    return _granian(application, "--interface", "asginl", "--loop", "uvloop")
