"""Pages shown when a request cannot be answered."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webapp.api.errors import ApiError, problem

DISK_FULL = (
    "The disk of the Callboard server is full, so everything can be read but nothing changed until space is freed."
)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain an expired form; the typed text is still in the browser."""
    return render(request, "403.html", {"is_expired_form": True}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer alike for what does not exist and for what belongs to somebody else."""
    return render(request, "404.html", {}, status=404)


def form_opened(request: HttpRequest, *, allow: str) -> HttpResponse:
    """Say that an address only takes what a form sends, and where to go."""
    response = render(request, "405.html", {}, status=405)
    response["Allow"] = allow
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """Say that the fault is ours, with a reference that the server log has."""
    return render(request, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500)


def disk_full(request: HttpRequest) -> HttpResponse:
    """Say that nothing can be changed until somebody frees disk space."""
    if request.path.startswith("/api/"):
        return problem(request, ApiError(503, DISK_FULL, headers={"Retry-After": "60"}))
    response = render(request, "503.html", {"reason": DISK_FULL}, status=503)
    response["Retry-After"] = "60"
    return response
