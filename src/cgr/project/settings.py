"""Django's settings. They follow from the environment alone: importing them starts, creates and contacts nothing.

`wiring.start` makes true what they say: the data folder, the keys and the database.
"""

from __future__ import annotations

import hmac
import re
from urllib.parse import urlsplit

from cgr.project.environment import read_environment

ENVIRONMENT = read_environment()


def _signing_key(key: str) -> str:
    # Django signs with a key of its own, so that a leaked signature says nothing about what encrypts secrets.
    return hmac.digest(key.encode(), b"django signing key", "sha256").hex()


DATA_DIR = ENVIRONMENT.data_dir
SECRET_KEYS = ENVIRONMENT.secret_keys
ALLOW_PRIVATE_NETWORKS = ENVIRONMENT.allow_private_networks
PUBLIC_URL = ENVIRONMENT.public_url
# Where a browser reaches us: for this machine that is known even when nobody said where others do.
BROWSER_URL = PUBLIC_URL or ENVIRONMENT.local_url.rstrip("/")
PAGE_NOTICE = ENVIRONMENT.page_notice
BASEMAP = ENVIRONMENT.basemap
KEEP_EVIDENCE_DAYS = ENVIRONMENT.keep_evidence_days

# Without a mail server nothing may fall back to one on this machine: whoever asks for an e-mail is told.
_MAIL = ENVIRONMENT.mail_server
EMAIL_CONFIGURED = _MAIL is not None
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_CONFIGURED else 'dummy'}.EmailBackend"
EMAIL_HOST = _MAIL.host if _MAIL else ""
EMAIL_PORT = _MAIL.port if _MAIL else 0
EMAIL_HOST_USER = _MAIL.username if _MAIL else ""
EMAIL_HOST_PASSWORD = _MAIL.password if _MAIL else ""
EMAIL_USE_SSL = _MAIL.tls if _MAIL else False
EMAIL_USE_TLS = _MAIL.starttls if _MAIL else False
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from

# Empty without keys: Django then refuses to sign anything, which is what tools that only look at the code need.
SECRET_KEY = _signing_key(SECRET_KEYS[0]) if SECRET_KEYS else ""
SECRET_KEY_FALLBACKS = [_signing_key(key) for key in SECRET_KEYS[1:]]

DEBUG = False
_PUBLIC_SITE = urlsplit(PUBLIC_URL)
_EVERYWHERE = ENVIRONMENT.host in {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to
_HOSTS = ["localhost", "127.0.0.1", "[::1]", ENVIRONMENT.host, re.sub(r":\d+$", "", _PUBLIC_SITE.netloc)]
ALLOWED_HOSTS = ["*"] if _EVERYWHERE and not PUBLIC_URL else [host for host in _HOSTS if host]
# A proxy that ends TLS speaks http to us, and the browser's https origin would look foreign.
CSRF_TRUSTED_ORIGINS = [f"{_PUBLIC_SITE.scheme}://{_PUBLIC_SITE.netloc}"] if PUBLIC_URL else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "cgr.web",  # before allauth, whose templates it replaces
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "cgr.accounts",
    "cgr.audit",
    "cgr.systems",
    "cgr.registry",
    "cgr.runs",
    "cgr.sync",
    "cgr.imports",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "cgr.web.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cgr.web.localization.OwnLocalization",
    "allauth.account.middleware.AccountMiddleware",
    "cgr.web.requests.SessionSeen",
    "cgr.web.requests.RequestOrigin",
    "cgr.web.failures.FailuresInWords",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cgr.web.notice.page_notice",
                "cgr.web.oauth.offers",
                "cgr.web.menu.menus",
                "cgr.web.dialogs.dialogs",
            ],
        },
    },
]
ROOT_URLCONF = "cgr.project.urls"
ASGI_APPLICATION = "cgr.project.asgi.application"

DATABASES = {"default": ENVIRONMENT.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cookies leave over https alone where people use https; the header that insists on it goes out over https anyway.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
CSRF_COOKIE_HTTPONLY = True  # no script of ours reads it: forms carry the token
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600

# What a request may bring. The first two are enforced while it arrives, the others by Django when it is read. The
# second is for Geo-Objects in bulk, sent with a good token: three times what a country of 300,000 places needs.
# What the page that takes files may bring stands in `web/imports/large_bodies.py`.
MAX_BODY_BYTES = 10 * 2**20
MAX_OBJECTS_BODY_BYTES = 2**30
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a synchronization may map some hundred terms on each of its levels
DATA_UPLOAD_MAX_NUMBER_FILES = 5

# Rate limits and used one-time codes have to hold for all processes of an instance, so they are kept in the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        # Beyond it, entries are thrown away that aren't old yet; by default that is 300, which anybody could fill.
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 4 * 3600
ACCOUNT_ADAPTER = "cgr.accounts.signing_in.SignIn"
ACCOUNT_FORMS = {"login": "cgr.web.account.forms.SignInForm"}
ACCOUNT_SIGNUP_ENABLED = False  # and no address leads to it: people are added by administrators
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(PUBLIC_URL).scheme or "http"
ACCOUNT_SESSION_REMEMBER = False  # a session ends with the browser: offices share computers
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,3/10m/key",
    "change_password": "5/m/user",
    "first_administrator": "10/m/ip",
    "api_token": "30/m/ip",  # guesses; a token that is good is never counted
}
MFA_ADAPTER = "cgr.accounts.signing_in.SecondFactor"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address is optional here, and nobody registers themselves
MFA_TOTP_ISSUER = "Common Geo-Registry"
MFA_TOTP_TOLERANCE = 1  # half a minute each way: telephones' clocks differ
MFA_RECOVERY_CODES_SHOW_ONCE = True
USERSESSIONS_TRACK_ACTIVITY = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
# What says a sentence of the rooms below the pages in the language that is switched on: e-mails are sent from below.
SENTENCES = "cgr.web.sentences.in_reader_words"
LANGUAGES = [("en", "English"), ("fr", "Français")]

STATIC_URL = "static/"
# Assets are served from the package: an installed wheel needs no collecting step.
WHITENOISE_USE_FINDERS = True

# Words for people are the command line's business; the log carries what Django itself has to say.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"stamina": {"level": "ERROR"}},  # a repeated request is shown as waiting, not as a line of log
}
