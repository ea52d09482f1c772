"""All prompts at once, for repositories and for other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from projects.models import Project
from projects.roles import Scope
from prompt_registry import exports, texts
from prompt_registry.exports import Exported
from prompt_registry.models import LATEST
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from webapp.exports import download

router = Router(tags=["Prompts"])

# The name in the query, the content type, what the file is called, and what writes it.
FORMATS: dict[str, tuple[str, str, Callable[[Iterable[Exported]], Iterator[bytes]]]] = {
    "jsonl": ("application/x-ndjson", "prompts.jsonl", exports.json_lines),
    "langfuse": ("application/json; charset=utf-8", "prompts-langfuse.json", exports.langfuse_json),
    "markdown": ("application/gzip", "prompts.tar.gz", exports.tar_gz),
}


@router.get("/prompts/export", auth=KeyAuth(Scope.PROMPTS_READ), summary="All prompts as files")
def export_prompts(
    request: HttpRequest, format: str = "jsonl", label: str = LATEST, folder: str = "", name: str = ""
) -> StreamingHttpResponse:
    """Answer with the version of every prompt that `label` points to (default: the newest), archived ones left out.

    `format` is `jsonl` (one prompt a line, then a line with their number), `markdown` (a .tar.gz with one file each) or
    `langfuse` (its JSON list).
    `folder` and `name` narrow it down. Snippets stay tags.
    """
    if format not in FORMATS:
        raise ApiError(422, f"«format» must be one of {', '.join(FORMATS)}.")
    content_type, file_name, write = FORMATS[format]
    project = Project.objects.get(pk=caller_of(request).project_id)
    label, folder, name = texts.clean(label)[:36], texts.clean(folder)[:255], texts.clean(name)[:255]
    found = exports.prompts_of(project=project, label=label, folder=folder, name=name)
    response = download(write(found), name=file_name, content_type=content_type)
    response["X-Callboard-Project"] = project.slug
    return response
