"""Who the key belongs to, and whether the server is there."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from ninja import Router

from monitoring.ingest import langfuse_ids
from monitoring.models import Trace
from projects.models import Project
from webapp.access import SignedInRequest, one, public, signed_in
from webapp.api.auth import KeyAuth, caller_of

router = Router()


@router.get("/projects", auth=KeyAuth(None))
def projects(request: HttpRequest) -> dict[str, Any]:
    """Answer with the one project of the key; `auth_check` asks this, and links to traces are made from the id."""
    project = Project.objects.get(pk=caller_of(request).project_id)
    found = {
        "id": project.slug,
        "name": project.name,
        "organization": {"id": "callboard", "name": "Callboard"},
        "metadata": {},
        "retentionDays": None,
    }
    return {"data": [found]}


@public("tells no more than that Callboard runs here, and in which version")
def health(request: HttpRequest) -> HttpResponse:
    """Answer as long as this process does."""
    return JsonResponse({"status": "OK", "version": version("callboard-server")})


@public("only rewrites the address that the SDK prints; the page it leads to asks who you are")
def trace_link(request: HttpRequest, slug: str, trace: str) -> HttpResponseBase:
    """Lead from the address that Langfuse's SDKs make of a trace to its page."""
    return redirect("trace", slug=slug, hex_id=langfuse_ids.trace_id(trace).hex())


@signed_in
def trace_of_any_project(request: SignedInRequest, trace: str) -> HttpResponseBase:
    """Lead from the address that SDK 2 makes of a trace, which names no project, to its page."""
    mine = Trace.objects.filter(project__in=Project.objects.visible_to(request.user)).select_related("project")
    found = one(mine, trace_id=UUID(bytes=langfuse_ids.trace_id(trace)))
    return redirect("trace", slug=found.project.slug, hex_id=found.hex_id)
