"""Addresses of the settings' own pages."""

from __future__ import annotations

from django.urls import path

from cgr.web.settings import views

urlpatterns = [
    path("settings/", views.overview, name="settings"),
    path("settings/localization/", views.localization, name="localization"),
    path("settings/organizations/", views.organizations, name="organizations"),
    path("settings/organizations/add/", views.add_organization, name="add-organization"),
    path("settings/organizations/id/<str:organization>/", views.organization, name="organization"),
]
