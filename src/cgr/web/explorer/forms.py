"""The forms of the Explorer: a new value from a day on, or the whole history corrected, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from cgr.core.draft_rules import code_problem
from cgr.core.drafts import History, Since
from cgr.core.ids import may_be_uid
from cgr.core.numbers import whole_number
from cgr.core.periods import periods_problem
from cgr.web.explorer.kinds import InLanguages, Kind, Nothing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cgr.core.drafts import Period, Writing

SINCE, HISTORY = "since", "history"
_MORE_ROWS = 2
_MOST_ROWS = 500


def _day_field(label: Any, **options: Any) -> forms.DateField:  # noqa: ANN401 - a lazy text; Django's options
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class ValueForm(forms.Form):
    """A value of some kind, with what else a form has to say of it."""

    def __init__(self, *arguments: Any, kind: Kind, value: object = None, **options: Any) -> None:  # noqa: ANN401 - Django's
        """Take the kind and what to show of it."""
        super().__init__(*arguments, **options)
        self._kind = kind
        own = kind.fields()
        if value is not None:
            self.initial = {**kind.shown(value), **self.initial}
        self.fields = {**own, **self.fields}

    def clean(self) -> dict[str, Any]:
        """Read the value as its kind does."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            given["read"] = self._kind.read(given)
        return given


class SinceForm(ValueForm):
    """The value that holds from a day on."""

    start = _day_field(gettext_lazy("From"), required=True)


class PeriodForm(ValueForm):
    """One period of a history; the end is the first day without it."""

    starts = _day_field(gettext_lazy("From"), required=False)
    ends = _day_field(gettext_lazy("To (first day without it)"), required=False)
    remove = forms.BooleanField(label=gettext_lazy("Remove"), required=False)


class ChangeForm:
    """Both ways to change a value over time, of which one is chosen. `errors` are those about the form as a whole."""

    def __init__(
        self,
        kind: Kind,
        periods: list[Period],
        *,
        on: date,
        data: Mapping[str, Any] | None = None,
        required: bool = False,
        overlaps: bool = False,
    ) -> None:
        """Take how values are typed and the history; `required`: a value can't be taken away from a day on."""
        self.errors: list[str] = []
        self.only_history = isinstance(kind, Nothing)
        self.way = HISTORY if self.only_history else (data or {}).get("way", SINCE)
        self._required, self._overlaps = required, overlaps
        shown = next((one["value"] for one in periods if _contains(one, on)), None)
        since, history = (data if self.way == way else None for way in (SINCE, HISTORY))
        self.since = SinceForm(since, prefix="since", kind=kind, value=shown, initial={"start": on})
        rows = self._count(data) if history is not None and data is not None else len(periods) + _MORE_ROWS
        self.rows = [
            PeriodForm(history, prefix=f"period-{place}", kind=kind, **_shown(periods, place)) for place in range(rows)
        ]
        self.number_of_rows = rows

    @staticmethod
    def _count(data: Mapping[str, Any]) -> int:
        return min(whole_number(str(data.get("rows", ""))) or 0, _MOST_ROWS)

    def writing(self) -> Writing | None:
        """Give what is to be written, or None with errors at the fields or in `errors`."""
        return self._since() if self.way == SINCE else self._history()

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors and not any(form.errors for form in (self.since, *self.rows) if form.is_bound)

    def _since(self) -> Writing | None:
        if not self.since.is_valid():
            return None
        value = self.since.cleaned_data["read"]
        if value is None and self._required:
            self.errors.append(gettext("There has to be a value."))
            return None
        return Since(self.since.cleaned_data["start"].isoformat(), value)

    def _history(self) -> Writing | None:
        if not all([row.is_valid() for row in self.rows]):  # noqa: C419 - all of them shall say what is wrong
            return None
        periods: list[Period] = []
        for row in self.rows:
            given = row.cleaned_data
            starts, ends = given.get("starts"), given.get("ends")
            empty = given["read"] is None or (self.only_history and not row.has_changed() and not row.initial)
            if given.get("remove") or (empty and starts is None and ends is None):
                continue
            if given["read"] is None:
                row.add_error(None, gettext("This period has no value."))
                continue
            periods.append(
                {"from": starts and starts.isoformat(), "to": ends and ends.isoformat(), "value": given["read"]}
            )
        if not self.is_good:
            return None
        if not periods and self._required:
            self.errors.append(gettext("There has to be at least one period."))
        elif problem := _overlap(periods, overlaps=self._overlaps):
            self.errors.append(problem)
        return None if self.errors else History(periods)


def _overlap(periods: list[Period], *, overlaps: bool) -> str | None:
    for one in periods:
        if one["from"] and one["to"] and str(one["from"]) >= str(one["to"]):
            return gettext("A period ends on %(end)s, not after its beginning.") % {"end": one["to"]}
    if periods_problem(periods, overlaps=overlaps):
        return gettext("Two periods overlap; end the first where the second begins.")
    return None


def _contains(period: Period, on: date) -> bool:
    day = on.isoformat()
    return str(period["from"] or "") <= day < str(period["to"] or "~")


def _shown(periods: list[Period], place: int) -> dict[str, Any]:
    if place >= len(periods):
        return {}
    period = periods[place]
    return {"value": period["value"], "initial": {"starts": period["from"], "ends": period["to"], "known": True}}


class InvalidForm(forms.Form):
    """Whether an object is marked as wrong: a synchronization then leaves it out."""

    invalid = forms.BooleanField(label=gettext_lazy("Invalid: synchronizations leave it out"), required=False)


class ExternalIdForm(forms.Form):
    """What an external system calls an object; empty: nothing."""

    value = forms.CharField(
        label=gettext_lazy("External ID"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Leave it empty to remove the ID."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *arguments: Any, system_kind: str, **options: Any) -> None:  # noqa: ANN401 - Django's
        """Take what kind of system it is."""
        super().__init__(*arguments, **options)
        self._kind = system_kind

    def clean_value(self) -> str | None:
        """Refuse what can't be an id there."""
        value: str = self.cleaned_data["value"]
        if value and self._kind == "dhis2" and not may_be_uid(value):
            raise forms.ValidationError(gettext("A DHIS2 ID has eleven letters or digits."))
        return value or None


class NewObjectForm(forms.Form):
    """An object to add: what it is called and from when on it exists."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    start = _day_field(gettext_lazy("Exists from"), required=False)

    def __init__(self, *arguments: Any, geometry: Kind | None, **options: Any) -> None:  # noqa: ANN401 - Django's
        """Take how its geometry is typed, if it has one."""
        super().__init__(*arguments, **options)
        self._label, self._geometry = InLanguages(gettext("Label"), ()), geometry
        label = self._label.fields()
        label["value_default"].required = True
        self.fields = {"code": self.fields["code"], **label, "start": self.fields["start"]}
        if geometry is not None:
            self.fields.update({f"geometry_{name}": field for name, field in geometry.fields().items()})

    def clean_code(self) -> str:
        """Refuse what can't be a code."""
        code: str = self.cleaned_data["code"]
        if code_problem(code):
            raise forms.ValidationError(gettext("This can’t be a code: up to 100 visible characters."))
        return code

    def clean(self) -> dict[str, Any]:
        """Read the label and the geometry."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        given["label"] = self._label.read(given)
        if self._geometry is not None:
            typed = {name.removeprefix("geometry_"): value for name, value in given.items()}
            try:
                given["geometry"] = self._geometry.read(typed)
            except forms.ValidationError as error:
                told = error.message_dict
                raise forms.ValidationError({f"geometry_{name}": words for name, words in told.items()}) from error
        return given
