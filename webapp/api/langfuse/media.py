"""Images and other files in calls: not kept. The SDK is told that nothing needs to be sent, so it sends nothing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from projects.roles import Scope
from webapp.api.auth import KeyAuth
from webapp.api.errors import ApiError
from webapp.api.langfuse import documents

router = Router()

_ID_LENGTH = 22


@router.post("/media", auth=KeyAuth(Scope.INGEST))
def upload_url(request: HttpRequest) -> dict[str, Any]:
    """Answer with the id that the SDK made as well, and with no address to upload to."""
    sha256 = documents.read_object(request).get("sha256Hash")
    if not isinstance(sha256, str) or len(sha256) < _ID_LENGTH:
        raise ApiError(400, "Send the «sha256Hash» of the file, in base64.")
    return {"mediaId": sha256.replace("+", "-").replace("/", "_")[:_ID_LENGTH], "uploadUrl": None}


@router.patch("/media/{media_id}", auth=KeyAuth(Scope.INGEST))
def uploaded(request: HttpRequest, media_id: str) -> HttpResponse:
    """Take note of nothing: no file was asked for."""
    return HttpResponse(status=204)
