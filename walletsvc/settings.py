"""Settings, all from the environment or an optional `.env` in the folder of the server. README has the table."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import environ

from walletsvc.database_url import parse_database_url, parse_read_url, require_driver
from walletsvc.environment import Environment, parse_file, parse_folder, parse_origins, parse_scales
from walletsvc.mysql_address import with_hosts
from walletsvc.redis_url import cache_of, parse_redis_url

BASE_DIR = Path(__file__).resolve().parent.parent
# Alembic's folder: in a wheel, it is part of the package.
_INSTALLED_REVISIONS = BASE_DIR / "walletsvc" / "revisions"
REVISIONS = _INSTALLED_REVISIONS if _INSTALLED_REVISIONS.is_dir() else BASE_DIR / "alembic"
INSECURE_SECRET_KEY = "insecure-for-local-use-only"  # noqa: S105 - refused when DEBUG is off

env = Environment(os.environ)
# The folder of the data and of `.env`: that of a checkout, or the current one where the package is installed.
HOME = env.parsed("WALLETSVC_HOME", parse_folder, BASE_DIR if (BASE_DIR / "manage.py").is_file() else Path.cwd())
if (HOME / ".env").is_file():
    environ.Env.read_env(HOME / ".env")

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", default=INSECURE_SECRET_KEY)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
WEB_WORKERS = env.number("WEB_WORKERS", default=1, least=1, most=1024)
WEB_THREADS = env.number("WEB_THREADS", default=8, least=1, most=1024)
# How long a server that is told to end (SIGTERM) still answers, while /readyz says that it is about to.
DRAIN_SECONDS = env.number("DRAIN_SECONDS", default=0 if DEBUG else 5, most=3600)
WEB_AFFINITY = env.flag("WEB_AFFINITY", default=True)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_filters",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_json_api",
    "strawberry_django",
    "walletsvc",
    "rest_api",
    "graphql_api",
]
MIDDLEWARE = [
    "walletsvc.web.security.SafeHeaders",
    "walletsvc.web.gate.HostCheck",
    "corsheaders.middleware.CorsMiddleware",
    "walletsvc.web.gate.MessageCheck",
    "walletsvc.web.static.StaticFiles",
]
ROOT_URLCONF = "walletsvc.urls"
WSGI_APPLICATION = "walletsvc.server.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

# -- files that pages load (web/static.py) -------------------------------------------------------------------

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# Browsers may store them, but must revalidate them each time.
WHITENOISE_MAX_AGE = 0
WHITENOISE_ALLOW_ALL_ORIGINS = False

# -- database: DATABASE_URL, or DB_NAME etc. for MySQL, or an SQLite file --------------------------------

_SQLITE: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "walletsvc.sqlite3")}


def _mysql_by_parts(name: str) -> dict[str, Any]:
    require_driver()
    database: dict[str, Any] = {
        "ENGINE": "walletsvc.db.mysql",
        "NAME": name,
        "USER": env.text("DB_USER"),
        "PASSWORD": env.text("DB_PASSWORD"),
    }
    port = env.number("DB_PORT", default=3306, least=1, most=65535)
    return env.parsed(
        "DB_HOST", partial(with_hosts, database, port=port), with_hosts(database, "127.0.0.1", port=port)
    )


if env.text("DATABASE_URL"):
    _database = env.parsed("DATABASE_URL", partial(parse_database_url, folder=HOME), _SQLITE)
else:
    _database = env.parsed("DB_NAME", _mysql_by_parts, _SQLITE)

DATABASE_CAUSAL_READS = env.choice("DATABASE_CAUSAL_READS", ("AUTO", "OFF"), default="AUTO") == "AUTO"
_DATABASE_OPTIONS: dict[str, dict[str, object]] = {
    "walletsvc.db.mysql": {
        "charset": "utf8mb4",
        # Decisions depend on rows locked by the statement that reads them; gap locks would only add deadlocks.
        "isolation_level": "read committed",
        "connect_timeout": 5,
        # Nodes of a cluster show what was acknowledged by any of them (db/mysql/session.py).
        "causal_reads": DATABASE_CAUSAL_READS,
    },
    "django.db.backends.sqlite3": {
        # BEGIN takes the write lock, so that no transaction fails half-way because it cannot get it.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an acknowledged write also survives a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).
        # recursive_triggers: without it, REPLACE deletes rows without running the trigger that protects entries
        # (https://www.sqlite.org/lang_conflict.html).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
    },
}
_KEPT: dict[str, Any] = {"CONN_MAX_AGE": env.number("CONN_MAX_AGE", default=600), "CONN_HEALTH_CHECKS": True}
_OPTIONS = _DATABASE_OPTIONS.get(_database["ENGINE"], {})
DATABASES = {"default": _database | _KEPT | {"OPTIONS": _OPTIONS | _database.get("OPTIONS", {})}}
# A replica of that database, or another node of its cluster, for reads that are not cached (db/reader.py).
_reader: dict[str, Any] = env.parsed("DATABASE_READ_URL", partial(parse_read_url, folder=HOME), {})
if _reader and _reader["ENGINE"] != _database["ENGINE"]:
    env.note("DATABASE_READ_URL", "is set, and DATABASE_URL names no MariaDB server that it could be a replica of.")
elif _reader:
    # Nobody waits for it for long: the database above can be asked as well.
    _PROMPT = {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2, "reads_only": True}
    DATABASES["reader"] = (
        _reader | _KEPT | {"OPTIONS": _OPTIONS | _reader["OPTIONS"] | _PROMPT, "TEST": {"MIRROR": "default"}}
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- cache -----------------------------------------------------------------------------------------------

REDIS_URL: str = env.parsed("REDIS_URL", parse_redis_url, "")
CACHES: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL:
    CACHES["default"] = cache_of(
        REDIS_URL,
        # Redis then reports on the connection itself that its data have been replaced.
        protocol=3,
        # A cache that does not answer at once is useless.
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
    )
CACHE_SECONDS = env.number("CACHE_SECONDS", default=60)

# -- money -----------------------------------------------------------------------------------------------

DEFAULT_CURRENCY = env.text("DEFAULT_CURRENCY", default="USD")
# Empty is none beyond ISO 4217.
ASSETS = env.parsed("ASSETS", parse_scales, {} if "ASSETS" in os.environ else {"BTC": 8, "ETH": 18})

# -- access: whether callers have to show a key or token ---------------------------------------------------

# Without, everyone may do everything: for a checkout on one's own machine.
AUTH_REQUIRED = env.flag("AUTH_REQUIRED", default=not DEBUG)
# The issuer of access tokens, as it names itself; without one, callers show keys only (access/tokens.py).
OIDC_ISSUER = env.text("OIDC_ISSUER", default="")
# Who the tokens are for: this server, as the issuer names it.
OIDC_AUDIENCE = env.text("OIDC_AUDIENCE", default="")
OIDC_ALGORITHMS = env.text("OIDC_ALGORITHMS", default="RS256 ES256 EdDSA").replace(",", " ").split()
# The claims that hold scopes and the owner: a name, or a path such as realm_access.roles.
OIDC_SCOPE_CLAIM = env.text("OIDC_SCOPE_CLAIM", default="scope")
OIDC_OWNER_CLAIM = env.text("OIDC_OWNER_CLAIM", default="sub")

# -- limits: how much callers may ask for (web/limits.py) ------------------------------------------------------

# An open server has none unless they are set: everyone is one principal there. Empty is none.
LIMIT_PER_PRINCIPAL = env.text("LIMIT_PER_PRINCIPAL", default="6000/minute" if AUTH_REQUIRED else "")
# Of callers without a valid key.
LIMIT_PER_ADDRESS = env.text("LIMIT_PER_ADDRESS", default="600/minute" if AUTH_REQUIRED else "")
LIMIT_AUTH_FAILURES = env.text("LIMIT_AUTH_FAILURES", default="10/minute" if AUTH_REQUIRED else "")

# -- HTTP ------------------------------------------------------------------------------------------------

# The server's address for clients, if requests do not show it: links begin with it (web/public_urls.py).
PUBLIC_URL = env.text("PUBLIC_URL", default="").rstrip("/")
# Addresses and CIDR blocks whose X-Forwarded-For, -Proto and -Host are trusted (web/proxies.py). Django's own
# settings for these headers stay unset: they trust every client.
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")
# Where `serve` listens.
HOST = env.text("HOST", default="127.0.0.1")
PORT = env.number("PORT", default=8000, most=65535)
# The address of the live server for the playground: this port of its own host, or a URL.
LIVE_PORT = env.number("LIVE_PORT", default=PORT + 1, most=65535)
LIVE_URL = env.text("LIVE_URL", default="")
CORS_ALLOWED_ORIGINS: list[str] = env.parsed("CORS_ALLOWED_ORIGINS", parse_origins, [])
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "walletsvc-owner",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Location",
    "Retry-After",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-ID",
]
# How long a browser may remember the answer to a preflight, in seconds.
CORS_PREFLIGHT_MAX_AGE = env.number("CORS_PREFLIGHT_MAX_AGE", default=86400)
# Classes that see each request and each answer (web/hooks.py).
REQUEST_HOOKS = ["walletsvc.web.watching.Watching"]
if AUTH_REQUIRED or LIMIT_PER_PRINCIPAL:
    REQUEST_HOOKS.append("walletsvc.web.limits.RequestLimits")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# How long browsers keep to HTTPS once they have had an answer (web/security.py), in seconds; 0: not told to.
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", default=31_536_000 if PUBLIC_URL.startswith("https:") else 0)
SILENCED_SYSTEM_CHECKS = [
    # web/security.py sets what these two middlewares would, on the live server as well: headers as constants.
    "security.W001",
    "security.W002",
    # No cookies here: callers show a key in `Authorization`, which no page of another origin can make a browser send.
    "security.W003",
]

# -- GraphQL: the limits of one document ------------------------------------------------------------------

GRAPHQL_INTROSPECTION = env.flag("GRAPHQL_INTROSPECTION", default=DEBUG)
GRAPHQL_MAX_CHARACTERS = env.number("GRAPHQL_MAX_CHARACTERS", default=50_000)
GRAPHQL_MAX_TOKENS = env.number("GRAPHQL_MAX_TOKENS", default=2_000)
GRAPHQL_MAX_DEPTH = env.number("GRAPHQL_MAX_DEPTH", default=15)
GRAPHQL_MAX_ALIASES = env.number("GRAPHQL_MAX_ALIASES", default=100)
GRAPHQL_MAX_FIELDS = env.number("GRAPHQL_MAX_FIELDS", default=1_000)
GRAPHQL_MAX_VALUES = env.number("GRAPHQL_MAX_VALUES", default=10_000)
GRAPHQL_MAX_COST = env.number("GRAPHQL_MAX_COST", default=10_000)
# The total cost of all subscriptions on one connection.
LIVE_MAX_COST = env.number("LIVE_MAX_COST", default=GRAPHQL_MAX_COST)
# The subscriptions and the sockets of one caller; 0 is no limit.
LIVE_MAX_OPERATIONS = env.number("LIVE_MAX_OPERATIONS", default=64 if AUTH_REQUIRED else 0)
LIVE_MAX_SOCKETS = env.number("LIVE_MAX_SOCKETS", default=8 if AUTH_REQUIRED else 0)
# A JSON file of the only documents that may run.
GRAPHQL_ALLOWLIST = env.parsed("GRAPHQL_ALLOWLIST", partial(parse_file, folder=HOME), "")

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# -- what operators see (docs/operations.md) ------------------------------------------------------------------

# Where metrics are served; 0 for none.
METRICS_PORT = env.number("METRICS_PORT", default=0, most=65535)
METRICS_HOST = env.text("METRICS_HOST", default="127.0.0.1")
# Where faults are reported to, with the extra `sentry`.
SENTRY_DSN = env.text("SENTRY_DSN")
LOG_FORMAT = env.choice("LOG_FORMAT", ("JSON", "TEXT"), default="TEXT" if DEBUG else "JSON")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "JSON": {"()": "walletsvc.telemetry.logs.JsonLines"},
        "TEXT": {"()": "walletsvc.telemetry.logs.TextLines"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "loggers": {
        "alembic": {"level": "WARNING"},
        "django": {"handlers": []},
        # Each request has a line of its own, which says more (telemetry/logs.py).
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
    "root": {"handlers": ["stderr"], "level": env.choice("LOG_LEVEL", LOG_LEVELS, default="INFO")},
}

# `serve` and `doctor` tell these problems with all others (server/preflight.py).
SETTINGS_PROBLEMS = env.problems
env.refuse_problems()
