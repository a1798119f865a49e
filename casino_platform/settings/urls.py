"""Turns connection URLs from the environment into Django settings; reads no environment itself."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

# What libpq calls a parameter of its own; everything else in the URL travels on in OPTIONS.
_DJANGO_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def database_from_url(
    url: str, *, pool_size: int, pool_timeout_seconds: float, prepare_threshold: int | None
) -> dict[str, Any]:
    """
    Describe one PostgreSQL database for Django's DATABASES.

    :param url: anything libpq accepts, also with a socket directory as percent-encoded host
    :param pool_size: most connections a process keeps; 0 opens one a thread and closes it after use
    :param pool_timeout_seconds: how long a request waits for a free pooled connection
    :param prepare_threshold: executions after which a statement is prepared; None where a
        transaction pooler stands between
    """
    given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    database: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        **{django_name: given.pop(name, "") for name, django_name in _DJANGO_NAMES.items()},
    }
    options: dict[str, Any] = {
        "application_name": "casino",
        "connect_timeout": "5",
        **given,
        "server_side_binding": True,
        "prepare_threshold": prepare_threshold,
    }
    if pool_size:
        options["pool"] = {
            "min_size": 1,
            "max_size": pool_size,
            "timeout": pool_timeout_seconds,
            # Whoever wants a connection next tries anew. The pool alone would try for five minutes with growing pauses,
            # and know of a database that is back only at the end of one.
            "reconnect_timeout": pool_timeout_seconds,
            "max_idle": 60,
        }
        database["CONN_HEALTH_CHECKS"] = True
    database["OPTIONS"] = options
    return database
