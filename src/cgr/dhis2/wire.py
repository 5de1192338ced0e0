"""What we read from DHIS2, as structs that pages of bytes are decoded into directly.

Only what we use is named: keys we don't know are skipped, a key that is missing and one that is null are the same
(DHIS2 leaves null properties out). Geometry stays undecoded, since most of it is only compared or stored; attribute
values are decoded one unit at a time, since a page of them decoded at once costs half as much again.
"""

from __future__ import annotations

from msgspec import Raw, Struct

NOTHING = Raw(b"null")


class Ref(Struct, gc=False):
    """A reference to another object."""

    id: str


class Pager(Struct, gc=False):
    """Where in a list we are; wrong on every page of 2.31 (O6)."""

    total: int | None = None


class SystemInfo(Struct, rename="camel"):
    """/api/system/info. `server_date` is in the server's own zone, without saying which."""

    version: str
    server_date: str | None = None
    server_time_zone_id: str | None = None
    calendar: str | None = None
    system_name: str | None = None

    @property
    def foreign_calendar(self) -> str | None:
        """The system calendar where it isn't the Gregorian one: days of DATE attributes are checked in it (§4.5)."""
        return None if self.calendar in {None, "iso8601", "gregorian"} else self.calendar


class UserCredentials(Struct):
    """Where 2.31 to 2.36 keep the user name."""

    username: str | None = None


class MeRow(Struct, rename="camel"):
    """/api/me."""

    id: str
    username: str | None = None
    user_credentials: UserCredentials | None = None
    organisation_units: list[Ref] | None = None


class LevelRow(Struct):
    """One level of the hierarchy; unnamed ones come with a generated name."""

    level: int
    name: str | None = None


class Levels(Struct, rename="camel"):
    """/api/organisationUnitLevels: only the named ones."""

    organisation_unit_levels: list[LevelRow] | None = None


class Access(Struct):
    """What we may do with one object."""

    update: bool = True


class GroupRow(Struct, rename="camel"):
    """One organisation unit group."""

    id: str
    name: str | None = None
    code: str | None = None
    group_sets: list[Ref] | None = None
    access: Access | None = None


class Groups(Struct, rename="camel"):
    """/api/organisationUnitGroups."""

    organisation_unit_groups: list[GroupRow] | None = None


class NamedRow(Struct):
    """Something of which only the name matters."""

    id: str
    name: str | None = None


class GroupSets(Struct, rename="camel"):
    """/api/organisationUnitGroupSets."""

    organisation_unit_group_sets: list[NamedRow] | None = None


class LocaleRow(Struct, rename="camel"):
    """One language of the database; `name` is English until 2.40, later its own with the English one beside it."""

    locale: str
    name: str | None = None
    display_name: str | None = None


class GroupMembers(Struct, rename="camel"):
    """/api/organisationUnitGroups/ID."""

    organisation_units: list[Ref] | None = None


class AttributeRow(Struct, rename="camel"):
    """One attribute, for whatever kinds of object."""

    id: str
    name: str | None = None
    value_type: str | None = None
    mandatory: bool | None = None
    unique: bool | None = None
    organisation_unit_attribute: bool | None = None
    object_types: list[str] | None = None
    option_set: Ref | None = None


class Attributes(Struct):
    """/api/attributes."""

    attributes: list[AttributeRow] | None = None


class OptionRow(Struct):
    """One option of a set."""

    id: str
    code: str | None = None
    name: str | None = None


class OptionSetRow(Struct):
    """One option set; a null can stand between its options where the sort order has holes."""

    id: str
    options: list[OptionRow | None] | None = None


class OptionSets(Struct, rename="camel"):
    """/api/optionSets."""

    option_sets: list[OptionSetRow] | None = None


class NamedRef(Struct):
    """An object that is named beside another one."""

    id: str
    name: str | None = None


class UnitIds(Struct, rename="camel"):
    """/api/organisationUnits with ids alone: complete even where other lists are cut short (H6)."""

    organisation_units: list[Ref] | None = None
    pager: Pager | None = None


class Translation(Struct, gc=False):
    """One translation; DHIS2 holds corrupt ones too."""

    property: str | None = None
    locale: str | None = None
    value: str | None = None


class BareValue(Struct, gc=False):
    """The value in the map form of attribute values."""

    value: str | None = None


class AttributeValue(Struct, gc=False):
    """The list form of attribute values."""

    attribute: Ref
    value: str | None = None


class UnitRow(Struct, rename="camel", gc=False):
    """One organisation unit in a list; `feature_type` and `coordinates` are 2.31's geometry."""

    id: str
    path: str | None = None
    parent: Ref | None = None
    code: str | None = None
    name: str | None = None
    short_name: str | None = None
    opening_date: str | None = None
    closed_date: str | None = None
    description: str | None = None
    comment: str | None = None
    url: str | None = None
    contact_person: str | None = None
    address: str | None = None
    email: str | None = None
    phone_number: str | None = None
    geometry: Raw = NOTHING
    feature_type: str | None = None
    coordinates: str | None = None
    translations: list[Translation] | None = None
    attribute_values: Raw = NOTHING


class UnitPage(Struct, rename="camel"):
    """/api/organisationUnits."""

    organisation_units: list[UnitRow] | None = None


class FoundRow(Struct):
    """One unit that a search by name found, with the name of the one above."""

    id: str
    name: str | None = None
    path: str | None = None
    parent: NamedRef | None = None


class FoundPage(Struct, rename="camel"):
    """/api/organisationUnits, searched."""

    organisation_units: list[FoundRow] | None = None


class OwnerPage(Struct, rename="camel"):
    """/api/organisationUnits with `:owner`: whole objects, because they are sent back whole (H1)."""

    organisation_units: list[dict[str, object]] | None = None


class Person(Struct):
    """Whoever changed an object; `username` isn't shown by the older versions."""

    id: str | None = None
    name: str | None = None
    username: str | None = None


class LastChange(Struct, rename="camel"):
    """When a unit was written last, in the server's own time, and by whom."""

    id: str
    last_updated: str | None = None
    last_updated_by: Person | None = None


class LastChanges(Struct, rename="camel"):
    """/api/organisationUnits with who changed them last."""

    organisation_units: list[LastChange] | None = None


class Stats(Struct):
    """Counts of a report; not exact (R3)."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0
    total: int = 0


class ErrorReport(Struct, rename="camel"):
    """One refusal. `error_properties` and `args` are the same values; the older versions have only the first."""

    message: str | None = None
    error_code: str | None = None
    main_id: str | None = None
    error_property: str | None = None
    error_properties: list[object] | None = None
    args: list[object] | None = None
    value: object = None


class ObjectReport(Struct, rename="camel"):
    """The refusals of one object, or, in 2.31, of several (O2); each an `ErrorReport`, kept as it came."""

    uid: str | None = None
    error_reports: list[Raw] | None = None


class TypeReport(Struct, rename="camel"):
    """The refusals of one kind of object; also the reply to group additions from 2.38 on."""

    status: str | None = None
    stats: Stats | None = None
    object_reports: list[ObjectReport] | None = None


class Report(Struct, rename="camel"):
    """An import report, bare or inside an envelope (O1)."""

    response_type: str | None = None
    status: str | None = None
    stats: Stats | None = None
    type_reports: list[TypeReport] | None = None


class BareReply(Report, rename="camel"):
    """The reply to an import: 2.31 to 2.36 the report itself, later an envelope around `response`."""

    response: Report | None = None
    message: str | None = None


class AdditionsReply(Struct):
    """The reply to group additions from 2.38 on."""

    response: TypeReport | None = None
    message: str | None = None
