"""What happens around every request: its id in the log, compression of pages, the lifetime of sessions."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, ResolverMatch, resolve

from projects import audit
from webapp import disk, errors

log = structlog.get_logger("callboard.request")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# OTLP and MCP clients are refused in their own words, a prompt is asked for with POST by some, and without signing in
# nobody could see what is wrong.
_ANSWERED_ELSEWHERE = ("/v1/", "/ofrep/", "/mcp", "/accounts/login/", "/accounts/logout/", "/sign-in/", "/csp-report/")
Handler = Callable[[HttpRequest], HttpResponse]

_REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_SLOW_SECONDS = 1.0
_SECRET_PARTS = frozenset({"token", "key"})
# Machine traffic is counted in the ingest ledger; a log line per request would cost more than the request.
_QUIET_PREFIXES = ("/v1/", "/api/", "/ofrep/", "/mcp", "/static/", "/livez", "/readyz")


class RequestLog:
    """Gives each request an id and writes one line when it is slow, fails, or is a page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = _request_id(request)  # type: ignore[attr-defined]
        token = audit.origin.set(audit.Origin(address=client_address(request)))
        started = time.monotonic()
        try:
            response = self.get_response(request)
        finally:
            audit.origin.reset(token)
        seconds = time.monotonic() - started
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        if response.status_code >= 500 or seconds > _SLOW_SECONDS or not request.path.startswith(_QUIET_PREFIXES):
            log.info(
                "request", method=request.method, path=_loggable_path(request), status=response.status_code,
                ms=round(seconds * 1000, 1), request_id=request.request_id,  # type: ignore[attr-defined]
            )  # fmt: skip
        return response


class PageCompression(GZipMiddleware):
    """Compresses HTML pages; answers to machines decide for themselves."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if not response.get("Content-Type", "").startswith(("text/html", "application/json")):
            return response
        return super().process_response(request, response)  # type: ignore[return-value]


class FullDisk:
    """Refuses every change while the disk is so full that the database may stop; reading and signing in go on."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_change = request.method not in _READING and not request.path.startswith(_ANSWERED_ELSEWHERE)
        if is_change and disk.guard.tier is disk.Tier.READ_ONLY:
            return errors.disk_full(request)
        return self.get_response(request)


class OpenedForm:
    """Explains the address of a form to somebody who opens it; of an empty answer browsers make an error of their own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_opened = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if response.status_code != 405 or not is_opened or response.content:
            return response
        return errors.form_opened(request, allow=response["Allow"])


# An open page asks for the number at the bell without anybody in front of it: that keeps no session alive.
_ASKED_BY_ITSELF = "/notifications/count/"


class SessionLifetime:
    """Ends a session after twelve hours without a request, and after fourteen days in any case."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith(_QUIET_PREFIXES):
            self._check(request)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        now = int(time.time())
        seen = request.session.get("seen_at", now)
        begun = request.session.get("begun_at", now)
        if now - seen > settings.SESSION_IDLE_SECONDS or now - begun > settings.SESSION_COOKIE_AGE:
            logout(request)
        elif request.path != _ASKED_BY_ITSELF and ("begun_at" not in request.session or now - seen > 300):
            request.session["begun_at"] = begun
            request.session["seen_at"] = now


def client_address(request: HttpRequest) -> str:
    """Return the address the request came from; a proxy's header counts only when the operator said so."""
    if settings.SECURE_PROXY_SSL_HEADER and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.split(",")[-1].strip()[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _loggable_path(request: HttpRequest) -> str:
    match = request.resolver_match
    return loggable(request.path) if match is None else _without_secret(request.path, match)


def loggable(path: str) -> str:
    """Return a path, or only its pattern when the path itself is a secret: links that sign in, invite, reset or share.

    Without the slash at its end it is the same secret, though it leads nowhere.
    """
    for one in (path, f"{path}/"):
        with suppress(Resolver404):
            return _without_secret(path, resolve(one))
    return path


def _without_secret(path: str, match: ResolverMatch) -> str:
    return path if _SECRET_PARTS.isdisjoint(match.kwargs) else match.route


def _request_id(request: HttpRequest) -> str:
    sent = request.headers.get("X-Request-Id", "")
    return sent if _REQUEST_ID.match(sent) else secrets.token_hex(8)
