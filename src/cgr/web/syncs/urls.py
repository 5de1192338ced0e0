"""Addresses about synchronizations. "id" keeps one whose ID is "add" apart from the page that adds one."""

from __future__ import annotations

from django.urls import path

from cgr.web.syncs import editing, notices, views

urlpatterns = [
    path("synchronization/", views.syncs, name="syncs"),
    path("synchronization/add/", editing.add_sync, name="add-sync"),
    path("synchronization/lists/", editing.refresh_lists, name="refresh-lists"),
    path("synchronization/terms/", views.terms, name="terms-in-use"),
    path("synchronization/id/<str:code>/", views.sync, name="sync"),
    path("synchronization/id/<str:code>/edit/", editing.edit_sync, name="edit-sync"),
    path("synchronization/id/<str:code>/delete/", views.delete_sync, name="delete-sync"),
    path("synchronization/id/<str:code>/run/", views.run_sync, name="run-sync"),
    path("synchronization/id/<str:code>/schedule/", views.schedule, name="schedule-sync"),
    path("synchronization/id/<str:code>/notices/", notices.notices, name="notices-of-sync"),
    path("synchronization/id/<str:code>/runs/", views.runs_of_sync, name="runs-of-sync"),
]
