"""Addresses about imports."""

from __future__ import annotations

from django.urls import path

from cgr.web.imports import files, problems, refused, runs, wizard

urlpatterns = [
    path("import/", wizard.start, name="import"),
    path("import/levels/", wizard.levels, name="import-levels"),
    path("import/fields/", wizard.fields, name="import-fields"),
    path("import/file/", files.bring, name="import-file"),
    path("import/file/<int:upload>/", files.columns, name="import-columns"),
    path("import/<str:run>/", runs.import_run, name="import-run"),
    path("import/<str:run>/places/", runs.places, name="import-places"),
    path("import/<str:run>/problems/", problems.problems, name="import-problems"),
    path("import/<str:run>/refused.csv", refused.download, name="import-refused"),
    path("import/<str:run>/problems/above/", problems.above, name="import-above"),
]
