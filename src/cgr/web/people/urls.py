"""Addresses about people."""

from __future__ import annotations

from django.urls import path

from cgr.web.people import views

urlpatterns = [
    path("settings/people/", views.people, name="people"),
    path("settings/people/add/", views.add_person, name="add-person"),
    path("settings/people/<int:key>/", views.person, name="person"),
]
