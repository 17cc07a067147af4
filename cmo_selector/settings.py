"""One settings file for demo, tests and production, driven by environment variables.

`CMO_ENV` says which: `production` (the default), `demo` (manage.py's default on a checkout) or
`test`. Production refuses to start without SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL and REDIS_URL;
the other two fall back to the embedded services of embedded.py for the last two.
"""

from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from cmo_selector import desk, env, storage

BASE_DIR = Path(__file__).resolve().parent.parent

CMO_ENV = env.choice("CMO_ENV", ("production", "demo", "test"), "production")
CMO_PROCESS = env.choice("CMO_PROCESS", ("web", "worker", "command"), "web")
PRODUCTION = CMO_ENV == "production"
DEBUG = env.boolean("DJANGO_DEBUG", default=False)

# Everything this machine makes and nobody commits: embedded data, uploads, the demo's secret key.
VAR_DIR = env.path("CMO_VAR_DIR", BASE_DIR / "var")

# -- secrets and hosts ---------------------------------------------------------------------------

if PRODUCTION:
    SECRET_KEY = env.required("SECRET_KEY", "production needs a secret key of at least 50 random characters.")
    env.required("ALLOWED_HOSTS", "production needs the host names it answers to, separated by commas.")
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS")
else:
    SECRET_KEY = env.text("SECRET_KEY") or env.generated_secret(VAR_DIR / "secret_key")
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

# -- database and broker -------------------------------------------------------------------------

# EMBEDDED is None when both addresses are given; apps.py starts the services otherwise.
EMBEDDED = None
EMBEDDED_DB_NAME = env.text("EMBEDDED_DB_NAME", "cmo_selector")
_database_url = env.text("DATABASE_URL")
_redis_url = env.text("REDIS_URL")
if PRODUCTION:
    env.required("DATABASE_URL", "production needs postgres://user:password@host:5432/database.")
    env.required("REDIS_URL", "production needs the broker's address, such as redis://host:6379/0.")
elif not (_database_url and _redis_url):
    from cmo_selector.embedded import Services

    EMBEDDED = Services(VAR_DIR, postgres=not _database_url, valkey=not _redis_url)

DATABASES = {
    "default": env.postgres_url("DATABASE_URL", _database_url)
    if _database_url
    else EMBEDDED.database(EMBEDDED_DB_NAME)
}
REDIS_URL = env.redis_url("REDIS_URL", _redis_url) if _redis_url else EMBEDDED.redis_url

# A page that waits longer than this has failed its reader; an import may take minutes.
_timeouts = {"web": (10, 5), "worker": (300, 150), "command": (300, 150)}[CMO_PROCESS]
DB_STATEMENT_TIMEOUT_SECONDS = env.integer("DB_STATEMENT_TIMEOUT_SECONDS", _timeouts[0], minimum=1)
DB_LOCK_TIMEOUT_SECONDS = env.integer("DB_LOCK_TIMEOUT_SECONDS", _timeouts[1], minimum=1)
_database_options = DATABASES["default"].setdefault("OPTIONS", {})
_database_options["options"] = (
    f"{_database_options.get('options', '')} -c statement_timeout={DB_STATEMENT_TIMEOUT_SECONDS}s"
    f" -c lock_timeout={DB_LOCK_TIMEOUT_SECONDS}s -c idle_in_transaction_session_timeout=600s"
).strip()
_database_options.setdefault("connect_timeout", 5)
_database_options.setdefault("application_name", f"cmo_selector-{CMO_PROCESS}")
DATABASES["default"]["CONN_MAX_AGE"] = env.integer("DB_CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["TEST"] = {"NAME": env.text("TEST_DATABASE_NAME", "test_cmo_selector")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.redis_database(REDIS_URL, offset=1),
        "KEY_PREFIX": "cmo",
    }
}

# -- applications --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "template_partials",
    "django_countries",
    "django_filters",
    "cmo_selector",
    "cmo_selector.accounts",
    "cmo_selector.audit",
    "partners",
    "quotes",
]

MIDDLEWARE = [
    "cmo_selector.security.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "cmo_selector.security.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cmo_selector.accounts.middleware.SponsorMiddleware",
    "partners.history.recording.HistoryMiddleware",
    "cmo_selector.readonly.ReadOnlyGetMiddleware",
    "cmo_selector.security.UnstorableTextMiddleware",
]

ROOT_URLCONF = "cmo_selector.urls"
WSGI_APPLICATION = "cmo_selector.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cmo_selector.accounts.middleware.permissions",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# -- sign-in -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "cmo_selector.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if PRODUCTION else "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "CMO Selector"
# (role, e-mail, password) of the demo's people, for the sign-in page.
DEMO_SIGN_INS: tuple[tuple[str, str, str], ...] = ()
if CMO_ENV == "demo":
    from quotes.demo_accounts import DEMO_SIGN_INS  # noqa: F401

# -- security (headers and policies are explained in security.py) ----------------------------------

# Behind a proxy that ends TLS and overwrites X-Forwarded-Proto.
if env.boolean("TRUST_PROXY_HEADERS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # probes speak plain HTTP
# What a scraper of /metrics sends. Without it the address does not exist in production.
METRICS_TOKEN = env.text("METRICS_TOKEN")
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # seconds; one working day

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The admin theme is built on Alpine, which evaluates expressions and sets styles.
ADMIN_POLICY_UPDATE = {
    "script-src": [UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [UNSAFE_INLINE],
}

# -- files ---------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "cmo_selector.staticfinder.NpmFinder",
]
NODE_MODULES_DIR = env.path("NODE_MODULES_DIR", BASE_DIR / "node_modules")
NPM_FILES = {  # served name: file in node_modules; see staticfinder.py
    "vendor/tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "vendor/tom-select/tom-select.bootstrap5.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "vendor/tom-select/tom-select.complete.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "vendor/vega/vega.min.js": "vega/build/vega.min.js",
    "vendor/vega-lite/vega-lite.min.js": "vega-lite/build/vega-lite.min.js",
    # Carries vega-interpreter, which a strict Content-Security-Policy needs: embed(…, {ast: true}).
    "vendor/vega-embed/vega-embed.min.js": "vega-embed/build/vega-embed.min.js",
    "vendor/world-atlas/countries-110m.json": "world-atlas/countries-110m.json",
    **{
        f"vendor/inter/inter-{subset}-wght-{style}.woff2": (
            f"@fontsource-variable/inter/files/inter-{subset}-wght-{style}.woff2"
        )
        for subset in ("latin", "latin-ext")
        for style in ("normal", "italic")
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["woff2", "png", "jpg", "gz", "br", "webp"]
MEDIA_URL = "/media/"  # never served as such: files go out through views that check the tenant
MEDIA_ROOT = env.path("MEDIA_ROOT", VAR_DIR / "media")
STORAGES = {
    "default": storage.file_storage("FILE_STORAGE_URL"),
    "staticfiles": {"BACKEND": "cmo_selector.staticfinder.StaticStorage"},
}

# -- e-mail, language, time ------------------------------------------------------------------------

# The demo writes every e-mail into a folder, where it can be read like a mailbox.
vars().update(
    env.email_url("EMAIL_URL", f"filemail:///{VAR_DIR / 'mail'}" if CMO_ENV == "demo" else "consolemail://")
)
# Where links in e-mails lead, which workers send without a request.
SITE_URL = env.text("SITE_URL") or (
    f"https://{ALLOWED_HOSTS[0].lstrip('.*')}"
    if PRODUCTION
    else f"http://127.0.0.1:{env.text('PORT', '8000')}"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "CMO Selector <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Seconds a mail server may take to answer: below the lease of e-mails, or a second worker would send them again.
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 30, minimum=1)
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["cmo_selector.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# -- curation desk (the admin's look and navigation) ------------------------------------------------

UNFOLD = desk.UNFOLD

# -- jobs ----------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.celery_broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True  # the row is the truth; there is no result backend
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_SOFT_TIME_LIMIT = env.integer("CELERY_TASK_SOFT_TIME_LIMIT", 840, minimum=1)  # seconds
CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 60
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the longest job, or the broker hands a running job to a second worker.
    "visibility_timeout": 4 * CELERY_TASK_TIME_LIMIT,
    "socket_connect_timeout": 5,
    "socket_timeout": 30,
}
# Days after which the file of a report is deleted; its snapshot and checksum stay. 0: never.
REPORT_RETENTION_DAYS = env.integer("REPORT_RETENTION_DAYS", 0)
# What one report may take before it is stopped, in a process of its own.
REPORT_TIME_LIMIT_SECONDS = env.integer("REPORT_TIME_LIMIT_SECONDS", 180, minimum=1)
REPORT_MEMORY_LIMIT_MB = env.integer("REPORT_MEMORY_LIMIT_MB", 1024, minimum=256)
# A report whose worker fell silent for half a lease is made by another, in what is left of the lease.
REPORT_LEASE_SECONDS = env.integer("REPORT_LEASE_SECONDS", 60, minimum=4)
_OFTEN = REPORT_LEASE_SECONDS // 4
REPORT_SWEEP_SECONDS = env.integer("REPORT_SWEEP_SECONDS", min(5, _OFTEN), minimum=1, maximum=_OFTEN)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A page must not hang on a dead broker: the row stays queued and beat dispatches it again.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# WeasyPrint's memory grows with big tables and long SVGs; children are replaced before it matters.
CELERY_WORKER_MAX_TASKS_PER_CHILD = env.integer("CELERY_WORKER_MAX_TASKS_PER_CHILD", 50, minimum=1)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.integer("CELERY_WORKER_MAX_MEMORY_PER_CHILD", 700_000)  # KiB
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# Each queue has a process of its own (Procfile): neither a long import nor a mail server that hangs keeps a report
# waiting, nor any of them the sweeps, which take lost work back. Where one process takes several queues, what waits
# as a report comes last (priority 9).
CELERY_TASK_ROUTES = {
    "quotes.tasks.render_*": {"queue": "render", "priority": 9},
    "*.tasks.sweep_*": {"queue": "upkeep"},
    "*.tasks.send_*": {"queue": "mail"},
    "*.tasks.tell_*": {"queue": "mail"},
}
QUEUES = ("default", "render", "upkeep", "mail")
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    # A sweep that waited longer than the next one is not worth running.
    "sweep-reports": {
        "task": "quotes.tasks.sweep_reports",
        "schedule": float(REPORT_SWEEP_SECONDS),
        "options": {"expires": 2 * REPORT_SWEEP_SECONDS},
    },
    "report-notices": {
        "task": "quotes.tasks.send_report_notices",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "report-schedules": {
        "task": "quotes.tasks.run_report_schedules",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "report-files": {
        "task": "quotes.tasks.remove_old_report_files",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
    "sweep-register-uploads": {
        "task": "partners.tasks.sweep_register_uploads",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "sweep-sheet-imports": {
        "task": "partners.tasks.sweep_sheet_imports",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "uploaded-files": {
        "task": "partners.tasks.delete_uploaded_files",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
    "tell-proposers": {
        "task": "partners.tasks.tell_proposers",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "rfq-emails": {"task": "quotes.tasks.send_rfq_emails", "schedule": 60.0, "options": {"expires": 55}},
    "sweep-search-digests": {
        "task": "quotes.tasks.sweep_search_digests",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
}

# -- logging: JSON lines in production, readable lines elsewhere -----------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING_CONFIG = "cmo_selector.logs.configure"
LOGGING = {"level": LOG_LEVEL, "json": PRODUCTION}
