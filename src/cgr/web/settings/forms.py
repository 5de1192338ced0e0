"""Forms of the settings' own pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy

from cgr.core.zones import by_region
from cgr.web.labels import LabelForm


class OrganizationForm(LabelForm):
    """An organization that is there already: only its label can change."""


class NewOrganizationForm(OrganizationForm):
    """A new one."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=50,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It can't be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )
    field_order = ("code", "label", "label_fr")


class LocalizationForm(forms.Form):
    """How the pages are shown to somebody."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - what Django's forms take
        """Offer what the product and the machine have."""
        super().__init__(*args, **kwargs)
        language, zone = self.fields["language"], self.fields["time_zone"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101 - tells the type checker
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101 - tells the type checker
        language.choices = [("", gettext_lazy("As the browser asks")), *settings.LANGUAGES]
        zone.choices = [("", "UTC"), *by_region(available_timezones())]
