"""Forms about people. Which organizations can be chosen follows from the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy

from cgr.accounts import queries
from cgr.accounts.actions import SYSTEM_ADMINISTRATOR
from cgr.accounts.policy import Permission, may
from cgr.web.words import ROLES, in_reader_language

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


class RoleForm(forms.Form):
    """A role, and where."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    organization = forms.ChoiceField(label=gettext_lazy("Organization"), required=False)
    types = forms.CharField(
        label=gettext_lazy("Only these Geo-Object Types (codes, separated by blanks; empty: all)"), required=False
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - what Django's forms take
        """Offer what the actor may give."""
        super().__init__(*args, **kwargs)
        places = queries.organizations(actor, permission=Permission.MANAGE_PEOPLE)
        whole = may(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
        roles = [(code, word) for code, word in ROLES.items() if whole or code != SYSTEM_ADMINISTRATOR]
        organizations = [(row.code, in_reader_language(row.label)) for row in places]
        for name, choices in (("role", roles), ("organization", [("", "–"), *organizations])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
            field.choices = choices

    def chosen(self) -> dict[str, Any]:
        """Give role, organization and types as the actions take them."""
        given = self.cleaned_data
        return {"role": given["role"], "organization": given["organization"], "types": given["types"].split()}


class NewPersonForm(RoleForm):
    """A person with a first role."""

    name = forms.CharField(label=gettext_lazy("Sign-in name"), max_length=150)
    email = forms.EmailField(label=gettext_lazy("E-mail address"), required=False)
    password = forms.CharField(
        label=gettext_lazy("First password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("name", "email", "password", "role", "organization", "types")
