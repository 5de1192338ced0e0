"""The classes of metadata this sandbox keeps: their names, their properties, what the importer checks about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind: TypeAlias = Literal[
    "text", "long_text", "email", "url", "date", "integer", "flag", "constant", "geometry",
    "reference", "references", "values", "translations", "sharing", "texts",
]  # fmt: skip
Version: TypeAlias = tuple[int, ...]

ALWAYS: Final[Version] = (0,)
NEVER: Final[Version] = (99,)


@dataclass(slots=True, frozen=True)
class Property:
    """One property that an object of the class owns; `since` and `until` (exclusive) say in which versions."""

    name: str
    kind: Kind = "text"
    required: bool = False
    length: int | None = None
    unique: bool = False
    target: str = ""
    default: object = None
    since: Version = ALWAYS
    until: Version = NEVER

    def exists_in(self, version: Version) -> bool:
        """Whether this version has the property."""
        return self.since <= version < self.until


@dataclass(slots=True, frozen=True)
class Klass:
    """One class of metadata. `package` completes the Java name that reports carry."""

    plural: str
    singular: str
    simple: str
    package: str
    properties: tuple[Property, ...]
    create_public: str = ""
    create_private: str = ""
    delete: str = ""
    shareable: bool = False
    nameable: bool = False
    shown_only: tuple[str, ...] = ()

    @property
    def java_name(self) -> str:
        """The full Java class name."""
        return f"org.hisp.dhis.{self.package}.{self.simple}"

    def owned(self, version: Version) -> list[Property]:
        """Give the properties an object of this class owns in this version."""
        return [prop for prop in self.properties if prop.exists_in(version)]


UID = Property("id", length=11)
CODE = Property("code", length=50, unique=True)
NAME = Property("name", required=True, length=230)
_VALUES = Property("attributeValues", "values")
_TRANSLATIONS = Property("translations", "translations")
_STAMPS = (
    Property("created", "date"),
    Property("lastUpdated", "date"),
    Property("lastUpdatedBy", "reference", target="users"),
    Property("createdBy", "reference", target="users", since=(2, 36)),
    Property("user", "reference", target="users", until=(2, 36)),
)
_SHORT_NAME = Property("shortName", required=True, length=50)
_DESCRIPTION = Property("description", "long_text")
_SHARING = Property("sharing", "sharing")
_NAMED = (UID, CODE, NAME, *_STAMPS, _TRANSLATIONS, _VALUES)

OBJECT_TYPES: Final = {
    "program": ALWAYS, "userGroup": ALWAYS, "programStage": ALWAYS, "trackedEntityType": ALWAYS,
    "trackedEntityAttribute": ALWAYS, "categoryOption": ALWAYS, "categoryOptionGroup": ALWAYS, "document": ALWAYS,
    "option": ALWAYS, "optionSet": ALWAYS, "legendSet": ALWAYS, "constant": ALWAYS, "programIndicator": ALWAYS,
    "sqlView": ALWAYS, "categoryOptionCombo": ALWAYS, "section": ALWAYS, "categoryOptionGroupSet": ALWAYS,
    "dataElementGroupSet": ALWAYS, "validationRule": ALWAYS, "validationRuleGroup": ALWAYS, "category": ALWAYS,
    "visualization": (2, 37), "map": (2, 37), "eventReport": (2, 37), "eventChart": (2, 37),
    "relationshipType": (2, 39), "dataElement": ALWAYS, "dataElementGroup": ALWAYS, "indicator": ALWAYS,
    "indicatorGroup": ALWAYS, "dataSet": ALWAYS, "organisationUnit": ALWAYS, "organisationUnitGroup": ALWAYS,
    "organisationUnitGroupSet": ALWAYS, "user": ALWAYS,
}  # fmt: skip

VALUE_TYPES: Final = {
    "TEXT": ALWAYS, "LONG_TEXT": ALWAYS, "MULTI_TEXT": (2, 39), "LETTER": ALWAYS, "PHONE_NUMBER": ALWAYS,
    "EMAIL": ALWAYS, "BOOLEAN": ALWAYS, "TRUE_ONLY": ALWAYS, "DATE": ALWAYS, "DATETIME": ALWAYS, "TIME": ALWAYS,
    "NUMBER": ALWAYS, "UNIT_INTERVAL": ALWAYS, "PERCENTAGE": ALWAYS, "INTEGER": ALWAYS, "INTEGER_POSITIVE": ALWAYS,
    "INTEGER_NEGATIVE": ALWAYS, "INTEGER_ZERO_OR_POSITIVE": ALWAYS, "TRACKER_ASSOCIATE": ALWAYS, "USERNAME": ALWAYS,
    "COORDINATE": ALWAYS, "ORGANISATION_UNIT": ALWAYS, "REFERENCE": (2, 38), "AGE": ALWAYS, "URL": ALWAYS,
    "FILE_RESOURCE": ALWAYS, "IMAGE": ALWAYS, "GEOJSON": (2, 38),
}  # fmt: skip

FEATURE_TYPES: Final = ("SYMBOL", "POLYGON", "MULTI_POLYGON", "NONE", "POINT")

_DIMENSION = ("dimensionItemType", "dimensionItem", "legendSets")
_SHOWN = ("displayName", "access", "favorite", "favorites", "externalAccess", "userAccesses", "userGroupAccesses")
_DISPLAYED = ("displayShortName", "displayFormName", "displayDescription")

ORGANISATION_UNIT = Klass(
    "organisationUnits",
    "organisationUnit",
    "OrganisationUnit",
    "organisationunit",
    (
        UID,
        CODE,
        NAME,
        *_STAMPS,
        _TRANSLATIONS,
        _VALUES,
        _SHORT_NAME,
        _DESCRIPTION,
        Property("parent", "reference", target="organisationUnits"),
        Property("path"),
        Property("level", "integer", since=(2, 34)),
        Property("openingDate", "date", required=True),
        Property("closedDate", "date"),
        Property("comment", "long_text"),
        Property("url", "url", length=255),
        Property("contactPerson", length=255),
        Property("address", length=255),
        Property("email", "email", length=150),
        Property("phoneNumber", length=150),
        Property("featureType", "constant", until=(2, 32), default="NONE"),
        Property("coordinates", until=(2, 32)),
        Property("geometry", "geometry", since=(2, 32)),
        Property("image", "reference", target="fileResources", since=(2, 37)),
    ),
    create_public="F_ORGANISATIONUNIT_ADD",
    delete="F_ORGANISATIONUNIT_DELETE",
    nameable=True,
    shown_only=(
        *_SHOWN, *_DISPLAYED, *_DIMENSION, "sharing", "periodOffset", "children", "dataSets", "programs", "users",
        "organisationUnitGroups", "ancestors", "leaf", "level",
    ),
)  # fmt: skip

ORGANISATION_UNIT_GROUP = Klass(
    "organisationUnitGroups",
    "organisationUnitGroup",
    "OrganisationUnitGroup",
    "organisationunit",
    (
        *_NAMED,
        _SHARING,
        _SHORT_NAME,
        _DESCRIPTION,
        Property("symbol", length=255),
        Property("color", length=255),
        Property("organisationUnits", "references", target="organisationUnits"),
        Property("geometry", "geometry", since=(2, 32)),
    ),
    create_public="F_ORGUNITGROUP_PUBLIC_ADD",
    create_private="F_ORGUNITGROUP_PRIVATE_ADD",
    delete="F_ORGUNITGROUP_DELETE",
    shareable=True,
    nameable=True,
    shown_only=(*_SHOWN, *_DISPLAYED, *_DIMENSION, "publicAccess", "periodOffset", "groupSets", "featureType"),
)

ORGANISATION_UNIT_GROUP_SET = Klass(
    "organisationUnitGroupSets",
    "organisationUnitGroupSet",
    "OrganisationUnitGroupSet",
    "organisationunit",
    (
        *_NAMED,
        _SHARING,
        Property("shortName", length=50),
        _DESCRIPTION,
        Property("compulsory", "flag", default=False),
        Property("dataDimension", "flag", default=False),
        Property("organisationUnitGroups", "references", target="organisationUnitGroups"),
    ),
    create_public="F_ORGUNITGROUPSET_PUBLIC_ADD",
    create_private="F_ORGUNITGROUPSET_PRIVATE_ADD",
    delete="F_ORGUNITGROUPSET_DELETE",
    shareable=True,
    shown_only=(*_SHOWN, *_DISPLAYED, "publicAccess"),
)

ORGANISATION_UNIT_LEVEL = Klass(
    "organisationUnitLevels",
    "organisationUnitLevel",
    "OrganisationUnitLevel",
    "organisationunit",
    (
        *(prop for prop in _NAMED if prop.name not in {"createdBy", "user"}),
        Property("level", "integer", required=True, unique=True),
        Property("offlineLevels", "integer"),
    ),
    create_public="F_ORGANISATIONUNITLEVEL_UPDATE",
    delete="F_ORGANISATIONUNITLEVEL_UPDATE",
    shown_only=(*_SHOWN, "sharing"),
)

ATTRIBUTE = Klass(
    "attributes",
    "attribute",
    "Attribute",
    "attribute",
    (
        *_NAMED,
        _SHARING,
        Property("shortName", length=50),
        _DESCRIPTION,
        Property("valueType", "constant", required=True),
        Property("mandatory", "flag", default=False),
        Property("unique", "flag", default=False),
        Property("sortOrder", "integer"),
        Property("optionSet", "reference", target="optionSets"),
        *(Property(f"{kind}Attribute", "flag", default=False, since=since) for kind, since in OBJECT_TYPES.items()),
    ),
    create_public="F_ATTRIBUTE_PUBLIC_ADD",
    create_private="F_ATTRIBUTE_PRIVATE_ADD",
    delete="F_ATTRIBUTE_DELETE",
    shareable=True,
    shown_only=(*_SHOWN, *_DISPLAYED, "publicAccess", "objectTypes"),
)

OPTION_SET = Klass(
    "optionSets",
    "optionSet",
    "OptionSet",
    "option",
    (
        *_NAMED,
        _SHARING,
        Property("valueType", "constant", required=True),
        Property("version", "integer", default=0),
        Property("description", "long_text", since=(2, 39)),
        Property("options", "references", target="options"),
    ),
    create_public="F_OPTIONSET_PUBLIC_ADD",
    create_private="F_OPTIONSET_PRIVATE_ADD",
    delete="F_OPTIONSET_DELETE",
    shareable=True,
    shown_only=(*_SHOWN, "publicAccess"),
)

OPTION = Klass(
    "options",
    "option",
    "Option",
    "option",
    (
        UID,
        Property("code", required=True, length=230),
        NAME,
        Property("created", "date"),
        Property("lastUpdated", "date"),
        _TRANSLATIONS,
        _VALUES,
        Property("sortOrder", "integer"),
        Property("description", "long_text"),
        Property("formName"),
        Property("optionSet", "reference", target="optionSets"),
    ),
    shown_only=(*_SHOWN, "displayFormName"),
)

USER = Klass(
    "users",
    "user",
    "User",
    "user",
    (
        UID,
        CODE,
        *_STAMPS,
        _TRANSLATIONS,
        _VALUES,
        Property("username", since=(2, 37)),
        Property("firstName", required=True, length=160),
        Property("surname", required=True, length=160),
        Property("email", "email", length=160),
        Property("disabled", "flag", default=False, since=(2, 37)),
        Property("userRoles", "references", target="userRoles", since=(2, 37)),
        Property("organisationUnits", "references", target="organisationUnits"),
        Property("dataViewOrganisationUnits", "references", target="organisationUnits"),
    ),
    create_public="F_USER_ADD",
    delete="F_USER_DELETE",
    shown_only=("name", *_SHOWN, "userCredentials", "userGroups"),
)

USER_ROLE = Klass(
    "userRoles",
    "userRole",
    "UserRole",
    "user",
    (*_NAMED, _DESCRIPTION, Property("authorities", "texts")),
    create_public="F_USERROLE_PUBLIC_ADD",
    delete="F_USERROLE_DELETE",
    shown_only=(*_SHOWN, "users"),
)

USER_GROUP = Klass(
    "userGroups",
    "userGroup",
    "UserGroup",
    "user",
    (*_NAMED, _SHARING, Property("users", "references", target="users")),
    create_public="F_USERGROUP_PUBLIC_ADD",
    delete="F_USERGROUP_DELETE",
    shareable=True,
    shown_only=(*_SHOWN, "publicAccess"),
)

# In the order in which the importer handles them: what others refer to comes first.
KLASSES: Final[dict[str, Klass]] = {
    klass.plural: klass
    for klass in (
        USER_ROLE, USER, USER_GROUP, OPTION_SET, OPTION, ATTRIBUTE, ORGANISATION_UNIT_LEVEL, ORGANISATION_UNIT,
        ORGANISATION_UNIT_GROUP, ORGANISATION_UNIT_GROUP_SET,
    )
}  # fmt: skip


def names(properties: Iterable[Property]) -> list[str]:
    """Give the names of properties."""
    return [prop.name for prop in properties]
