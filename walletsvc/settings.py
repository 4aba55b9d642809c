"""Settings, all from the environment or an optional `.env` beside manage.py. README has the table."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
INSECURE_SECRET_KEY = "insecure-for-local-use-only"  # noqa: S105 - refused when DEBUG is off

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=INSECURE_SECRET_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
WEB_WORKERS = env.int("WEB_WORKERS", default=1)
WEB_AFFINITY = env.bool("WEB_AFFINITY", default=True)

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

if env.str("DATABASE_URL", default=""):
    _database = env.db_url("DATABASE_URL")
    if _database["ENGINE"] == "django.db.backends.mysql":
        _database["ENGINE"] = "walletsvc.db.mysql"
elif env.str("DB_NAME", default=""):
    _database = {
        "ENGINE": "walletsvc.db.mysql",
        "NAME": env.str("DB_NAME"),
        "USER": env.str("DB_USER", default=""),
        "PASSWORD": env.str("DB_PASSWORD", default=""),
        "HOST": env.str("DB_HOST", default="127.0.0.1"),
        "PORT": env.str("DB_PORT", default="3306"),
    }
else:
    _database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(BASE_DIR / "walletsvc.sqlite3")}

_DATABASE_OPTIONS: dict[str, dict[str, object]] = {
    "walletsvc.db.mysql": {
        "charset": "utf8mb4",
        # Decisions depend on rows locked by the statement that reads them; gap locks would only add deadlocks.
        "isolation_level": "read committed",
        "init_command": "SET sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO',"
        " innodb_lock_wait_timeout=5",
        "connect_timeout": 5,
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
DATABASES = {
    "default": _database
    | {
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _DATABASE_OPTIONS.get(_database["ENGINE"], {}) | _database.get("OPTIONS", {}),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- cache -----------------------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "CONNECTION_POOL_KWARGS": {
                    # Redis then reports on the connection itself that its data have been replaced.
                    "protocol": 3,
                    # A cache that does not answer at once is useless.
                    "socket_timeout": 0.25,
                    "socket_connect_timeout": 0.25,
                },
            },
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CACHE_SECONDS = env.int("CACHE_SECONDS", default=60)

# -- money -----------------------------------------------------------------------------------------------

DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", default="USD")
ASSETS = {code: int(scale) for code, scale in env.dict("ASSETS", default={"BTC": 8, "ETH": 18}).items()}

# -- access: whether callers have to show a key or token ---------------------------------------------------

# Without, everyone may do everything: for a checkout on one's own machine.
AUTH_REQUIRED = env.bool("AUTH_REQUIRED", default=not DEBUG)
# The issuer of access tokens, as it names itself; without one, callers show keys only (access/tokens.py).
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
# Who the tokens are for: this server, as the issuer names it.
OIDC_AUDIENCE = env.str("OIDC_AUDIENCE", default="")
OIDC_ALGORITHMS = env.str("OIDC_ALGORITHMS", default="RS256 ES256 EdDSA").replace(",", " ").split()
# The claims that hold scopes and the owner: a name, or a path such as realm_access.roles.
OIDC_SCOPE_CLAIM = env.str("OIDC_SCOPE_CLAIM", default="scope")
OIDC_OWNER_CLAIM = env.str("OIDC_OWNER_CLAIM", default="sub")

# -- limits: how much callers may ask for (web/limits.py) ------------------------------------------------------

# An open server has none unless they are set: everyone is one principal there. Empty is none.
LIMIT_PER_PRINCIPAL = env.str("LIMIT_PER_PRINCIPAL", default="6000/minute" if AUTH_REQUIRED else "")
# Of callers without a valid key.
LIMIT_PER_ADDRESS = env.str("LIMIT_PER_ADDRESS", default="600/minute" if AUTH_REQUIRED else "")
LIMIT_AUTH_FAILURES = env.str("LIMIT_AUTH_FAILURES", default="10/minute" if AUTH_REQUIRED else "")

# -- HTTP ------------------------------------------------------------------------------------------------

# The server's address for clients, if requests do not show it: links begin with it (web/public_urls.py).
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
# Addresses and CIDR blocks whose X-Forwarded-For, -Proto and -Host are trusted (web/proxies.py). Django's own
# settings for these headers stay unset: they trust every client.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
# The address of the live server for the playground: this port of its own host, or a URL.
LIVE_PORT = env.int("LIVE_PORT", default=env.int("PORT", default=8000) + 1)
LIVE_URL = env.str("LIVE_URL", default="")
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "walletsvc-owner",
]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"]
# How long a browser may remember the answer to a preflight, in seconds.
CORS_PREFLIGHT_MAX_AGE = env.int("CORS_PREFLIGHT_MAX_AGE", default=86400)
# Classes that see each request and each answer (web/hooks.py).
REQUEST_HOOKS = ["walletsvc.web.limits.RequestLimits"] if AUTH_REQUIRED or LIMIT_PER_PRINCIPAL else []
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# How long browsers keep to HTTPS once they have had an answer (web/security.py), in seconds; 0: not told to.
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if PUBLIC_URL.startswith("https:") else 0)
SILENCED_SYSTEM_CHECKS = [
    # web/security.py sets what these two middlewares would, on the live server as well: headers as constants.
    "security.W001",
    "security.W002",
    # No cookies here: callers show a key in `Authorization`, which no page of another origin can make a browser send.
    "security.W003",
]

# -- GraphQL: the limits of one document ------------------------------------------------------------------

GRAPHQL_INTROSPECTION = env.bool("GRAPHQL_INTROSPECTION", default=DEBUG)
GRAPHQL_MAX_CHARACTERS = env.int("GRAPHQL_MAX_CHARACTERS", default=50_000)
GRAPHQL_MAX_TOKENS = env.int("GRAPHQL_MAX_TOKENS", default=2_000)
GRAPHQL_MAX_DEPTH = env.int("GRAPHQL_MAX_DEPTH", default=15)
GRAPHQL_MAX_ALIASES = env.int("GRAPHQL_MAX_ALIASES", default=100)
GRAPHQL_MAX_FIELDS = env.int("GRAPHQL_MAX_FIELDS", default=1_000)
GRAPHQL_MAX_VALUES = env.int("GRAPHQL_MAX_VALUES", default=10_000)
GRAPHQL_MAX_COST = env.int("GRAPHQL_MAX_COST", default=10_000)
# The total cost of all subscriptions on one connection.
LIVE_MAX_COST = env.int("LIVE_MAX_COST", default=GRAPHQL_MAX_COST)
# The subscriptions and the sockets of one caller; 0 is no limit.
LIVE_MAX_OPERATIONS = env.int("LIVE_MAX_OPERATIONS", default=64 if AUTH_REQUIRED else 0)
LIVE_MAX_SOCKETS = env.int("LIVE_MAX_SOCKETS", default=8 if AUTH_REQUIRED else 0)
# A JSON file of the only documents that may run.
GRAPHQL_ALLOWLIST = env.str("GRAPHQL_ALLOWLIST", default="")

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"alembic": {"level": "WARNING"}, "django": {"handlers": []}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
