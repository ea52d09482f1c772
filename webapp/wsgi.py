"""WSGI entry point of the web processes: static files first, then Django."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
from servestatic import ServeStatic

from webapp.overload import refuse_late

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

# Names that carry a hash of the content never change what they mean.
HASHED_NAME = r"\.[0-9a-f]{12}\."


def with_static_files(pages: Any) -> Any:
    """Return an application that answers for static files itself, compressed and cacheable for ever.

    In front of Django and not as middleware: the middleware of servestatic is asynchronous, and every request of a
    threaded server would pay for crossing over.
    """
    if settings.PLAIN_STATIC:
        return StaticFilesHandler(pages)
    return ServeStatic(
        pages,
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL,
        immutable_file_test=HASHED_NAME,
        allow_all_origins=False,
        add_headers_function=_protect,
    )


def _protect(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _pages() -> Any:
    pages = get_wsgi_application()
    # Its tables are there once Django is set up.
    from monitoring.embeddings import local

    # The models take more memory than all pages together, and the workers have them anyway.
    local.work_apart()
    return pages


application = refuse_late(with_static_files(_pages()))
