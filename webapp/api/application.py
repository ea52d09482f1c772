"""The public JSON API: one django-ninja application, its error answers and its OpenAPI document."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer
from psycopg_pool import PoolTimeout

from webapp.access import signed_in
from webapp.api.admission import busy
from webapp.api.errors import ApiError, problem


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


api = NinjaAPI(
    title="Callboard",
    version="1.0.0",
    description="Prompts, calls and feedback. Authenticate with «Authorization: Bearer <API key>».",
    urls_namespace="api",
    openapi_url="/openapi.json",
    docs_url="/docs",
    docs_decorator=signed_in,
    renderer=OrjsonRenderer(),
)


@api.exception_handler(ApiError)
def _refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    return problem(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [{"field": ".".join(str(part) for part in item["loc"][1:]), "reason": item["msg"]} for item in error.errors]
    return problem(request, ApiError(422, "Some fields are missing or wrong; see «errors».", errors=found))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, ApiError(error.status_code, str(error)))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, ApiError(404, "This does not exist, or it belongs to another project."))


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
@api.exception_handler(InternalError)
@api.exception_handler(PoolTimeout)
def _busy(request: HttpRequest, error: Exception) -> HttpResponse:
    sentence = "Callboard cannot reach its database right now. Nothing was changed; try again in a moment."
    return problem(request, busy(sentence))
