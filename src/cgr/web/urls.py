"""Which page answers which address."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import include, path

from cgr.web import oauth, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", auth.LoginView.as_view(template_name="web/sign_in.html"), name="sign-in"),
    path("sign-out/", auth.LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    *oauth.urlpatterns,
    path("language/", include("django.conf.urls.i18n")),
]
