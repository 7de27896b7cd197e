"""HTTP connections for transfers: kept open, through the user's proxy, trusting what the system trusts.

urllib3 and not the hub's own client, because its bodies come straight from the socket: that costs a third of
the processor time. Proxies and certificates are found where the hub's client finds them. Knows no hub.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from threading import Lock
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, SSLError, TimeoutError

from workbench.errors import Unreachable
from workbench.models.transfer.attempts import TryAgain

CONNECT_SECONDS = 10.0
MOST_CONNECTIONS = 16


class Connections:
    """A pool for each way out. Safe to use from several threads.

    A connection that is silent for HF_HUB_DOWNLOAD_TIMEOUT seconds counts as broken.
    """

    def __init__(self) -> None:
        self._timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=_silence_seconds())
        self._proxies = getproxies()
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._lock = Lock()

    def get(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The answer with its body unread and no redirect followed. Raises TryAgain or Unreachable."""
        try:
            return self._pool(url).request(
                "GET", url, headers=headers, redirect=False, retries=False, preload_content=False
            )
        except HTTPError as error:
            raise failure(error, _host(url)) from error
        except ValueError as error:
            raise Unreachable(f"{url[:200]!r} is no address to fetch from.", "Check the address.") from error

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = self._proxy(url)
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._new_pool(proxy)
            return self._pools[proxy]

    def _proxy(self, url: str) -> str | None:
        parts = urlsplit(url)
        if proxy_bypass(parts.netloc):
            return None
        return self._proxies.get(parts.scheme) or self._proxies.get("all")

    def _new_pool(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy is None:
            return urllib3.PoolManager(
                timeout=self._timeout, maxsize=MOST_CONNECTIONS, ssl_context=_trusted()
            )
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.scheme not in ("http", "https"):
            raise Unreachable(
                f"The proxy {parts.scheme}://{parts.hostname} is of a kind that transfers cannot use.",
                "Name an http or https proxy in HTTPS_PROXY.",
            )
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        return urllib3.ProxyManager(
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            proxy_headers=urllib3.make_headers(proxy_basic_auth=login) if login else None,
            timeout=self._timeout,
            maxsize=MOST_CONNECTIONS,
            ssl_context=_trusted(),
        )


def failure(error: Exception, host: str) -> TryAgain | Unreachable:
    """What a broken connection means: worth another try, unless the certificate is not trusted."""
    match error:
        case SSLError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Unreachable(
                f"The certificate of {host} is not trusted.",
                "If your network inspects traffic, name its certificate in SSL_CERT_FILE.",
            )
        case NameResolutionError():
            return TryAgain(f"{host} was not found")
        case NewConnectionError():
            return TryAgain(f"{host} cannot be reached")
        case TimeoutError():
            return TryAgain(f"{host} fell silent")
        case _:
            return TryAgain(f"the connection to {host} broke")


def _silence_seconds() -> float:
    try:
        return max(0.1, float(os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT", "")))
    except ValueError:
        return 10.0


def _trusted() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:100]
