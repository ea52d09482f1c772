"""Every address of the prompt pages."""

from __future__ import annotations

from django.urls import URLPattern

from webapp.pages import (
    prompts_approval,
    prompts_bulk,
    prompts_care,
    prompts_comments,
    prompts_conflicts,
    prompts_editor,
    prompts_export,
    prompts_import,
    prompts_included,
    prompts_list,
    prompts_making,
    prompts_moving,
    prompts_pasting,
    prompts_presence,
    prompts_publishing,
    prompts_recalls,
    prompts_request_talk,
    prompts_schedule,
    prompts_try_example,
    prompts_users,
    prompts_versions,
    replays,
    tryit,
    tryit_actions,
)

urlpatterns: list[URLPattern] = [
    *prompts_list.urlpatterns,
    *prompts_import.urlpatterns,
    *prompts_export.urlpatterns,
    *prompts_bulk.urlpatterns,
    *prompts_making.urlpatterns,
    *prompts_editor.urlpatterns,
    *prompts_try_example.urlpatterns,
    *prompts_included.urlpatterns,
    *prompts_conflicts.urlpatterns,
    *prompts_pasting.urlpatterns,
    *prompts_presence.urlpatterns,
    *prompts_versions.urlpatterns,
    *prompts_publishing.urlpatterns,
    *prompts_recalls.urlpatterns,
    *prompts_request_talk.urlpatterns,
    *prompts_comments.urlpatterns,
    *prompts_approval.urlpatterns,
    *prompts_schedule.urlpatterns,
    *prompts_care.urlpatterns,
    *prompts_moving.urlpatterns,
    *prompts_users.urlpatterns,
    *tryit.urlpatterns,
    *tryit_actions.urlpatterns,
    *replays.urlpatterns,
]
