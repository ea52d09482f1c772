"""Pages shown when a request cannot be answered."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain an expired form; the typed text is still in the browser."""
    return render(request, "403.html", {"is_expired_form": True}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer alike for what does not exist and for what belongs to somebody else."""
    return render(request, "404.html", {}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that the fault is ours, with a reference that the server log has."""
    return render(request, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500)
