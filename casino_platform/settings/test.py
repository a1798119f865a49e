"""Settings of the test runs: real PostgreSQL and Redis, chosen by tests/conftest.py, everything else cheap."""

import os

from apps.core.logging import configure_logging
from casino_platform.runtime.local_secrets import test_credentials_key

# Read by base, which decides by it which apps are installed.
os.environ.setdefault("SANDBOX", "1")

from .base import *
from .base import database_options, env, redis_caches
from .urls import database_from_url

SECRET_KEY = "only-for-tests-" + "0" * 40
CREDENTIALS_KEYS = [test_credentials_key()]
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]

# conftest.py puts the addresses of this run's own database and Redis here before Django starts.
DATABASE_URL: str = env.str("DATABASE_URL", default="postgresql://nobody@127.0.0.1:1/set-by-conftest")
REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:1/0")
REDIS_KEY_PREFIX: str = env.str("REDIS_KEY_PREFIX", default="test")
DATABASES = {"default": database_from_url(DATABASE_URL, **database_options(pool_size=0))}
CACHES = redis_caches(REDIS_URL, key_prefix=REDIS_KEY_PREFIX)
CELERY_BROKER_URL = REDIS_URL
# Most tests keep what they write in a transaction of their own, which no other thread sees.
INBOX_THREADS = 1

# Argon2 as in production costs 50 ms a log-in, thousands of times a run.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

configure_logging(json=True, level=env.str("LOG_LEVEL", default="WARNING"))
