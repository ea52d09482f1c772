"""Prompts from files of other tools: upload or paste, look at what they become, choose."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from projects.roles import Action
from prompt_registry.errors import ImportRefused, PromptRegistryError
from prompt_registry.imports import archives, runs
from prompt_registry.imports.formats import FORMATS
from prompt_registry.imports.plans import Becomes, Line
from prompt_registry.imports.runs import Preview
from prompt_registry.imports.values import SourceFile
from prompt_registry.models import PromptImport
from webapp import uploads
from webapp.access import ProjectRequest, one, requires
from webapp.render import render_page

SHOWN = 100
REST = "rest"
PASTED = "pasted prompt"
_TOO_LARGE = "These files have more than 50 MiB. Import them in parts."
_ORDER = (Becomes.NEW_PROMPT, Becomes.NEW_VERSION, Becomes.NOTHING, Becomes.SAME)
_KINDS = {Becomes.NEW_PROMPT: "good", Becomes.NEW_VERSION: "info", Becomes.NOTHING: "bad", Becomes.SAME: ""}
_WORDS = {
    Becomes.NEW_PROMPT: ("new prompt", "new prompts"),
    Becomes.NEW_VERSION: ("new version", "new versions"),
    Becomes.NOTHING: ("cannot be taken", "cannot be taken"),
    Becomes.SAME: ("is here already", "are here already"),
}


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFiles(forms.FileField):
    """A field for any number of files."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(ManyFiles, self).clean(item, initial) for item in data or []]


class ImportForm(forms.Form):
    uploads = ManyFiles(
        label="Files", required=False,
        help_text="JSON, YAML, CSV, .prompt, Markdown or text, one or many, or a .tar.gz of them; up to 50 MiB.",
    )  # fmt: skip
    text = forms.CharField(
        label="Or paste", required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
    )  # fmt: skip
    name = forms.CharField(
        label="Name", required=False, max_length=255, help_text="For a pasted text that does not name its prompt itself.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    format = forms.ChoiceField(
        label="Where it comes from", required=False,
        choices=[("", "Find out by itself"), *((one.key, f"{one.label}: {one.hint}") for one in FORMATS.values())],
    )  # fmt: skip

    def sources(self) -> list[SourceFile]:
        """Return what was uploaded and pasted, unpacked; raises ImportRefused."""
        found = [
            source for file in self.cleaned_data["uploads"] for source in archives.unpack(str(file.name), file.read())
        ]
        if self.cleaned_data["text"].strip():
            name = self.cleaned_data["name"].strip() or PASTED
            found.append(SourceFile(name, self.cleaned_data["text"].replace("\x00", "")))
        return found


@requires(Action.EDIT_PROMPTS)
def start(request: ProjectRequest) -> HttpResponseBase:
    """Take the files in, and lead to what they would become."""
    is_sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
    if is_sent and uploads.was_too_large(request):
        form.add_error("uploads", _TOO_LARGE)
    elif is_sent and form.is_valid():
        try:
            pending = runs.begin(project=request.project, files=form.sources(), by=request.user)
        except PromptRegistryError as error:
            form.add_error(None, str(error))
        else:
            chosen = form.cleaned_data["format"]
            address = reverse("prompt-import-choose", args=[request.project.slug, pending.pk])
            return redirect(f"{address}?format={chosen}" if chosen else address)
    context = {"page_title": "Import prompts", "form": form, "crumbs": _crumbs(request)}
    return render_page(request, "prompts/import.html", context, section="prompts", status=422 if is_sent else 200)


@requires(Action.EDIT_PROMPTS)
def choose(request: ProjectRequest, import_id: int) -> HttpResponseBase:
    """Show what the files would become; when somebody has chosen, save that, and show what was made."""
    imports = PromptImport.objects.filter(project=request.project).select_related("project")
    pending = one(imports, pk=import_id)
    if pending.done_at:
        return _done(request, pending)
    values = request.POST if request.method == "POST" else request.GET
    try:
        seen = runs.preview(pending=pending, format_key=values.get("format", ""))
        if request.method == "POST":
            return _carried_out(request, pending, seen)
    except ImportRefused as error:
        return _page(request, pending, None, values.get("format", ""), problem=str(error))
    return _page(request, pending, seen, seen.format)


def _carried_out(request: ProjectRequest, pending: PromptImport, seen: Preview) -> HttpResponseBase:
    chosen = set(request.POST.getlist("line"))
    if REST in chosen:
        chosen |= {line.key for line in _sorted(seen)[SHOWN : runs.MAX_AT_ONCE]}
    try:
        runs.carry_out(pending=pending, format_key=seen.format, chosen=chosen, by=request.user)
    except ImportRefused as error:
        return _page(request, pending, seen, seen.format, problem=str(error), chosen=chosen)
    messages.success(request, "Imported. Nothing is live yet.")
    return redirect("prompt-import-choose", request.project.slug, pending.pk)


def _page(
    request: ProjectRequest, pending: PromptImport, seen: Preview | None, format_key: str, *, problem: str = "",
    chosen: set[str] | None = None,
) -> HttpResponse:  # fmt: skip
    lines = _sorted(seen) if seen else []
    shown = [
        {
            "line": line, "kind": _KINDS[line.becomes], "excerpt": _excerpt(line),
            "is_chosen": line.can_be_taken and (chosen is None or line.key in chosen),
        }
        for line in lines[:SHOWN]
    ]  # fmt: skip
    context = {
        "page_title": f"Import {pending.title}", "crumbs": _crumbs(request), "pending": pending, "problem": problem,
        "formats": FORMATS.values(), "format": format_key, "lines": shown, "summary": _summary(lines),
        "remarks": seen.remarks[:20] if seen else [], "can_import": any(line.can_be_taken for line in lines),
        "rest": sum(line.can_be_taken for line in lines[SHOWN : runs.MAX_AT_ONCE]), "left_over": len(lines[SHOWN:]),
        "at_once": runs.MAX_AT_ONCE, "waiting": sum(line.can_be_taken for line in lines[runs.MAX_AT_ONCE :]),
    }  # fmt: skip
    status = 422 if problem and request.method == "POST" else 200
    return render_page(request, "prompts/import_choose.html", context, section="prompts", status=status)


def _done(request: ProjectRequest, pending: PromptImport) -> HttpResponse:
    context = {
        "page_title": "Imported", "crumbs": _crumbs(request), "pending": pending, "results": pending.results[:SHOWN],
        "left_over": len(pending.results[SHOWN:]), "format": FORMATS[pending.format].label,
        "prompt_count": len({result["name"] for result in pending.results}),
    }  # fmt: skip
    return render_page(request, "prompts/import_done.html", context, section="prompts")


def _sorted(seen: Preview) -> list[Line]:
    return sorted(seen.lines, key=lambda line: (_ORDER.index(line.becomes), line.number))


def _summary(lines: list[Line]) -> list[str]:
    counts = Counter(line.becomes for line in lines)
    return [f"{counts[becomes]} {_WORDS[becomes][counts[becomes] != 1]}" for becomes in _ORDER if counts[becomes]]


def _excerpt(line: Line) -> str:
    texts = line.content.texts if line.content else []
    return " ".join(" ".join(texts)[:400].split())[:180]


def _crumbs(request: ProjectRequest) -> list[dict[str, str]]:
    return [{"label": "Prompts", "url": reverse("prompts", args=[request.project.slug])}]


urlpatterns: list[URLPattern] = [
    path("prompts/import/", start, name="prompt-import"),
    path("prompts/import/<int:import_id>/", choose, name="prompt-import-choose"),
]
