"""Addresses about oneself. allauth's flows find their next page by the names that begin with account_ and mfa_."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from cgr.web.account import views

_sign_in = account.LoginView.as_view(template_name="web/sign_in.html")

urlpatterns = [
    path("sign-in/", _sign_in, name="sign-in"),
    path("sign-in/", _sign_in, name="account_login"),
    path(
        "sign-in/code/",
        mfa.AuthenticateView.as_view(template_name="web/account/code.html"),
        name="mfa_authenticate",
    ),
    path(
        "sign-in/switched-off/",
        account.AccountInactiveView.as_view(template_name="web/account/switched_off.html"),
        name="account_inactive",
    ),
    path("sign-out/", LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path("first-administrator/<str:secret>/", views.first_administrator, name="first-administrator"),
    path("password/forgotten/", views.ForgottenPassword.as_view(), name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        account.PasswordResetDoneView.as_view(template_name="web/account/link_sent.html"),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.PasswordResetFromKeyView.as_view(template_name="web/account/new_password.html"),
        name="account_reset_password_from_key",
    ),
    path(
        "password/new/done/",
        account.PasswordResetFromKeyDoneView.as_view(template_name="web/account/new_password_done.html"),
        name="account_reset_password_from_key_done",
    ),
    path(
        "confirm/",
        account.ReauthenticateView.as_view(template_name="web/account/confirm.html"),
        name="account_reauthenticate",
    ),
    path(
        "confirm/code/",
        mfa.ReauthenticateView.as_view(template_name="web/account/confirm.html"),
        name="mfa_reauthenticate",
    ),
    path("settings/account/", views.profile, name="account"),
    path("settings/account/email/", views.email, name="email"),
    path(
        "settings/account/password/",
        views.ChangePassword.as_view(),
        name="account_change_password",
    ),
    path(
        "settings/account/second-factor/",
        mfa.IndexView.as_view(template_name="web/account/second_factor.html"),
        name="mfa_index",
    ),
    path("settings/account/second-factor/set-up/", views.SetUpSecondFactor.as_view(), name="mfa_activate_totp"),
    path(
        "settings/account/second-factor/remove/",
        totp.DeactivateTOTPView.as_view(template_name="web/account/second_factor_remove.html"),
        name="mfa_deactivate_totp",
    ),
    path(
        "settings/account/recovery-codes/",
        recovery.ViewRecoveryCodesView.as_view(template_name="web/account/recovery_codes.html"),
        name="mfa_view_recovery_codes",
    ),
    path(
        "settings/account/recovery-codes/new/",
        recovery.GenerateRecoveryCodesView.as_view(template_name="web/account/recovery_codes_new.html"),
        name="mfa_generate_recovery_codes",
    ),
    path("settings/account/sessions/", views.sessions, name="sessions"),
    path("settings/account/sessions/<int:key>/end/", views.end_session, name="end-session"),
    path("settings/account/tokens/", views.tokens, name="tokens"),
    path("settings/account/tokens/revoke/", views.revoke_token, name="revoke-token"),
]
