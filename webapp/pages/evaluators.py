"""Every address of the pages about evaluators, which are called checks there."""

from __future__ import annotations

from django.urls import URLPattern

from webapp.pages import evaluators_care, evaluators_detail, evaluators_list, evaluators_making, online, online_making

urlpatterns: list[URLPattern] = [
    *evaluators_list.urlpatterns,
    *evaluators_making.urlpatterns,
    *evaluators_detail.urlpatterns,
    *evaluators_care.urlpatterns,
    *online.urlpatterns,
    *online_making.urlpatterns,
]
