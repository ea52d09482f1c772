"""The list of prompts with their folders, search, the archive, and the form that makes a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import usage
from monitoring.usage import Usage
from projects.roles import Action
from prompt_registry import contents, prompts, queries, texts, versions
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt, PromptType
from prompt_registry.queries import PromptRow
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_frame import admins_for, approvals_of
from webapp.render import render_page

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list with the numbers of the last day beside it."""

    row: PromptRow
    usage: Usage


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one folder under its name; what lies in the open folder itself has no name above it."""

    name: str
    path: str
    lines: list[Line]


class NewPrompt(forms.Form):
    name = forms.CharField(
        label="Name", max_length=255,
        help_text="Applications ask for it by this name. «/» makes folders: support/refund-answer.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    type = forms.ChoiceField(
        label="Kind", initial=PromptType.CHAT, widget=forms.RadioSelect,
        choices=[
            (PromptType.CHAT, "Chat: instructions, then what the user says. Right for most models."),
            (PromptType.TEXT, "Text: one piece of text, for example to be used inside another prompt."),
        ],
    )  # fmt: skip


@requires(Action.READ_PROMPTS)
def prompt_list(request: ProjectRequest) -> HttpResponse:
    """Show one folder, what a search finds, or the archive."""
    words = texts.clean(request.GET.get("q", "")).strip()[:200]
    folder = texts.clean(request.GET.get("folder", ""))[:255]
    is_archive = "archive" in request.GET
    whole = None if words or is_archive else _whole(request, folder)
    rows, has_more = (whole, False) if whole is not None else _rows(request, words, folder, is_archive=is_archive)
    lines = _lines(request, rows)
    context = {
        "page_title": "Prompts",
        "words": words,
        "folder": folder,
        "folder_name": folder.rstrip("/").rsplit("/", 1)[-1],
        "is_archive": is_archive,
        "crumbs": _crumbs(request, folder),
        "folders": []
        if words or is_archive or whole is not None
        else queries.folders(project=request.project, path=folder),
        "lines": lines,
        "groups": _groups(lines, folder) if whole is not None else [Group("", "", lines)],
        "older_url": _next_url(request, rows) if has_more else "",
        "is_cut": words and len(rows) == PAGE_SIZE,
        "archive_count": Prompt.objects.for_project(request.project).exclude(archived_at=None, deleted_at=None).count(),
        "admins": admins_for(request),
        **approvals_of(request),
        "new_url": _with(reverse("prompt-new", args=[request.project.slug]), folder=folder),
    }
    return render_page(request, "prompts/list.html", context, fragment="rows", section="prompts")


@requires(Action.EDIT_PROMPTS)
def new_prompt(request: ProjectRequest) -> HttpResponseBase:
    """Make a prompt, empty or as a copy, and open the editor."""
    source = Prompt.objects.for_project(request.project).filter(pk=_number(request.GET.get("from", ""))).first()
    initial = (
        {"name": f"{source.name}-copy", "type": source.type} if source else {"name": request.GET.get("folder", "")}
    )
    form = NewPrompt(request.POST if request.method == "POST" else None, initial={"type": PromptType.CHAT, **initial})
    if source is not None:
        del form.fields["type"]
    if form.is_bound and form.is_valid():
        try:
            prompt = _made(request, form, source)
        except PromptRegistryError as error:
            form.add_error("name", str(error))
        else:
            return redirect("prompt", request.project.slug, prompt.pk)
    context = {"page_title": "New prompt", "form": form, "source": source, "crumbs": _crumbs(request, "")}
    return render_page(request, "prompts/new.html", context, section="prompts", status=422 if form.is_bound else 200)


@transaction.atomic
def _made(request: ProjectRequest, form: NewPrompt, source: Prompt | None) -> Prompt:
    prompt_type = source.type if source else form.cleaned_data["type"]
    prompt = prompts.create(project=request.project, name=form.cleaned_data["name"], type=prompt_type, by=request.user)
    newest = versions.newest_of(source) if source else None
    if source is not None and newest is not None:
        note = f"Copied from {source.name} v{newest.number}"[: versions.MAX_NOTE]
        versions.save(prompt=prompt, content=contents.of_version(newest), note=note, base_number=0, by=request.user)
        messages.success(request, f"Copied v{newest.number} of {source.name}.")
    return prompt


def _rows(request: ProjectRequest, words: str, folder: str, *, is_archive: bool) -> tuple[list[PromptRow], bool]:
    project, reader, after = request.project, request.user, texts.clean(request.GET.get("after", ""))
    if is_archive:
        return queries.put_away(project=project, after=after, limit=PAGE_SIZE, reader=reader)
    if words:
        return queries.search(project=project, words=words, limit=PAGE_SIZE, reader=reader), False
    return queries.listed(project=project, path=folder, after=after, limit=PAGE_SIZE, reader=reader)


def _whole(request: ProjectRequest, folder: str) -> list[PromptRow] | None:
    """Return everything below a folder when it fits on one page, so that few prompts are not hidden in folders."""
    if request.GET.get("after"):
        return None
    return queries.expanded(project=request.project, path=folder, limit=PAGE_SIZE, reader=request.user)


def _groups(lines: list[Line], folder: str) -> list[Group]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.row.prompt.name[len(folder) :].rpartition("/")[0], []).append(line)
    return [Group(name, f"{folder}{name}/" if name else "", found[name]) for name in sorted(found)]


def _lines(request: ProjectRequest, rows: list[PromptRow]) -> list[Line]:
    now = timezone.now()
    environment = texts.clean(request.GET.get("environment", ""))[:60]
    found = usage.by_prompt(project=request.project, start=now - timedelta(days=1), end=now, environment=environment)
    by_name = {item.prompt_name: item for item in found}
    return [Line(row, by_name.get(row.prompt.name, Usage())) for row in rows]


def _crumbs(request: ProjectRequest, folder: str) -> list[dict[str, str]]:
    top = reverse("prompts", args=[request.project.slug])
    parts = folder.strip("/").split("/") if folder else []
    is_below = parts or "archive" in request.GET or request.path != top
    found = [{"label": "Prompts", "url": top}] if is_below else []
    found += [
        {"label": part, "url": _with(top, folder="/".join(parts[: n + 1]) + "/")} for n, part in enumerate(parts[:-1])
    ]
    return found


def _next_url(request: ProjectRequest, rows: list[PromptRow]) -> str:
    query = request.GET.copy()
    query["after"] = rows[-1].prompt.name
    return f"?{query.urlencode()}"


def _with(url: str, **values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"{url}?{urlencode(given)}" if given else url


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


urlpatterns: list[URLPattern] = [
    path("prompts/", prompt_list, name="prompts"),
    path("prompts/new/", new_prompt, name="prompt-new"),
]
