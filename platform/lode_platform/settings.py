"""Every setting of the server: works by default, refuses nonsense at start.

Environment variables (all optional) are listed in docs/settings.md; a test keeps the list complete.
"""

import json
import os
import re
import secrets
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured


def env_bool(name: str, default: bool) -> bool:
    """Reads 1/0, true/false, yes/no, on/off; anything else is refused."""
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is not a yes or a no; use 1 or 0")


def env_int(name: str, default: int, least: int = 0) -> int:
    """Reads a whole number not below ``least``."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number") from None
    if value < least:
        raise ImproperlyConfigured(f"{name}={value} must be at least {least}")
    return value


ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("MOTHERLODE_HOME") or ROOT / "var").expanduser().resolve()
HOME.mkdir(mode=0o700, parents=True, exist_ok=True)


def secret_key() -> str:
    """The signing key: from the environment, else generated once and kept in MOTHERLODE_HOME (mode 0600)."""
    if key := os.environ.get("MOTHERLODE_SECRET_KEY"):
        if len(key) < 32:
            raise ImproperlyConfigured("MOTHERLODE_SECRET_KEY must have at least 32 characters")
        return key
    path = HOME / "secret_key"
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    if key := path.read_text().strip():
        return key
    raise ImproperlyConfigured(f"{path} is empty; delete it and start again to have a new key made")


def _write_once(path: Path, text: str) -> None:
    """Writes a file that nobody sees before it is whole; of processes that start together the first one's stays."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)


SECRET_KEY = secret_key()
DEBUG = env_bool("MOTHERLODE_DEBUG", False)
TESTING = "pytest" in sys.modules


def public_url() -> str:
    """The server's own address as clients reach it, without a slash at its end.

    It alone goes into what is stored or shared (a version's DVC remote, links in answers), never the ``Host`` of a
    request. Unset, it is loopback; ``serve`` says at which port.
    """
    given = os.environ.get("MOTHERLODE_PUBLIC_URL", "").rstrip("/") or "http://127.0.0.1:8000"
    try:
        url = urlsplit(given)
        right = bool(url.hostname) and url.port != 0 and re.fullmatch(r"https?://[a-zA-Z0-9._~/:\[\]-]+", given)
    except ValueError:
        right = None
    if not right:
        raise ImproperlyConfigured(
            f"MOTHERLODE_PUBLIC_URL={given!r} is not an address: write http(s)://host[:port][/path], no user, no query"
        )
    return given


def prefix_of(path: str) -> str | None:
    """The path below which a proxy serves us, None where we have a host of our own.

    Whether the proxy passes the prefix on or cuts it off is told by the path itself, so none may begin as ours do.
    """
    first = path.strip("/").partition("/")[0]
    if first in OWN_PATHS:
        raise ImproperlyConfigured(
            f"MOTHERLODE_PUBLIC_URL ends in {path!r}, but addresses of ours begin with /{first}: give it another path"
        )
    return path.rstrip("/") or None


OWN_PATHS = frozenset(
    {
        "account",
        "api",
        "dvc",
        "git",
        "glossary",
        "join",
        "label",
        "login",
        "logout",
        "ls",
        "media",
        "notifications",
        "p",
        "password",
        "projects",
        "review",
        "shared",
        "static",
        "thumbs",
        "unsubscribe",
    }
)  # the first parts of our own addresses
PUBLIC_URL = public_url()
PUBLIC = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", PUBLIC.netloc.removesuffix(f":{PUBLIC.port}")]
ALLOWED_HOSTS += [name for part in os.environ.get("MOTHERLODE_ALLOWED_HOSTS", "").split(",") if (name := part.strip())]
PROXIES = env_int("MOTHERLODE_PROXIES", 0)
FORCE_SCRIPT_NAME = prefix_of(PUBLIC.path)
PRIVATE_HOSTS = frozenset(
    name for part in os.environ.get("MOTHERLODE_PRIVATE_HOSTS", "").split(",") if (name := part.strip().lower())
)
CSRF_TRUSTED_ORIGINS = [f"{PUBLIC.scheme}://{PUBLIC.netloc}"]
TLS = PUBLIC.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if TLS else 0
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{FORCE_SCRIPT_NAME or ''}/"
SESSION_COOKIE_NAME = "lode_session"
CSRF_COOKIE_NAME = "lode_csrf"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"  # shown by a GET, which writes no session
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "lode_platform",
    "lode_annotation",
    "lode_datasets",
    "lode_hooks",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "lode_platform.middleware.FrequentMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lode_platform.middleware.ContentSecurityPolicyMiddleware",
    "lode_platform.views.errors.ErrorPages",
]
ROOT_URLCONF = "lode_platform.root_urls"
FREQUENT_URLS = "lode_datasets.frequent_urls"
WSGI_APPLICATION = "lode_platform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lode_platform.shell.page_context",
            ],
        },
    },
]

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(os.environ.get("DATABASE_URL") or f"sqlite:///{HOME / 'db.sqlite3'}")
}
DATABASE = DATABASES["default"]
if DATABASE["ENGINE"].endswith("sqlite3"):
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous={'OFF' if TESTING else 'FULL'}; PRAGMA foreign_keys=ON;"
            " PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456;"
        ),
    }
    DATABASE["CONN_MAX_AGE"] = None
    # A file for tests too: SQLite's in-memory databases cannot serve two threads as a server's would.
    DATABASE["TEST"] = {"NAME": str(HOME / "test.sqlite3")}
elif DATABASE["ENGINE"].endswith("postgresql"):
    pool = {"min_size": 1, "max_size": env_int("MOTHERLODE_DB_POOL", 16, 1), "timeout": 30}
    # Our queries are many and short: compiling a wide join (jit) costs half a second and saves nothing.
    # Statements are prepared where a cursor asks for it (``lode_platform.sql``), never by how often they come.
    DATABASE["OPTIONS"] = {"pool": False if TESTING else pool, "options": "-c jit=off", "prepare_threshold": 2**31}
else:
    raise ImproperlyConfigured("DATABASE_URL must be sqlite:///path or postgresql://user:password@host/name")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "platform.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:  # slow on purpose in earnest, only slow in tests
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "platform:login"
LOGIN_REDIRECT_URL = "platform:front"
LOGOUT_REDIRECT_URL = "platform:login"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(mode=0o700, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "lode_platform.static_files.Storage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING


def store_place(given: str) -> str:
    """Where blobs lie, in DVC's layout below it: a folder, or a URL that fsspec knows: ``s3://bucket/prefix``."""
    protocol, _, rest = given.partition("://")
    if not rest or protocol == "file":
        return rest or given
    from fsspec.registry import get_filesystem_class, known_implementations  # 0.2 s, which a folder is spared

    if protocol not in known_implementations or protocol == "memory":
        raise ImproperlyConfigured(
            f"MOTHERLODE_STORE={protocol}://...: name a folder, or a place such as s3://bucket/x"
        )
    try:
        if protocol in {"s3", "s3a"} and find_spec("s3fs") is None:
            raise ImportError("the server's extra s3: uv pip install --require-hashes -r requirements/s3.txt")
        if protocol not in {"s3", "s3a"}:  # its library takes two seconds, and loads with the first request
            get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise ImproperlyConfigured(f"MOTHERLODE_STORE={protocol}://... needs what is missing here: {error}") from None
    return given.rstrip("/")


def store_options(given: str) -> dict[str, Any]:
    """What is given to the file system of fsspec; it is not repeated in messages, since it may hold keys."""
    try:
        options = json.loads(given or "{}")
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise ImproperlyConfigured('MOTHERLODE_STORE_OPTIONS is not a JSON object, such as {"endpoint_url": "..."}')
    return options


STORE = store_place(os.environ.get("MOTHERLODE_STORE") or str(HOME / "store"))
STORE_OPTIONS = store_options(os.environ.get("MOTHERLODE_STORE_OPTIONS", ""))
STORE_REDIRECT = env_int("MOTHERLODE_STORE_REDIRECT", 0)
MAX_IMAGE_PIXELS = env_int("MOTHERLODE_MAX_IMAGE_PIXELS", 200_000_000, 1)
MAX_VIEW_BYTES = env_int("MOTHERLODE_MAX_VIEW_BYTES", 10 * 1024**3, 1)
TRASH_DAYS = env_int("MOTHERLODE_TRASH_DAYS", 0)
MAX_UPLOAD_BYTES = env_int("MOTHERLODE_MAX_UPLOAD_BYTES", 2 * 1024**3, 1)
ASSIST_MODEL = os.environ.get("MOTHERLODE_ASSIST_MODEL", "").strip()
ASSIST_MEMORY = env_int("MOTHERLODE_ASSIST_MEMORY", 4096, 512)
ASSIST_CACHE_BYTES = env_int("MOTHERLODE_ASSIST_CACHE_BYTES", 2 * 1024**3, 1)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2  # what pages are sent; each address of the API names its own limit
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_TEMP_DIR = str(HOME / "tmp")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, exist_ok=True)

# Leases on tasks and on jobs, in seconds.
TASK_LEASE_SECONDS = env_int("MOTHERLODE_TASK_LEASE", 600, 5)
JOB_LEASE_SECONDS = env_int("MOTHERLODE_JOB_LEASE", 30, 1)
JOB_SWEEP_SECONDS = env_int("MOTHERLODE_JOB_SWEEP", 10, 1)

# Celery is the doorbell; the Job row is the truth. "filesystem" needs no broker at all.
BROKER = os.environ.get("MOTHERLODE_BROKER") or "filesystem://"
WORKER_THREADS = env_int("MOTHERLODE_WORKER_THREADS", 2, 1)


def mail_settings(given: str) -> dict[str, Any]:
    """Django's settings of mail for MOTHERLODE_MAIL_URL; none of them where nothing is given: no mail is sent then.

    ``smtp://user:password@host[:587]`` (STARTTLS; ``?tls=0`` for a relay without), ``smtps://...[:465]`` (TLS from the
    first byte), or ``file:///folder`` for a folder into which mails are written.
    """
    if not given:
        return {}
    bad = ImproperlyConfigured(
        "MOTHERLODE_MAIL_URL is not the address of a mail server: write smtp://user:password@host:587, smtps://..., or"
        " file:///folder; what is special in a password as %XX"
    )  # the address is not repeated: it holds a password
    try:
        url, options = urlsplit(given), dict(parse_qsl(urlsplit(given).query, strict_parsing="?" in given))
        port = url.port
    except ValueError:
        raise bad from None
    if url.scheme == "file" and url.path.startswith("/") and not url.netloc and not options:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": url.path}
    usual = {"smtp": 587, "smtps": 465}.get(url.scheme)
    known = set(options) <= {"tls"} and options.get("tls", "1") in {"0", "1"} and url.path in {"", "/"}
    if usual is None or not url.hostname or port == 0 or not known or (url.scheme == "smtps" and options):
        raise bad
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": port or usual,
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_USE_TLS": url.scheme == "smtp" and options.get("tls") != "0",
    }


MAIL = mail_settings(os.environ.get("MOTHERLODE_MAIL_URL", ""))
globals().update(MAIL)
DEFAULT_FROM_EMAIL = os.environ.get("MOTHERLODE_MAIL_FROM") or f"motherlode@{PUBLIC.hostname}"
if "@" not in DEFAULT_FROM_EMAIL or not DEFAULT_FROM_EMAIL.isprintable():
    raise ImproperlyConfigured(f"MOTHERLODE_MAIL_FROM={DEFAULT_FROM_EMAIL!r} is not a mail address")
EMAIL_TIMEOUT = 10

# The web server that `serve` starts: processes, and threads in each.
WEB_WORKERS = env_int("MOTHERLODE_WEB_WORKERS", min(4, os.cpu_count() or 1), 1)
WEB_THREADS = env_int("MOTHERLODE_WEB_THREADS", 8, 1)

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "lode_platform.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lode_platform.api.parsers.JsonParser"],
    "UNICODE_JSON": False,  # a message may have to name what no encoding takes
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "lode_platform.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Motherlode",
    "DESCRIPTION": "Items, labels, dataset versions, runs, failures and mining, over REST.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVERS": [{"url": PUBLIC_URL}],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "lode_platform.api.openapi.with_errors",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("MOTHERLODE_LOG_LEVEL", "WARNING")},
}
