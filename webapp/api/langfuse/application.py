"""The routes below /api/public: the shapes are Langfuse's, the rules are Callboard's."""

from __future__ import annotations

from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from psycopg_pool import PoolTimeout

from webapp.api.admission import busy
from webapp.api.application import OrjsonRenderer
from webapp.api.errors import ApiError, problem

api = NinjaAPI(
    title="Langfuse-compatible API",
    version="1.0.0",
    urls_namespace="langfuse",
    openapi_url=None,
    docs_url=None,
    renderer=OrjsonRenderer(),
)

# Langfuse's clients have exceptions of their own for 400, 401, 403, 404 and 405, and show what «message» says.
_STATUSES = {410: 404, 422: 400}


@api.exception_handler(ApiError)
def refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Answer with a problem document that Langfuse's clients can read too."""
    status = _STATUSES.get(error.status, error.status)
    extra = {"message": error.detail, "error": type(error).__name__, **error.extra}
    return problem(request, ApiError(status, error.detail, headers=error.headers, **extra))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = sorted({str(part) for item in error.errors for part in item["loc"][1:]})
    return refused(request, ApiError(400, f"These parts of the address are missing or wrong: {', '.join(fields)}."))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return refused(request, ApiError(error.status_code, str(error)))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return refused(request, ApiError(404, "This does not exist, or it belongs to another project."))


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
@api.exception_handler(InternalError)
@api.exception_handler(PoolTimeout)
def _busy(request: HttpRequest, error: Exception) -> HttpResponse:
    return refused(request, busy("Callboard cannot reach its database right now. Nothing was changed; try again."))
