"""Settings of a real installation. Refuses to start while anything it needs is missing or unsafe."""

import base64
import binascii

from django.core.exceptions import ImproperlyConfigured

from apps.core.logging import configure_logging

from .base import *
from .base import LOG_LEVEL, SANDBOX, database_options, env, redis_caches
from .urls import database_from_url

_REQUIRED = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "CREDENTIALS_KEYS")
_KEY_BYTES = 32
_SECRET_KEY_CHARACTERS = 50


def _credential_key_problem(entry: str) -> str | None:
    """Say what is wrong with one `kid:base64` entry, never quoting the key itself."""
    kid, colon, encoded = entry.partition(":")
    if not colon or not kid:
        return "CREDENTIALS_KEYS must be a comma separated list of kid:base64"
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return f"CREDENTIALS_KEYS: the key of {kid} is not base64"
    if len(key) != _KEY_BYTES:
        return f"CREDENTIALS_KEYS: the key of {kid} has {len(key)} bytes, not {_KEY_BYTES}"
    return None


def _refusals() -> list[str]:
    """List every reason not to start, so that one attempt shows them all."""
    reasons = [f"{name} is not set" for name in _REQUIRED if not env.str(name, default="").strip()]
    secret_key = env.str("SECRET_KEY", default="")
    if secret_key and len(secret_key) < _SECRET_KEY_CHARACTERS:
        reasons.append(f"SECRET_KEY is shorter than {_SECRET_KEY_CHARACTERS} characters")
    if "*" in env.list("ALLOWED_HOSTS", default=[]):
        reasons.append("ALLOWED_HOSTS must name the hosts, not *")
    if SANDBOX:
        reasons.append("SANDBOX is on: the sandbox moves clocks and mints money, it never runs in production")
    keys: list[str] = env.list("CREDENTIALS_KEYS", default=[])
    reasons += [problem for problem in map(_credential_key_problem, filter(None, keys)) if problem]
    return reasons


if _reasons := _refusals():
    message = "Production refuses to start:\n" + "\n".join(f"  - {reason}" for reason in _reasons)
    raise ImproperlyConfigured(message)

STRICT_FACTS = False
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
CREDENTIALS_KEYS: list[str] = env.list("CREDENTIALS_KEYS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[f"https://{host}" for host in ALLOWED_HOSTS])
DATABASE_URL = env.str("DATABASE_URL")
REDIS_URL = env.str("REDIS_URL")

DATABASES = {"default": database_from_url(DATABASE_URL, **database_options())}
CACHES = redis_caches(REDIS_URL)
CELERY_BROKER_URL = REDIS_URL

# The proxy may well connect from loopback: without networks named here only the token opens /metrics.
METRICS_NETWORKS = env.list("METRICS_NETWORKS", default=[])
# TLS ends at the proxy, which must set this header itself and drop the client's.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
# Probes and scrapers come from inside, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
STAFF_SECOND_FACTOR_REQUIRED = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

configure_logging(json=True, level=LOG_LEVEL)
