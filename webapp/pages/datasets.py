"""Every address of the dataset pages."""

from __future__ import annotations

from django.urls import URLPattern

from webapp.pages import (
    datasets_calls,
    datasets_care,
    datasets_clean,
    datasets_coverage,
    datasets_detail,
    datasets_imports,
    datasets_items,
    datasets_list,
    datasets_revisions,
)

urlpatterns: list[URLPattern] = [
    *datasets_list.urlpatterns,
    *datasets_calls.urlpatterns,
    *datasets_detail.urlpatterns,
    *datasets_items.urlpatterns,
    *datasets_revisions.urlpatterns,
    *datasets_imports.urlpatterns,
    *datasets_care.urlpatterns,
    *datasets_coverage.urlpatterns,
    *datasets_clean.urlpatterns,
]
