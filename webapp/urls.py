"""Every address of the site. Each view declares who may call it (webapp/access.py); a test walks this table."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from webapp import csp_reports, health, metrics, sdk_wheel
from webapp.accounts import urls as accounts
from webapp.api import urls as api
from webapp.pages import (
    costs,
    dashboards,
    datasets,
    evaluators,
    experiments,
    exports,
    exports_training,
    feedback,
    issues,
    notifications,
    outcomes,
    overview,
    projects,
    prompts,
    reviews,
    reviews_guest_pages,
    rollouts,
    search,
    settings_urls,
    start,
    system,
    traces,
    traces_public,
    weekly_reports,
)

handler404 = "webapp.errors.not_found"
handler500 = "webapp.errors.failed"

project_urls: list[URLPattern | URLResolver] = [
    *overview.urlpatterns,
    *weekly_reports.urlpatterns,
    *prompts.urlpatterns,
    *datasets.urlpatterns,
    *rollouts.urlpatterns,
    *issues.urlpatterns,
    *experiments.urlpatterns,
    *evaluators.urlpatterns,
    *traces.urlpatterns,
    *costs.urlpatterns,
    *feedback.urlpatterns,
    *outcomes.urlpatterns,
    *dashboards.urlpatterns,
    *exports.urlpatterns,
    *exports_training.urlpatterns,
    *reviews.urlpatterns,
    *start.urlpatterns,
    *search.urlpatterns,
    *settings_urls.urlpatterns,
]

urlpatterns: list[URLPattern | URLResolver] = [
    *projects.urlpatterns,
    path("p/<slug:slug>/", include(project_urls)),
    *notifications.urlpatterns,
    *system.urlpatterns,
    *exports.download_patterns,
    *reviews_guest_pages.urlpatterns,
    *traces_public.urlpatterns,
    *accounts.urlpatterns,
    *api.urlpatterns,
    *health.urlpatterns,
    *metrics.urlpatterns,
    *csp_reports.urlpatterns,
    *sdk_wheel.urlpatterns,
]

if settings.DEBUG:
    from webapp import gallery

    urlpatterns += gallery.urlpatterns
