"""What lies between a client and its server: proxies and certificates, and words for what goes wrong there.

httpx reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR itself; REQUESTS_CA_BUNDLE and
CURL_CA_BUNDLE, which other tools read, mean the same here.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["proxy_for", "trusted", "why_unreachable", "why_unusable"]

OWN_BUNDLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
OTHER_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trusted() -> ssl.SSLContext | None:
    """Whom to trust where only other tools' variables say so; None leaves it to httpx. Raises OSError, ValueError."""
    if any(os.environ.get(name) for name in OWN_BUNDLES):
        return None
    bundle = next((os.environ[name] for name in OTHER_BUNDLES if os.environ.get(name)), "")
    if not bundle:
        return None
    folder = Path(bundle).is_dir()
    return ssl.create_default_context(cafile=None if folder else bundle, capath=bundle if folder else None)


def proxy_for(url: str) -> str:
    """The proxy that requests to `url` go through, without its password; "" where they go straight."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(parts.hostname or ""):
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    before, at, after = proxy.rpartition("@")
    return f"{before.partition('://')[0]}://{after}" if at else proxy


def why_unusable(url: str, error: Exception) -> str:
    """Why no connection to `url` can even be tried."""
    proxy = proxy_for(url)
    if isinstance(error, ImportError):
        return (
            f"the proxy {proxy} speaks SOCKS, for which a library is missing: run `pip install 'httpx[socks]'`,"
            f" or put {urlsplit(url).hostname} into NO_PROXY"
        )
    bundle = next((name for name in (*OWN_BUNDLES, *OTHER_BUNDLES) if os.environ.get(name)), "")
    if bundle and isinstance(error, OSError):
        return f"{bundle}={os.environ[bundle]} cannot be read as certificates ({error}); correct it, or unset it"
    return f"the proxy {proxy} cannot be used ({error}); correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or unset it"


def why_unreachable(url: str, error: Exception) -> str:
    """Why `url` did not answer, and what to look at."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        remedy = "if it is your own, name its issuer's file in SSL_CERT_FILE (or REQUESTS_CA_BUNDLE)"
        return f"{url} is not trusted ({error}): {remedy}"
    if proxy := proxy_for(url):
        remedy = f"correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or put {urlsplit(url).hostname} into NO_PROXY"
        return f"{url} cannot be reached through the proxy {proxy} ({error}): {remedy}"
    return f"{url} cannot be reached ({error}); is the address right?"
