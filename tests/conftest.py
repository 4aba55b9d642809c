"""What the whole suite stands on: a database as `setup_database` makes it, empty tables, an empty cache, factories.

The suite runs on the engines that DATABASE_URL and REDIS_URL name: `make test` runs it on both.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, Protocol

import hypothesis
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.signals import setting_changed
from django.db import connection
from django.test import TransactionTestCase
from django_redis import get_redis_connection
from redis import Redis

from rest_api.views.base import JsonApiView
from tests.databases import MakeDatabase, new_ready_database, url_of
from tests.leases import SharedRow
from tests.live import LiveServer
from tests.rest_api.structure import check_response
from tests.tables import empty_tables
from tests.writes import open_wallet, post_transaction
from walletsvc.cache import responses
from walletsvc.cache.lease import BackgroundKeeper, Keeper
from walletsvc.cache.store import PREFIX
from walletsvc.models import Transaction, Wallet
from walletsvc.money import scales
from walletsvc.principals import ANYONE, Principal

# Without a deadline, as a busy machine proves nothing wrong; with CI in the environment, the same examples each time.
hypothesis.settings.register_profile(
    "unhurried", hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name()), deadline=None
)
hypothesis.settings.load_profile("unhurried")


def _forget_scales(*, setting: str, **_: object) -> None:
    if setting == "ASSETS":
        scales.cache_clear()


# A server has the same settings for as long as it runs; a test may change them.
setting_changed.connect(_forget_scales)

SETUP_SECONDS = 60
_OWN_DATABASE = settings.DATABASES["default"]["NAME"]
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a mount point; the folder inside it is made by tempfile


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse marks that contradict each other: scripts/test.sh would run such a test in neither half."""
    for item in items:
        if is_without_engine(item) and any(map(item.get_closest_marker, ("any_engine", "clients"))):
            raise pytest.UsageError(f"{item.nodeid} is marked for one half, and `without_engine` for the other.")


# -- the database ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def memory_folder() -> Iterator[Path]:
    """Return a folder for database files, in memory where that is possible: a COMMIT then waits for no disk."""
    parent = _MEMORY_FOLDER if os.access(_MEMORY_FOLDER, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="walletsvc-tests-", dir=parent) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(memory_folder: Path, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Put SQLite's test database into a file; Django would keep it in memory.

    Connections to one database in memory lock whole tables against each other and fail at once instead of waiting
    (https://www.sqlite.org/sharedcache.html): threads would meet an engine that no user has.
    """
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # Workers of pytest-xdist are processes, and have a folder each.
        database["TEST"]["NAME"] = str(memory_folder / "tests.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, redis_urls: tuple[str, str], django_db_blocker: Any) -> Iterator[None]:
    """Finish the test database as users do theirs: Django's migrations have run, Alembic's follow.

    Then this process takes the cache into use, before a test holds the lock of all of SQLite.
    """
    if connection.settings_dict["NAME"] == _OWN_DATABASE:
        # pytest-django creates none if no collected test is marked; an existing database must not be touched.
        yield
        return
    with django_db_blocker.unblock():
        call_command("setup_database", verbosity=0)
        keeper = BackgroundKeeper(instances=responses.store)
        deadline = time.monotonic() + SETUP_SECONDS
        # Each look waits for a second at most, which a busy machine may not have.
        while not keeper.current().is_trusted:
            assert time.monotonic() < deadline, keeper.state
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "_keeper", keeper)
        yield
    keeper.stop()


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_past_their_triggers() -> Iterator[None]:
    """Let tests with `transaction=True` leave empty tables: Django would DELETE the entries, which is refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _test_case: empty_tables())
        yield


# -- the cache -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def redis_urls(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Give each worker of pytest-xdist two of the 16 Redis databases: for this process, and for its live servers.

    They have different databases behind them, in which the same id is another wallet.
    """
    if not settings.REDIS_URL:
        return "", ""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    number = int(worker.removeprefix("gw")) % 8
    address, _, _ = settings.REDIS_URL.rpartition("/")
    settings.CACHES["default"]["LOCATION"] = f"{address}/{number}"
    return f"{address}/{number}", f"{address}/{number + 8}"


@pytest.fixture(scope="session", autouse=True)
def no_cache_without_a_database() -> Iterator[None]:
    """Keep tests without a database from asking the developer's own whether the cache may be used."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "_keeper", Keeper(row=SharedRow(None), instances=responses.store))
        yield


@pytest.fixture(autouse=True)
def empty_cache(request: pytest.FixtureRequest, redis_urls: tuple[str, str]) -> None:
    """Begin each test with an empty cache, and with a store that remembers no failure."""
    if is_without_engine(request.node):
        return
    responses.store.cache_clear()
    if settings.REDIS_URL:
        forget_cached(get_redis_connection("default"))


@pytest.fixture(autouse=True)
def no_engine_where_none_is_needed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests that are marked so from the cache of the suite, and from telling processes of database or cache.

    pytest-django keeps the database from them. So they cannot but do the same on every engine.
    """
    if is_without_engine(request.node):
        uses_database = {"db", "transactional_db", "ready_database"}.intersection(request.fixturenames)
        assert not uses_database, "This test is marked `without_engine`, and uses the database."
        assert request.node.get_closest_marker("django_db") is None, "It is marked `without_engine` and `django_db`."
        monkeypatch.setattr(responses, "store", refuse_the_cache)
        for name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.setenv(name, "")


def is_without_engine(item: pytest.Item) -> bool:
    return item.get_closest_marker("without_engine") is not None


def refuse_the_cache() -> NoReturn:
    raise AssertionError("This test is marked `without_engine`, and asks for the cache.")


def forget_cached(client: Redis) -> None:
    """Remove our keys and nothing else, in case that the address is of a server that others use too."""
    keys = list(client.scan_iter(f"{PREFIX}*", count=1000))
    if keys:
        client.delete(*keys)


# -- the real server -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ready_database(memory_folder: Path, django_db_blocker: Any) -> MakeDatabase:
    """Return a function that makes a database for a server: `with ready_database() as name`.

    Tests that may not use the database can still have a server that does.
    """

    @contextmanager
    def make() -> Iterator[str]:
        with ExitStack() as stack:
            with django_db_blocker.unblock():
                name = stack.enter_context(new_ready_database(memory_folder))
            yield name

    return make


@pytest.fixture
def start_live(ready_database: MakeDatabase, redis_urls: tuple[str, str]) -> Iterator[Callable[..., LiveServer]]:
    """Return a function that starts a server on a new database: `start_live(workers=2, CACHE_SECONDS="1")`."""
    with ExitStack() as stack:

        def start(**settings: Any) -> LiveServer:
            if "redis_url" not in settings and redis_urls[1]:
                settings["redis_url"] = redis_urls[1]
                with Redis.from_url(redis_urls[1]) as client:
                    forget_cached(client)
            name = stack.enter_context(ready_database())
            server = stack.enter_context(LiveServer(database_url=url_of(name), **settings))
            # pytest shows it where the test has failed.
            stack.callback(lambda: print(server.log))
            return server

        yield start


@pytest.fixture
def live(start_live: Callable[..., LiveServer]) -> LiveServer:
    """Return a running server with one worker, on a new database."""
    return start_live()


# -- the REST API ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def each_answer_of_the_api_is_checked() -> Iterator[None]:
    """Put whatever the REST API answers inside this process, whichever test asked, through the structure check."""
    finalize = JsonApiView.finalize_response

    def finalize_and_check(view: JsonApiView, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = finalize(view, request, response, *args, **kwargs)
        check_response(answer, method=request.method)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JsonApiView, "finalize_response", finalize_and_check)
        yield


# -- factories -------------------------------------------------------------------------------------------


class MakeWallet(Protocol):
    def __call__(
        self, balance: str | Decimal = "0", *, principal: Principal = ANYONE, **fields: object
    ) -> Wallet: ...


class Post(Protocol):
    def __call__(
        self, wallet: Wallet, amount: str | Decimal, *, principal: Principal = ANYONE, **fields: object
    ) -> Transaction: ...


@pytest.fixture
def make_wallet() -> MakeWallet:
    """Return a function that opens a wallet: `make_wallet("100.00", label="Savings", currency="EUR")`."""
    numbers = count(1)

    def make(balance: str | Decimal = "0", *, principal: Principal = ANYONE, **fields: Any) -> Wallet:
        return open_wallet(principal=principal, balance=balance, **{"label": f"Wallet {next(numbers)}", **fields})

    return make


@pytest.fixture
def post() -> Post:
    """Return a function that posts a transaction: `post(wallet, "-5.00", txid="TX1")`."""
    numbers = count(1)

    def post(wallet: Wallet, amount: str | Decimal, *, principal: Principal = ANYONE, **fields: Any) -> Transaction:
        named = {"txid": f"TX-{next(numbers)}", **fields}
        return post_transaction(principal=principal, wallet_id=wallet.id, amount=amount, **named)

    return post
