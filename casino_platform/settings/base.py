"""Settings every environment shares. What differs, and every secret, is in the module of the environment."""

import sys
from pathlib import Path
from typing import Any

from environs import Env

from .unfold import UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = BASE_DIR / ".data"

env = Env()

# --- who we are -------------------------------------------------------------------------------
DEBUG = False
SANDBOX: bool = env.bool("SANDBOX", default=False)
ROOT_URLCONF = "casino_platform.urls"
WSGI_APPLICATION = "casino_platform.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS: list[str] = []

INSTALLED_APPS = [
    # Unfold overrides admin templates, so it stands before the admin.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "simple_history",
    "csp",
    "django_fsm",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "apps.core.apps.CoreConfig",
    "apps.integrations.apps.IntegrationsConfig",
    "apps.brands.apps.BrandsConfig",
    "apps.players.apps.PlayersConfig",
    "apps.transactions.apps.TransactionsConfig",
    "apps.wallets.apps.WalletsConfig",
    "apps.compliance.apps.ComplianceConfig",
    "apps.compliance_reports.apps.ComplianceReportsConfig",
    "apps.verification.apps.VerificationConfig",
    "apps.safer_play.apps.SaferPlayConfig",
    "apps.monitoring.apps.MonitoringConfig",
    "apps.providers.apps.ProvidersConfig",
    "apps.payments.apps.PaymentsConfig",
    "apps.bonuses.apps.BonusesConfig",
    "apps.reconciliation.apps.ReconciliationConfig",
    "apps.reporting.apps.ReportingConfig",
    *(["apps.sandbox.apps.SandboxConfig"] if SANDBOX else []),
    "apps.backoffice.apps.BackofficeConfig",
]

MIDDLEWARE = [
    "apps.core.request_context.RequestContextMiddleware",
    # Vendors' calls end here: what follows is for people.
    "casino_platform.vendor_lane.VendorLaneMiddleware",
    "apps.core.nul_characters.RefuseNulMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.backoffice.second_factor.SecondFactorMiddleware",
    "apps.backoffice.downloads.DownloadLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- time and language ------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
# Staff read instants in UTC, to the second, day after month after year.
FORMAT_MODULE_PATH = "casino_platform.formats"

# --- staff accounts (players are another table and another door) --------------------------------
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "admin:login"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
# Where vendors keep games' pictures (https://cdn.example.com): other hosts' are not shown to staff.
STAFF_IMAGE_SOURCES: list[str] = env.list("STAFF_IMAGE_SOURCES", default=[])
# Nothing is loaded from, framed by or sent to anybody else. Unfold's Alpine.js evaluates expressions in attributes, so
# inline scripts cannot be forbidden; what they could fetch or post elsewhere is.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", *STAFF_IMAGE_SOURCES],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "apps.backoffice.mfa_adapter.StaffMfaAdapter"
MFA_TOTP_ISSUER = "Casino platform"
STAFF_SECOND_FACTOR_REQUIRED: bool = env.bool("STAFF_SECOND_FACTOR_REQUIRED", default=False)
# Where somebody has to show a factor, deciding, unmasking and taking files out want one shown this recently. 0: never.
STAFF_FRESH_FACTOR_SECONDS: int = env.int("STAFF_FRESH_FACTOR_SECONDS", default=5 * 60)
# Staff who do nothing for so long are logged out; a page that refreshes itself is nothing.
STAFF_IDLE_SECONDS: int = env.int("STAFF_IDLE_SECONDS", default=30 * 60)
# More looks at personal data than this within an hour take a second person.
STAFF_LOOKS_PER_HOUR: int = env.int("STAFF_LOOKS_PER_HOUR", default=20)

# --- the wallet ---------------------------------------------------------------------------------
# Database connections (commits in flight) of one process for wallet calls; more waiting calls share a commit.
WALLET_LANES: int = env.int("WALLET_LANES", default=2)
# Threads of one worker's task that apply payment providers' events; each waits for the database most of the time.
INBOX_THREADS: int = env.int("INBOX_THREADS", default=4)
WALLET_STATEMENT_TIMEOUT_MS: int = env.int("WALLET_STATEMENT_TIMEOUT_MS", default=2000)
WALLET_LOCK_TIMEOUT_MS: int = env.int("WALLET_LOCK_TIMEOUT_MS", default=900)

# --- cases ----------------------------------------------------------------------------------------
# Of a hundred closed cases so many are drawn by chance, for somebody else to look at how they were worked.
CASE_REVIEW_PERCENT: int = env.int("CASE_REVIEW_PERCENT", default=5)

# --- the outbox -----------------------------------------------------------------------------------
# A fact that is not as its app declared it is refused; production logs it and goes on.
STRICT_FACTS = True

# --- the exchange log -----------------------------------------------------------------------------
# Whole months are kept this long after they end; the task that drops them refuses to go below the legal minimum.
EXCHANGE_RETENTION_MONTHS: int = env.int("EXCHANGE_RETENTION_MONTHS", default=84)
EXCHANGE_RETENTION_MINIMUM_MONTHS: int = env.int("EXCHANGE_RETENTION_MINIMUM_MONTHS", default=60)

# --- alerts by e-mail -----------------------------------------------------------------------------
# Who is told of every incident of a vendor. Where no mail server is named, mails go to the log.
ALERT_EMAILS: list[str] = env.list("ALERT_EMAILS", default=[])
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="casino-platform@localhost")
EMAIL_HOST: str = env.str("EMAIL_HOST", default="")
EMAIL_PORT: int = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER: str = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD: str = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS: bool = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# --- outgoing webhooks ----------------------------------------------------------------------------
# Lets them go to private addresses and over plain HTTP: the sandbox's operator listens on this machine.
WEBHOOKS_ALLOW_PRIVATE = SANDBOX
# --- evidence in cases: files by their hash, private; back it up with the database -------------------
EVIDENCE_DIR: Path = Path(env.str("EVIDENCE_DIR", default=str(DATA_DIR / "evidence")))

# --- limits on what strangers may send ----------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- static files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
# Documents of players, encrypted. Never below a directory that a web server serves.
DOCUMENTS_DIR = env.str("DOCUMENTS_DIR", default="") or str(DATA_DIR / "documents")
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- HTTP API -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # Each API names its own authentication; forgetting it must not let a staff session in.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.pagination.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# How long a player stays logged in, and (requests, seconds) for each address, or each player once known.
PLAYER_SESSION_SECONDS: int = env.int("PLAYER_SESSION_SECONDS", default=12 * 60 * 60)
PLAYER_RATE_LIMITS: dict[str, tuple[int, int]] = {
    "register": (30, 3600),
    "login": (60, 60),
    "login-failures": (50, 900),
    "requests": (600, 60),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Casino integration platform: player API",
    "DESCRIPTION": "For player frontends. Money is a decimal string with its currency; errors are RFC 9457.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["casino_platform.openapi.only_player_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.api.schema.add_problem_responses",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    # Fields of several resources are called `status` or `kind`; each enumeration keeps a name of its own.
    "ENUM_NAME_OVERRIDES": {
        "PlayerStatus": "apps.players.models.Player.Status",
        "PlayerRestriction": "apps.players.models.Player.Restriction",
        "DepositState": "apps.payments.models.Deposit.State",
        "TransactionKind": "apps.transactions.models.TransactionKind",
        "LimitKind": "apps.safer_play.models.Limit.Kind",
        "ExclusionKind": "apps.safer_play.models.Exclusion.Kind",
        "DocumentKind": "apps.verification.models.Document.Kind",
        "BonusKind": "apps.bonuses.models.OfferVersion.Kind",
        "BonusState": "apps.bonuses.models.Grant.State",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- logs and metrics -----------------------------------------------------------------------------
LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO")
# Django would configure logging a second time from LOGGING; ours is done by configure_logging below.
LOGGING_CONFIG = None
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
METRICS_NETWORKS = env.list("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"])
# Reverse proxies whose X-Forwarded-For is believed, as networks.
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
# Adapters of game providers from outside the repository, by dotted name.
PROVIDER_PLUGINS: list[str] = env.list("PROVIDER_PLUGINS", default=[])

# --- tasks ----------------------------------------------------------------------------------------
CELERY_TASK_DEFAULT_QUEUE = "casino"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 210
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than any task may run, or Redis would hand a running task out a second time.
    "visibility_timeout": 300,
    # A web request that enqueues must fail soon, not hang, when Redis is away.
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
# Celery would close the whole pool before and after each task: every task would connect anew, start the pool's threads
# and prepare its statements again. `casino_platform.celery` gives connections back instead; the pool checks them.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.1}


def redis_caches(url: str, *, key_prefix: str = "casino") -> dict[str, Any]:
    """Describe the one cache, kept in the Redis at `url`."""
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "KEY_PREFIX": key_prefix,
            "TIMEOUT": 300,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }


def database_options(*, pool_size: int = 24) -> dict[str, Any]:
    """Read how connections are held from the environment; `pool_size` where it does not say."""
    prepare_after: int = env.int("DATABASE_PREPARE_THRESHOLD", default=3)
    return {
        "pool_size": env.int("DATABASE_POOL_SIZE", default=pool_size),
        "pool_timeout_seconds": env.float("DATABASE_POOL_TIMEOUT_SECONDS", default=5.0),
        # 0 switches preparing off, for a transaction pooler that cannot keep statements.
        "prepare_threshold": prepare_after or None,
    }
