"""Addresses of the audit log."""

from __future__ import annotations

from django.urls import path

from cgr.web.trail import views

urlpatterns = [
    path("settings/audit/", views.audit, name="audit"),
    path("settings/audit.csv", views.audit_csv, name="audit-csv"),
]
