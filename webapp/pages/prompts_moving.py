"""Taking a prompt into another project: first the page that says what that means, then the move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from projects.models import Membership, Project, User
from projects.roles import ROLES_ALLOWED, Action
from prompt_registry import copies, queries
from prompt_registry.errors import PromptRegistryError
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_frame import prompt_of, render_prompt


class Move(forms.Form):
    project = forms.TypedChoiceField(label="To the project", coerce=int)
    name = forms.CharField(
        label="Name there", max_length=255, help_text="Applications of that project ask for it by this name.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, *args: Any, projects: Sequence[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].choices = [(project.pk, project.name) for project in projects]  # type: ignore[attr-defined]


@requires(Action.EDIT_PROMPTS)
def move(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Say what a move means; a POST moves."""
    prompt = prompt_of(request, prompt_id)
    projects = editable_projects(request.user, without=request.project)
    initial = {"name": prompt.name}
    form = Move(request.POST if request.method == "POST" else None, initial=initial, projects=projects)
    if form.is_bound and form.is_valid():
        to = next(project for project in projects if project.pk == form.cleaned_data["project"])
        try:
            moved = copies.move(prompt=prompt, to=to, name=form.cleaned_data["name"], by=request.user)
        except PromptRegistryError as error:
            form.add_error("name", str(error))
        else:
            messages.success(
                request, f"{moved.name} is in {to.name} now, with all its versions. Nothing is live there yet."
            )
            return redirect("prompt-versions", to.slug, moved.pk)
    context = {
        "form": form,
        "projects": projects,
        "version_count": prompt.versions.count(),
        "writers": [one.user for one in queries.writers(prompt=prompt, reader=request.user, now=timezone.now())],
        "has_moved": prompt.moved_to_id is not None,
    }
    return render_prompt(request, "prompts/move.html", prompt, context, tab="", status=422 if form.is_bound else 200)


def editable_projects(person: User, *, without: Project) -> list[Project]:
    """Return the other projects in which somebody may change prompts."""
    found = Membership.objects.filter(user=person, role__in=ROLES_ALLOWED[Action.EDIT_PROMPTS]).exclude(project=without)
    return [membership.project for membership in found.select_related("project").order_by("project__name")[:200]]


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/move/", move, name="prompt-move")]
