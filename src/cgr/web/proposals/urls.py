"""Addresses about proposals."""

from __future__ import annotations

from django.urls import path

from cgr.web.proposals import views

urlpatterns = [
    path("proposals/", views.proposals, name="proposals"),
    path("proposals/<int:number>/", views.proposal, name="proposal"),
]
