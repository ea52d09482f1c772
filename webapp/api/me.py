"""Tells an application which key it holds."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from webapp.api.auth import KeyAuth, caller_of

router = Router(tags=["Keys"])


@router.get("/me", auth=KeyAuth(None), summary="What this key may do")
def me(request: HttpRequest) -> dict[str, Any]:
    caller = caller_of(request)
    return {
        "key_id": caller.key_id,
        "project": caller.project_slug,
        "environment": caller.environment or None,
        "scopes": sorted(caller.scopes),
        "server_time": timezone.now().isoformat(),
    }
