"""Every address of the pages about experiments, which product managers know as tests."""

from __future__ import annotations

from django.urls import URLPattern

from webapp.pages import (
    experiments_actions,
    experiments_comparison,
    experiments_detail,
    experiments_export,
    experiments_form,
    experiments_list,
    experiments_row,
    experiments_use,
    tryit_testing,
)

urlpatterns: list[URLPattern] = [
    *experiments_list.urlpatterns,
    *experiments_form.urlpatterns,
    *experiments_detail.urlpatterns,
    *experiments_actions.urlpatterns,
    *experiments_comparison.urlpatterns,
    *experiments_row.urlpatterns,
    *experiments_use.urlpatterns,
    *experiments_export.urlpatterns,
    *tryit_testing.urlpatterns,
]
