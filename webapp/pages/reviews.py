"""Every address of the review pages; guests have theirs outside of projects (reviews_guest_pages)."""

from __future__ import annotations

from django.urls import URLPattern, path

from webapp.pages import (
    reviews_calibration,
    reviews_guests,
    reviews_list,
    reviews_new,
    reviews_queue,
    reviews_results,
    reviews_work,
)

urlpatterns: list[URLPattern] = [
    *reviews_list.urlpatterns,
    *reviews_new.urlpatterns,
    *reviews_calibration.urlpatterns,
    *reviews_queue.urlpatterns,
    path("reviews/<int:queue_id>/work/", reviews_work.work, name="review"),
    *reviews_results.urlpatterns,
    *reviews_guests.urlpatterns,
]
