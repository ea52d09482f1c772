"""Every address of the pages about experiments, which product managers know as tests."""

from __future__ import annotations

from django.urls import URLPattern

from webapp.pages import experiments_actions, experiments_detail, experiments_form, experiments_list, tryit_testing

urlpatterns: list[URLPattern] = [
    *experiments_list.urlpatterns,
    *experiments_form.urlpatterns,
    *experiments_detail.urlpatterns,
    *experiments_actions.urlpatterns,
    *tryit_testing.urlpatterns,
]
