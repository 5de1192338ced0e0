"""Forms of Types & Hierarchies. What can be chosen follows from what somebody may know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from cgr.web.labels import LabelForm
from cgr.web.types.words import GEOMETRIES
from cgr.web.words import ATTRIBUTE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.errors import CgrError

_CODE: Final = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
_FIELD_OF: Final = {
    "bad-code": "code",
    "code-taken-elsewhere": "code",
    "bad-label": "label",
    "unknown-terms": "terms",
    "terms-without-kind": "terms",
    "attribute-in-use": "kind",
    "type-in-use": "geometry",
    "bad-inheritance": "inherits",
    "unknown-type": "type",
}
_NONE: Final = [("", "–")]


class DefinitionForm(LabelForm):
    """A definition that is there already."""

    def refuse(self, error: CgrError, words: str) -> None:
        """Show what an action refused at the field that it is about."""
        field = _FIELD_OF.get(error.code)
        self.add_error(field if field in self.fields else None, words)

    def offer(self, name: str, choices: Iterable[tuple[str, object]], *, empty: bool = False) -> None:
        """Give a field its choices."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [*(_NONE if empty else ()), *((code, str(words)) for code, words in choices)]


class NewForm(DefinitionForm):
    """A new definition: its code can't change later."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=50,
        help_text=gettext_lazy("Letters, digits, dots, hyphens and underscores. It can't be changed later."),
        widget=forms.TextInput(attrs=_CODE),
    )
    field_order: tuple[str, ...] | None = ("code", "organization", "label", "label_fr")

    def refuse_taken(self, codes: Iterable[str]) -> bool:
        """Refuse a code that something of this kind has; say whether it was refused."""
        taken = self.cleaned_data["code"] in set(codes)
        if taken:
            self.add_error("code", gettext_lazy("This code is taken."))
        return taken


class TypeForm(DefinitionForm):
    """A Geo-Object Type."""

    geometry = forms.ChoiceField(label=gettext_lazy("Geometry"), choices=[*GEOMETRIES.items()], initial="point")


class NewTypeForm(NewForm, TypeForm):
    """A new one."""

    organization = forms.ChoiceField(label=gettext_lazy("Organization"))


class AttributeForm(DefinitionForm):
    """A custom attribute of a type."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[*ATTRIBUTE_KINDS.items()])
    terms = forms.ChoiceField(
        label=gettext_lazy("Tree of terms"), required=False, help_text=gettext_lazy("Only for the kind Term.")
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the tree of terms where there has to be one, and forget one that there can't be."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("kind") != "term":
            given["terms"] = ""
        elif not given.get("terms") and "terms" not in self.errors:
            self.add_error("terms", gettext_lazy("Choose the tree of terms that its values are from."))
        return given


class NewAttributeForm(NewForm, AttributeForm):
    """A new one."""


class NewTermForm(NewForm):
    """A new term; data often brings its own codes, so that nearly anything will do."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=100,
        help_text=gettext_lazy("As the data have it. It can't be changed later."),
        widget=forms.TextInput(attrs=_CODE),
    )


class HierarchyForm(DefinitionForm):
    """A hierarchy."""

    inherits = forms.ChoiceField(
        label=gettext_lazy("Continues"),
        required=False,
        help_text=gettext_lazy("The hierarchy in which its top types stand, and which keeps their parents."),
    )


class NewHierarchyForm(NewForm, HierarchyForm):
    """A new one."""

    organization = forms.ChoiceField(label=gettext_lazy("Organization"))


class PlaceForm(forms.Form):
    """Which type to put there."""

    type = forms.ChoiceField(label=gettext_lazy("Geo-Object Type"))

    def __init__(self, *args: Any, choices: Iterable[tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 - what Django's forms take
        """Offer the types that aren't placed yet."""
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = list(choices)
