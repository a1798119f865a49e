"""Fixtures of every test: servers, databases, checks of the books, and the live platform."""

import contextlib
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from casino_platform.celery import app as celery_app
from casino_platform.runtime.servers import DATA_DIR, embedded_servers
from casino_platform.settings.urls import database_from_url
from tests.harness import redis_databases
from tests.harness.databases import Databases, run_database_name, url_of
from tests.harness.live import LivePlatform, start_platform
from tests.harness.queries import captured_queries

# Made by pytest_configure: one of each for every test process.
_databases: Databases
_server_urls: dict[str, str] = {}


def pytest_configure(config: pytest.Config) -> None:
    """Find or start PostgreSQL and Redis, and point Django at this process's own databases in them."""
    hands_out_work = bool(getattr(config.option, "numprocesses", None)) and not hasattr(config, "workerinput")
    if hands_out_work or config.option.collectonly:
        return
    resources = contextlib.ExitStack()
    config.add_cleanup(resources.close)
    _server_urls.update(database=os.environ.get("DATABASE_URL", ""), redis=os.environ.get("REDIS_URL", ""))
    is_given = bool(_server_urls["database"])
    if not all(_server_urls.values()):
        servers = resources.enter_context(embedded_servers(DATA_DIR / "test", throw_away=True))
        _server_urls["database"] = _server_urls["database"] or servers.database_url
        _server_urls["redis"] = _server_urls["redis"] or servers.redis_url
    _use(_server_urls["database"], resources.enter_context(redis_databases.claimed(_server_urls["redis"])))
    if not is_given:
        # Only on our own server: process ids of another machine say nothing here.
        _databases.drop_leftovers()


def _use(database_url: str, redis_url: str) -> None:
    """Point this process, and those it starts, at databases of its own."""
    global _databases  # noqa: PLW0603 - one a process, made before any fixture can run
    _databases = Databases(database_url)
    own_url = url_of(database_url, _run_database())
    os.environ.update(DATABASE_URL=own_url, REDIS_URL=redis_url)
    _server_urls["own redis"] = redis_url
    settings.DATABASES["default"].update(
        database_from_url(own_url, pool_size=0, pool_timeout_seconds=5, prepare_threshold=3)
    )
    settings.CACHES["default"]["LOCATION"] = redis_url
    settings.DATABASE_URL = own_url
    settings.REDIS_URL = settings.CELERY_BROKER_URL = redis_url
    celery_app.conf.update(broker_url=redis_url)


def _run_database() -> str:
    return run_database_name(os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put browser tests last: Playwright leaves an event loop running, in which other tests can not start theirs."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process its database, as migrations leave it."""
    with django_db_blocker.unblock():
        _databases.clone(_run_database())
    yield
    import_module("apps.integrations.exchange_log").close()
    with django_db_blocker.unblock():
        connections.close_all()
    _databases.drop(_run_database())


def _renew_database() -> None:
    """Give this process's database back as migrations left it; every connection of ours is closed before, not cut."""
    import_module("apps.providers.wallet_calls").close_lanes()
    import_module("apps.integrations.exchange_log").close()
    connections.close_all()
    _databases.renew(_run_database())


def _start_over(_test_case: TransactionTestCase) -> None:
    """Replace the database after a test that committed: append-only tables refuse the usual TRUNCATE."""
    _renew_database()


TransactionTestCase._fixture_teardown = _start_over  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _empty_redis() -> Iterator[None]:
    """Forget counters, locks and cached facts of the test before."""
    yield
    import_module("apps.core.clock").forget_cached_offset()
    import_module("apps.integrations.connections").forget_connections()
    import_module("apps.compliance.policies").forget_policies()
    with redis.Redis.from_url(_server_urls["own redis"]) as client:
        redis_databases.empty(client)


_exchanges_may_be_left = True


@pytest.fixture(autouse=True)
def _no_exchanges_of_others(request: pytest.FixtureRequest, _django_db_marker: None) -> None:
    """
    Begin a test that commits with a database of its own.

    The exchange log is written by a thread over its own connection, so it outlives the roll-back of ordinary tests.
    """
    global _exchanges_may_be_left  # noqa: PLW0603 - one a process
    if "transactional_db" not in request.fixturenames and not _is_transactional(request):
        _exchanges_may_be_left = True
    elif _exchanges_may_be_left:
        blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
        with blocker.unblock():
            _renew_database()
        _exchanges_may_be_left = False


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture(autouse=True)
def _books_balance(request: pytest.FixtureRequest, _django_db_marker: None) -> Iterator[None]:
    """
    Prove the ledger after each test that used the database, and hold the facts against what was promised of them.

    A test that makes up facts itself says so with the marker `made_up_facts`.
    """
    names = {"db", "transactional_db", "_django_db_helper"}
    uses_database = bool(names & set(request.fixturenames)) or request.node.get_closest_marker("django_db")
    if uses_database:
        # Asked for here, so that its rollback comes after our check.
        request.getfixturevalue("_django_db_helper")
    yield
    if uses_database:
        assert _breaks() == []
        if not (connection.needs_rollback or request.node.get_closest_marker("made_up_facts")):
            import_module("tests.harness.promises").check_recorded()


def _breaks() -> list[Any]:
    """Return what is wrong with the ledger of the current database."""
    if connection.needs_rollback or find_spec("apps.transactions.books") is None:
        return []
    check_books: Callable[[], Any] = import_module("apps.transactions.books").check_books
    return list(check_books())


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Let Playwright drive the machine's own Chromium."""
    # Playwright's synchronous API keeps an event loop in this thread, which Django takes for ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        # Chromium's sandbox refuses root, as which CI containers run.
        "args": ["--no-sandbox", "--disable-dev-shm-usage"],
    }


@pytest.fixture(scope="session")
def live_platform(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[LivePlatform]:
    """Run the platform's web server, with a database and a Redis database of its own, for the whole run."""
    name = f"{_run_database()}_live"
    with django_db_blocker.unblock():
        _databases.clone(name)
    with redis_databases.claimed(_server_urls["redis"]) as redis_url:
        platform = start_platform(
            database=name,
            database_url=url_of(_server_urls["database"], name),
            redis_url=redis_url,
            logs=DATA_DIR / "test" / "log" / f"live-{os.getpid()}",
            blocker=django_db_blocker,
        )
        try:
            yield platform
            with platform.in_database():
                assert _breaks() == []
        finally:
            import_module("apps.sandbox.vendors.wire").close_connections()
            import_module("apps.integrations.outbound").close_client()
            platform.supervisor.stop_all()
            _databases.drop(name)


@pytest.fixture
def django_assert_num_queries() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """Assert the number of statements, without what a process reads again now and then; see the harness."""

    @contextlib.contextmanager
    def asserted(number: int) -> Iterator[None]:
        with captured_queries() as statements:
            yield
        assert len(statements) == number, "\n".join(statements)

    return asserted


@pytest.fixture(scope="session")
def live_worker(live_platform: LivePlatform) -> LivePlatform:
    """Run the platform with a real Celery worker too."""
    live_platform.start_worker()
    return live_platform
