"""Labels on forms: the text without a language, and one for each other language that the pages are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy

from cgr.core.localized import DEFAULT, parse_localized

if TYPE_CHECKING:
    from cgr.core.definitions import Label
    from cgr.core.records import Localized

_SHOWN = frozenset({DEFAULT, "fr"})


class LabelForm(forms.Form):
    """Something with a label."""

    label = forms.CharField(label=gettext_lazy("Label"), max_length=200)
    label_fr = forms.CharField(label=gettext_lazy("Label in French"), max_length=200, required=False)

    def localized_label(self, former: Label | None = None) -> Localized:
        """Give the label; what it says in languages that the form doesn't show stays."""
        known = {} if former is None else parse_localized(former)
        others = {key: text for key, text in known.items() if key not in _SHOWN}
        french = self.cleaned_data["label_fr"]
        return {DEFAULT: self.cleaned_data["label"], **({"fr": french} if french else {}), **others}


def label_initial(label: Label) -> dict[str, str]:
    """Give what the form shows of a label that is there."""
    known = parse_localized(label)
    return {"label": known[DEFAULT], "label_fr": known.get("fr", "")}
