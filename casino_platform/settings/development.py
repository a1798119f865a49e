"""Settings of a developer's machine and of the demo: embedded servers, sandbox on, secrets made on the spot."""

import os

from apps.core.logging import configure_logging
from casino_platform.runtime.local_secrets import local_credentials_key, local_secret
from casino_platform.runtime.servers import running_servers

# Read by base, which decides by it which apps are installed.
os.environ.setdefault("SANDBOX", "1")

from .base import *
from .base import DATA_DIR, LOG_LEVEL, database_options, env, redis_caches
from .urls import database_from_url

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret(DATA_DIR, "secret-key")
CREDENTIALS_KEYS = env.list("CREDENTIALS_KEYS", default=[]) or [local_credentials_key(DATA_DIR)]

_servers = running_servers(DATA_DIR)
# Nothing listens at these addresses; they let commands that need no server (makemigrations) run.
DATABASE_URL = env.str("DATABASE_URL", default="") or (
    _servers.database_url if _servers else "postgresql://nobody@127.0.0.1:1/no-server-is-running"
)
REDIS_URL = env.str("REDIS_URL", default="") or (_servers.redis_url if _servers else "redis://127.0.0.1:1/0")

DATABASES = {"default": database_from_url(DATABASE_URL, **database_options())}
CACHES = redis_caches(REDIS_URL)
CELERY_BROKER_URL = REDIS_URL

# The demo's players all come from one address, and the sandbox's clock must not log them out when it jumps.
PLAYER_SESSION_SECONDS = env.int("PLAYER_SESSION_SECONDS", default=400 * 24 * 60 * 60)
PLAYER_RATE_LIMITS = {
    "register": (2_000, 60),
    "login": (2_000, 60),
    "login-failures": (2_000, 60),
    "requests": (20_000, 60),
}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Few cases are closed by hand in a demo: draw them all.
CASE_REVIEW_PERCENT = env.int("CASE_REVIEW_PERCENT", default=100)
# No collectstatic on a developer's machine: whitenoise looks into the apps itself.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None

configure_logging(json=env.bool("LOG_JSON", default=False), level=LOG_LEVEL)
