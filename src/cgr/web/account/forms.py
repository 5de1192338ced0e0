"""Forms about oneself."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.utils.translation import gettext_lazy

from cgr.accounts.actions.tokens import LONGEST_LIFE
from cgr.web.words import SCOPES

_NEW_PASSWORD = {"autocomplete": "new-password"}


class SignInForm(LoginForm):  # type: ignore[misc] # allauth says nothing of its types
    """Name and password, under the names that browsers and password managers know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as allauth calls it
        """Leave out what allauth shows in the empty fields: there are labels."""
        super().__init__(*args, **kwargs)
        self.fields["login"].label = gettext_lazy("Sign-in name")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def add_prefix(self, field_name: str) -> str:
        """Call the field `username` on the page."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class PersonForm(forms.Form):
    """Who the first administrator is."""

    name = forms.CharField(
        label=gettext_lazy("Sign-in name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address (for a new password; may stay empty)"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"), strip=False, widget=forms.PasswordInput(attrs=_NEW_PASSWORD)
    )
    again = forms.CharField(
        label=gettext_lazy("The same password again"), strip=False, widget=forms.PasswordInput(attrs=_NEW_PASSWORD)
    )

    def clean_again(self) -> str:
        """Refuse a slip of the fingers, which nobody sees in a password."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError(gettext_lazy("The two passwords differ."))
        return again


class EmailForm(forms.Form):
    """Where a link for a new password goes."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class TokenForm(forms.Form):
    """What a new token is for."""

    name = forms.CharField(label=gettext_lazy("Name: what will use it"), max_length=50)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[*SCOPES.items()],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label=gettext_lazy("Good for how many days"), min_value=1, max_value=LONGEST_LIFE, initial=90
    )
