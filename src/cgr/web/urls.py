"""Which page answers which address."""

from __future__ import annotations

from django.urls import include, path

from cgr.web import documents, oauth, views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("cgr.web.explorer.urls")),
    path("", include("cgr.web.account.urls")),
    path("", include("cgr.web.people.urls")),
    path("", include("cgr.web.settings.urls")),
    path("", include("cgr.web.runs.urls")),
    path("", include("cgr.web.systems.urls")),
    path("", include("cgr.web.syncs.urls")),
    path("", include("cgr.web.trail.urls")),
    path("", include("cgr.web.types.urls")),
    path("", include("cgr.web.imports.urls")),
    path("", include("cgr.web.proposals.urls")),
    *oauth.urlpatterns,
    *documents.urlpatterns,
    path("language/", include("django.conf.urls.i18n")),
]
