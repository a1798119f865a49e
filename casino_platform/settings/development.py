"""Settings of a developer's machine and of the demo: embedded servers, sandbox on, secrets made on the spot."""

import os

from casino_platform.runtime.local_secrets import local_secret, local_credentials_key
from casino_platform.runtime.servers import running_servers

# Read by base, which decides by it which apps are installed.
os.environ.setdefault("SANDBOX", "1")

from .base import *  # noqa: F403 - a settings module is its base plus what differs
from .base import DATA_DIR, LOG_LEVEL, configure_logging, database_options, env, redis_caches
from .urls import database_from_url

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
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

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# No collectstatic on a developer's machine: whitenoise looks into the apps itself.
WHITENOISE_USE_FINDERS = True

configure_logging(json=env.bool("LOG_JSON", default=False), level=LOG_LEVEL)
