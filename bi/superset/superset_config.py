"""Superset's settings for this project, read by SUPERSET_CONFIG_PATH.

In: SUPERSET_SECRET_KEY, and SUPERSET_METADATA_URL where Superset keeps its own accounts and dashboards. A missing key
is an error: there is no default.
"""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_METADATA_URL"]
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {"zh": {"flag": "cn", "name": "简体中文"}, "en": {"flag": "us", "name": "English"}}
# Nobody gets in without an account, and an account without a role sees nothing.
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
# The role qiangji_bi ends a query after 60 s: the page waits as long.
SUPERSET_WEBSERVER_TIMEOUT = 65
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_BEHIND_TLS", "False") == "True"
ENABLE_PROXY_FIX = SESSION_COOKIE_SECURE
# A page asks nobody but this server: no map tiles, no fonts from elsewhere, and not the pixel that counts who uses
# Superset. Plain HTTP is for loopback; elsewhere a proxy with TLS stands before it.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}
