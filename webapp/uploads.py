"""Counts uploaded files while they arrive, so that nobody fills the disk with one request."""

from __future__ import annotations

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MAX_BYTES = 50 * 1024 * 1024


class Quota(FileUploadHandler):
    """Lets go of what goes beyond the limit; the page that asked for the file says so."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.left = MAX_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.left -= len(raw_data)
        if self.left < 0:
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def was_too_large(request: HttpRequest) -> bool:
    """Tell whether files of this request were let go of."""
    return bool(getattr(request, "upload_was_too_large", False))
