"""What the rivals' scripts share: settings from the environment, a migrated database, a clock. Needs only Django."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command


def set_up(installed_apps: list[str], **more: Any) -> None:
    """Configure Django for the database in BENCH_DATABASE (libpq's names, as JSON), with psycopg 3 and autocommit."""
    address = json.loads(os.environ["BENCH_DATABASE"])
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    database = {django_name: address[name] for name, django_name in names.items()}
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **database}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *installed_apps],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING_CONFIG=None,
        **more,
    )
    django.setup()


_WARM_UP_TRANSFERS = 50


def run(prepare: Callable[[], None], transfer: Callable[[], Callable[[], None]], count: Callable[[], int]) -> None:
    """
    Do what the first argument (JSON) says: migrate and make accounts, or transfer for so many seconds.

    :param transfer: reads what it needs and returns the function that makes one transfer
    :param count: how many transfers, whole and final, the database holds
    """
    given = json.loads(sys.argv[1])
    if given.get("prepare"):
        call_command("migrate", verbosity=0, interactive=False)
        prepare()
        print("{}")
        return
    one = transfer()
    before = count()
    for _ in range(_WARM_UP_TRANSFERS):
        one()
    done = 0
    started_at = time.perf_counter()
    while (elapsed := time.perf_counter() - started_at) < given["seconds"]:
        one()
        done += 1
    assert count() - before == done + _WARM_UP_TRANSFERS, "not every transfer is in the database"
    print(json.dumps({"transfers": done, "seconds": elapsed}))
