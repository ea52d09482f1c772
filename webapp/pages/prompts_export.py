"""Prompts as files to take away: one, a folder or all of them."""

from __future__ import annotations

from urllib.parse import quote

from django import forms
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.urls import URLPattern, path, reverse

from projects.roles import Action
from prompt_registry import exports, texts
from prompt_registry.models import LATEST, PRODUCTION, STAGING, Label, Prompt
from prompt_registry.prompt_files import paths
from webapp.access import ProjectRequest, one, requires
from webapp.api.prompt_exports import FORMATS
from webapp.exports import download
from webapp.render import render_page

_FORMATS = [
    ("markdown", "Markdown files in a .tar.gz: fit for Git and for reading, with everything in them"),
    ("langfuse", "JSON in Langfuse's shape: for other tools; meanings and samples of blanks are not in it"),
]
_COMMANDS = "callboard prompts pull\ncallboard prompts diff\ncallboard prompts push --note 'Shorter answers'"
_PLACES = {
    LATEST: "The newest version of each",
    PRODUCTION: "What is live in production",
    STAGING: "What is in staging",
}


class ExportForm(forms.Form):
    label = forms.ChoiceField(label="Which versions")
    format = forms.ChoiceField(label="As", choices=_FORMATS, widget=forms.RadioSelect)
    folder = forms.CharField(
        label="Folder", required=False, max_length=255, help_text="Only prompts in this folder, such as support/. Empty: all.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, request: ProjectRequest, sent: QueryDict | None = None) -> None:
        initial = {"label": LATEST, "format": "markdown", "folder": texts.clean(request.GET.get("folder", ""))[:255]}
        super().__init__(sent, initial=initial)
        used = Label.objects.filter(project=request.project).order_by("name").values_list("name", flat=True).distinct()
        choices = {**_PLACES, **{name: f"What «{name}» points to" for name in used[:50] if name not in _PLACES}}
        self.fields["label"] = forms.ChoiceField(label="Which versions", choices=list(choices.items()))


@requires(Action.READ_PROMPTS)
def page(request: ProjectRequest) -> HttpResponse:
    """Ask what to take away, and how it is written."""
    return _page(request, ExportForm(request))


@requires(Action.READ_PROMPTS)
def file(request: ProjectRequest) -> HttpResponseBase:
    """Answer with the prompts that were asked for, while they are read."""
    form = ExportForm(request, request.GET)
    if not form.is_valid():
        return _page(request, form, status=422)
    asked = form.cleaned_data
    content_type, _, write = FORMATS[asked["format"]]
    found = exports.prompts_of(project=request.project, label=asked["label"], folder=texts.clean(asked["folder"]))
    ending = "tar.gz" if asked["format"] == "markdown" else "json"
    return download(write(found), name=f"{request.project.slug}-prompts.{ending}", content_type=content_type)


@requires(Action.READ_PROMPTS)
def one_file(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Answer with the newest version of one prompt as a Markdown file."""
    prompt = one(Prompt.objects.for_project(request.project), pk=prompt_id)
    found = exports.newest_of(prompt=prompt)
    body = exports.markdown_of(found) if found else ""
    response = HttpResponse(body, content_type="text/markdown; charset=utf-8")
    name = paths.of_name(prompt.name).rsplit("/", 1)[-1]
    response["Content-Disposition"] = f"attachment; filename=\"prompt.md\"; filename*=UTF-8''{quote(name, safe='')}"
    response["Cache-Control"] = "no-store"
    return response


def _page(request: ProjectRequest, form: ExportForm, *, status: int = 200) -> HttpResponse:
    crumbs = [{"label": "Prompts", "url": reverse("prompts", args=[request.project.slug])}]
    context = {"page_title": "Export prompts", "form": form, "crumbs": crumbs, "commands": _COMMANDS}
    return render_page(request, "prompts/export.html", context, section="prompts", status=status)


urlpatterns: list[URLPattern] = [
    path("prompts/export/", page, name="prompts-export"),
    path("prompts/export/file/", file, name="prompts-export-file"),
    path("prompts/<int:prompt_id>/file/", one_file, name="prompt-file"),
]
