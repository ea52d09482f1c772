"""Every address of the prompt pages."""

from __future__ import annotations

from django.urls import URLPattern

from webapp.pages import (
    prompts_approval,
    prompts_care,
    prompts_conflicts,
    prompts_editor,
    prompts_list,
    prompts_publishing,
    prompts_schedule,
    prompts_versions,
)

urlpatterns: list[URLPattern] = [
    *prompts_list.urlpatterns,
    *prompts_editor.urlpatterns,
    *prompts_conflicts.urlpatterns,
    *prompts_versions.urlpatterns,
    *prompts_publishing.urlpatterns,
    *prompts_approval.urlpatterns,
    *prompts_schedule.urlpatterns,
    *prompts_care.urlpatterns,
]
