"""Addresses about external systems. "id" keeps a system whose ID is "add" apart from the page that adds one."""

from __future__ import annotations

from django.urls import path

from cgr.web.systems import accounts, views

urlpatterns = [
    path("settings/compatibility/", views.compatibility, name="compatibility"),
    path("settings/systems/", views.systems, name="systems"),
    path("settings/systems/add/", views.add_system, name="add-system"),
    path("settings/systems/id/<str:code>/", views.system, name="system"),
    path("settings/systems/id/<str:code>/accounts/", accounts.linked_accounts, name="linked-accounts"),
    path("settings/systems/id/<str:code>/cgr-dhis2-app.zip", views.app, name="dhis2-app"),
]
