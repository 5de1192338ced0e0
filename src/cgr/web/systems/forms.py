"""The registration of an external system, with the fields of the manual page and the ways to sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from cgr.accounts import queries as accounts
from cgr.accounts.policy import Permission
from cgr.systems.signing_in import BASIC, CODE, OAUTH2, PASSWORD, TOKEN, SignIn
from cgr.web.labels import LabelForm, label_initial
from cgr.web.systems.words import GRANTS, KINDS, SIGN_INS
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import QueryDict

    from cgr.accounts.actors import Actor
    from cgr.core.errors import CgrError
    from cgr.systems.models import ExternalSystem

_FIELD_OF = {
    "bad-code": "code",
    "code-taken": "code",
    "bad-localized-text": "label",
    "bad-url": "url",
    "bad-address": "url",
    "bad-username": "username",
    "username-missing": "username",
    "bad-client": "client_id",
    "oauth-version": "auth",
}
_ABOUT_THE_SECRET = frozenset({"bad-secret", "secret-missing", "secret-needed-again"})
_FOR_CONNECTING = frozenset(
    {"organization", "url", "auth", "username", "password", "token", "client_id", "client_secret", "grant"}
)
_SECRETS = ("password", "token", "client_secret")


def _secret(label: Any) -> forms.CharField:  # noqa: ANN401 - a text or a lazy one
    # Never filled in again: whoever looks at the page's source would read it.
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, required=False, max_length=4000, widget=widget)


class SystemForm(LabelForm):
    """A system that is there already: all but type, organization and ID can change."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    url = forms.CharField(
        label=gettext_lazy("URL"),
        max_length=500,
        help_text=gettext_lazy("Where people open this DHIS2, as in https://hmis.example.org"),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
    )
    auth = forms.ChoiceField(
        label=gettext_lazy("Sign-in"), choices=SIGN_INS.items(), initial=BASIC, widget=forms.RadioSelect
    )
    client_id = forms.CharField(label=gettext_lazy("Client ID"), max_length=230, required=False)
    client_secret = _secret(gettext_lazy("Client secret"))
    grant = forms.ChoiceField(
        label=gettext_lazy("Grant"), choices=GRANTS.items(), initial=CODE, required=False, widget=forms.RadioSelect
    )
    people_sign_in = forms.BooleanField(
        label=gettext_lazy("People may sign in here with their account of this DHIS2"), required=False
    )
    username = forms.CharField(
        label=gettext_lazy("Username"),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = _secret(gettext_lazy("Password"))
    token = _secret(gettext_lazy("Personal access token"))

    def __init__(self, row: ExternalSystem | None, data: QueryDict | None = None) -> None:
        """Take what is known of the system; None for one that isn't registered yet."""
        super().__init__(data, initial=_known(row) if row else {})
        self.saved = _saved(row) if row else frozenset()
        for name in _SECRETS:
            if name in self.saved:
                self.fields[name].help_text = gettext_lazy("Saved. Leave it empty to keep it.")

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way to sign in needs."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        kind, grant = given.get("auth"), given.get("grant") or CODE
        needed = {BASIC: ["username"], OAUTH2: ["client_id"]}.get(kind or "", [])
        if kind == OAUTH2 and grant == PASSWORD:
            needed = [*needed, "username"]
            if given.get("people_sign_in"):
                self.add_error("people_sign_in", gettext("This needs the grant with a person's consent."))
        for name in needed:
            if not given.get(name) and name not in self.errors:
                self.add_error(name, gettext("This field is required."))
        return given

    def sign_in(self) -> SignIn:
        """Give the way to sign in, without what belongs to another one; an empty secret stays as it is."""
        given = self.cleaned_data
        kind, grant = given["auth"], given["grant"] or CODE
        if kind == TOKEN:
            return SignIn(TOKEN, secret=given["token"] or None)
        if kind == BASIC:
            return SignIn(BASIC, given["username"], secret=given["password"] or None)
        by_password = grant == PASSWORD
        return SignIn(
            OAUTH2,
            given["username"] if by_password else "",
            secret=given["client_secret"] or None,
            client_id=given["client_id"],
            grant=grant,
            password=(given["password"] or None) if by_password else None,
            people_sign_in=given["people_sign_in"],
        )

    def refuse(self, error: CgrError, words: str) -> None:
        """Show what an action refused at the field that it is about."""
        field = _FIELD_OF.get(error.code)
        if error.code in _ABOUT_THE_SECRET:
            field = self._secret_field()
        self.add_error(field if field in self.fields else None, words)

    def _secret_field(self) -> str:
        given = self.cleaned_data
        if given["auth"] == TOKEN:
            return "token"
        if given["auth"] == BASIC:
            return "password"
        by_password = given["grant"] == PASSWORD
        needs_client = given["client_secret"] or "client_secret" in self.saved
        return "password" if by_password and not (needs_client and not given["client_secret"]) else "client_secret"


class NewSystemForm(SystemForm):
    """A system to register: what can't change later comes first."""

    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=KINDS.items())
    organization = forms.ChoiceField(label=gettext_lazy("Organization"))
    code = forms.CharField(
        label=gettext_lazy("ID"),
        max_length=50,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It can't be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("type", "organization", "code")

    def __init__(self, actor: Actor, data: QueryDict | None = None) -> None:
        """Offer the organizations whose systems the actor manages."""
        super().__init__(None, data)
        places = accounts.organizations(actor, permission=Permission.MANAGE_SYSTEMS)
        field = self.fields["organization"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [(row.code, in_reader_language(row.label)) for row in places]

    def can_be_tried(self) -> bool:
        """Say whether the connection can be tried as it is; what only matters for registering may still be missing."""
        self.is_valid()
        for name in set(self.errors) - _FOR_CONNECTING:
            del self.errors[name]
        return not self.errors


class LinkForm(forms.Form):
    """Who here is which account there."""

    person = forms.CharField(label=gettext_lazy("Sign-in name here"), max_length=150)
    username = forms.CharField(label=gettext_lazy("Username in that DHIS2"), max_length=255)


def _known(row: ExternalSystem) -> dict[str, object]:
    return {
        **label_initial(row.label),
        "description": row.description,
        "url": row.url,
        "auth": row.auth_kind,
        "client_id": row.client_id,
        "grant": row.grant or CODE,
        "people_sign_in": row.people_sign_in,
        "username": row.username,
    }


def _saved(row: ExternalSystem) -> frozenset[str]:
    """Give the secret fields that something is kept for."""
    first = {BASIC: "password", TOKEN: "token", OAUTH2: "client_secret"}[row.auth_kind]
    kept = {first: row.sealed_secret}
    if row.auth_kind == OAUTH2:
        kept["password"] = row.sealed_password
    return frozenset(name for name, sealed in kept.items() if sealed)
