"""Django settings, read from the environment; `callboard up` fills the environment for the embedded set-up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from csp.constants import NONCE, NONE, SELF

from webapp.database import django_database

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("CALLBOARD_DATA_DIR", BASE_DIR / ".callboard"))


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").strip().lower() in {"1", "true", "yes", "on"}


DEBUG = _flag("CALLBOARD_DEBUG")
SECRET_KEY = os.environ.get("CALLBOARD_SECRET_KEY", "")
MASTER_KEY_FILE = Path(os.environ.get("CALLBOARD_MASTER_KEY_FILE", DATA_DIR / "secrets" / "master.key"))

PUBLIC_URL = os.environ.get("CALLBOARD_URL", "http://127.0.0.1:8400").rstrip("/")
LIVE_URL = os.environ.get("CALLBOARD_LIVE_URL", "http://127.0.0.1:8401").rstrip("/")
# Where the worker reaches the pages and the API of this installation, to check them once a minute.
CANARY_URL = os.environ.get("CALLBOARD_CANARY_URL", PUBLIC_URL).rstrip("/")
_public = urlsplit(PUBLIC_URL)
IS_HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = [
    host
    for host in {
        _public.hostname or "",
        "127.0.0.1",
        "localhost",
        "[::1]",
        *os.environ.get("CALLBOARD_HOSTS", "").split(","),
    }
    if host
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "ninja",
    "template_partials",
    "projects",
    "prompt_registry",
    "monitoring",
    "evals",
    "webapp",
]

MIDDLEWARE = [
    "webapp.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "webapp.middleware.FullDisk",
    "webapp.middleware.PageCompression",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "webapp.middleware.SessionLifetime",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.middleware.OpenedForm",
]

ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "webapp" / "templates"],
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

DATABASES: dict[str, Any] = {"default": django_database(os.environ)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {app: f"migrations.{app}" for app in ("projects", "prompt_registry", "monitoring", "evals")}

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = ["webapp.accounts.policy.Backend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "webapp.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
# Sign-in attempts are counted in PostgreSQL (webapp/accounts/adapter.py), so a cache flush resets nothing.
ACCOUNT_RATE_LIMITS: dict[str, str | None] = {"login": None, "login_failed": None, "change_password": None}

_COOKIE_PREFIX = "__Host-" if IS_HTTPS else ""
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}callboard_session"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_IDLE_SECONDS = 12 * 3600
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}callboard_csrf"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "webapp.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if _flag("CALLBOARD_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "report-uri": "/csp-report/",
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("CALLBOARD_STATIC_DIR", DATA_DIR / "static"))
# Serve static files from where they are written, without hashed names and compression; for development and tests.
PLAIN_STATIC = DEBUG or _flag("CALLBOARD_PLAIN_STATIC")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PLAIN_STATIC
        else "servestatic.storage.CompressedManifestStaticFilesStorage"
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
# Weeks of the weekly report begin on Monday at midnight here, and its mails go out on Monday morning.
REPORT_TIME_ZONE = ZoneInfo(os.environ.get("CALLBOARD_REPORT_TIME_ZONE", "UTC"))
USE_TZ = True
USE_I18N = False

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if os.environ.get("CALLBOARD_SMTP_HOST")
    else ("django.core.mail.backends.console.EmailBackend")
)
EMAIL_HOST = os.environ.get("CALLBOARD_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("CALLBOARD_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("CALLBOARD_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("CALLBOARD_SMTP_PASSWORD", "")
EMAIL_USE_TLS = _flag("CALLBOARD_SMTP_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("CALLBOARD_FROM_EMAIL", "callboard@localhost")
IS_MAIL_CONFIGURED = bool(EMAIL_HOST)

# One request body is read and inflated by webapp/api/bodies.py with its own limits; Django's limit guards the forms.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
FILE_UPLOAD_HANDLERS = [
    "webapp.uploads.Quota",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Answers in flight per process; the rest is told to come back (503) instead of waiting.
INGEST_IN_FLIGHT = int(os.environ.get("CALLBOARD_INGEST_IN_FLIGHT", "6"))

# Private or loopback addresses that model connections may reach: host, host:port or CIDR, comma separated.
PROVIDER_ALLOWLIST = [
    entry.strip() for entry in os.environ.get("CALLBOARD_PROVIDER_ALLOWLIST", "").split(",") if entry.strip()
]

# The same for webhooks; being on one list opens nothing for the other.
WEBHOOK_ALLOWLIST = [
    entry.strip() for entry in os.environ.get("CALLBOARD_WEBHOOK_ALLOWLIST", "").split(",") if entry.strip()
]

# The same for the object stores that exports go to.
EXPORT_ALLOWLIST = [
    entry.strip() for entry in os.environ.get("CALLBOARD_EXPORT_ALLOWLIST", "").split(",") if entry.strip()
]

# The folder below which scheduled exports may write; empty: they may write to no folder.
EXPORT_DIR = os.environ.get("CALLBOARD_EXPORT_DIR", "").strip()

# Who shows it may read /metrics; empty: the address does not exist.
METRICS_TOKEN = os.environ.get("CALLBOARD_METRICS_TOKEN", "")

LOGGING_CONFIG = "webapp.logs.configure"
LOGGING = {"level": os.environ.get("CALLBOARD_LOG_LEVEL", "INFO")}
