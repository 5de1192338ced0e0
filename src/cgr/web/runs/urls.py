"""Addresses about runs."""

from __future__ import annotations

from django.urls import path

from cgr.web.runs import drift, files, jobs, lines, views

urlpatterns = [
    path("jobs/", jobs.jobs, name="jobs"),
    path("runs/<int:run>/", views.run, name="run"),
    path("runs/<int:run>/live/", views.live, name="run-live"),
    path("runs/<int:run>/undo/", views.undo, name="undo-run"),
    path("runs/<int:run>/lines/<int:line>/", lines.line, name="run-line"),
    path("runs/<int:run>/map.geojson", files.places, name="run-map"),
    path("runs/<int:run>/report.<str:extension>", files.report, name="run-report"),
    path("synchronization/id/<str:code>/drift/", drift.drift, name="drift"),
]
