"""Making prompts: an empty one, or a copy that begins with a version of another."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from projects.roles import Action
from prompt_registry import copies, prompts
from prompt_registry.errors import PromptRegistryError, VersionUnknown
from prompt_registry.models import Prompt, PromptType, PromptVersion
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.pages.prompts_list import Asked, crumbs_of
from webapp.render import render_page

AS_DRAFT, AS_VERSION = "draft", "version"
MAX_NUMBERS = 200


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


class Duplicate(forms.Form):
    name = NewPrompt.base_fields["name"]
    version = forms.TypedChoiceField(label="Begin with", coerce=int)
    how = forms.ChoiceField(
        label="As", initial=AS_VERSION, widget=forms.RadioSelect,
        choices=[
            (AS_VERSION, "Version 1 of the new prompt, saved at once."),
            (AS_DRAFT, "My draft: I change it first, then save."),
        ],
    )  # fmt: skip

    def __init__(self, *args: Any, numbers: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [(number, f"v{number}") for number in numbers]  # type: ignore[attr-defined]


@requires(Action.EDIT_PROMPTS)
def new_prompt(request: ProjectRequest) -> HttpResponseBase:
    """Make an empty prompt and open the editor."""
    initial = {"type": PromptType.CHAT, "name": request.GET.get("folder", "")[:255]}
    form = NewPrompt(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            prompt = prompts.create(project=request.project, by=request.user, **form.cleaned_data)
        except PromptRegistryError as error:
            form.add_error("name", str(error))
        else:
            return redirect("prompt", request.project.slug, prompt.pk)
    context = {"page_title": "New prompt", "form": form, "crumbs": crumbs_of(request.project, Asked(), is_below=True)}
    return render_page(request, "prompts/new.html", context, section="prompts", status=422 if form.is_bound else 200)


@requires(Action.EDIT_PROMPTS)
def duplicate(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Make another prompt that begins with a version of this one."""
    source = prompt_of(request, prompt_id)
    chosen = _chosen(source, number_in(request.GET, "version"))
    numbers = list(source.versions.order_by("-number").values_list("number", flat=True)[:MAX_NUMBERS])
    numbers = list(dict.fromkeys([chosen.number, *numbers])) if chosen else []
    initial = {"name": f"{source.name}-copy"[:255], "version": chosen.number if chosen else 0, "how": AS_VERSION}
    form = Duplicate(request.POST if request.method == "POST" else None, initial=initial, numbers=numbers)
    if form.is_bound and form.is_valid():
        version = copies.newest_or(source, form.cleaned_data["version"])
        is_draft = form.cleaned_data["how"] == AS_DRAFT
        try:
            made = copies.duplicate(version=version, name=form.cleaned_data["name"], as_draft=is_draft, by=request.user)
        except PromptRegistryError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"This begins with v{version.number} of {source.name}.")
            return redirect("prompt", request.project.slug, made.pk)
    context = {"page_title": f"Copy of {source.name}", "form": form, "source": source, "has_versions": bool(numbers)}
    return render_prompt(
        request, "prompts/duplicate.html", source, context, tab="", status=422 if form.is_bound else 200
    )


def _chosen(source: Prompt, number: int) -> PromptVersion | None:
    try:
        return copies.newest_or(source, number)
    except VersionUnknown:
        if number:
            raise Http404 from None
        return None


urlpatterns: list[URLPattern] = [
    path("prompts/new/", new_prompt, name="prompt-new"),
    path("prompts/<int:prompt_id>/duplicate/", duplicate, name="prompt-duplicate"),
]
