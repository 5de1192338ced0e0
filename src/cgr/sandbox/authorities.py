"""The authorities a superuser's role lists beside ALL, per version: what `/api/me` was seen to answer.

Most authorities that metadata needs (F_ORGANISATIONUNIT_ADD among them) aren't listed: a superuser has them by ALL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cgr.sandbox.catalogue import Version
    from cgr.sandbox.people import User

_FROM_2_31_ON: Final = """
    F_ACCEPT_DATA_LOWER_LEVELS F_APPROVE_DATA F_APPROVE_DATA_LOWER_LEVELS F_EDIT_EXPIRED F_ENROLLMENT_CASCADE_DELETE
    F_EXPORT_DATA F_GENERATE_MIN_MAX_VALUES F_INSERT_CUSTOM_JS_CSS F_LOCALE_ADD F_METADATA_EXPORT F_METADATA_IMPORT
    F_ORGANISATIONUNIT_MOVE F_PERFORM_MAINTENANCE F_PREDICTOR_RUN F_REPLICATE_USER F_RUN_VALIDATION F_SEND_EMAIL
    F_SKIP_DATA_IMPORT_AUDIT F_TEI_CASCADE_DELETE F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS F_UNCOMPLETE_EVENT
    F_USER_GROUPS_READ_ONLY_ADD_MEMBERS F_USER_VIEW F_VIEW_EVENT_ANALYTICS F_VIEW_UNAPPROVED_DATA
"""
# (first version, first version without, names); the versions between the recorded ones are a guess.
_LISTED: Final[tuple[tuple[Version, Version, str], ...]] = (
    ((2, 31), (99,), _FROM_2_31_ON),
    (
        (2, 31),
        (2, 41),
        """F_EXPORT_EVENTS F_IGNORE_TRACKER_REQUIRED_VALUE_VALIDATION F_IMPORT_DATA F_IMPORT_EVENTS
        F_PROGRAM_DASHBOARD_CONFIG_ADMIN F_USERGROUP_MANAGING_RELATIONSHIPS_ADD
        F_USERGROUP_MANAGING_RELATIONSHIPS_VIEW""",
    ),
    ((2, 34), (2, 41), "F_TRACKER_IMPORTER_EXPERIMENTAL"),
    ((2, 36), (99,), "F_VIEW_SERVER_INFO"),
    ((2, 37), (2, 41), "F_DATAVALUE_DELETE"),
    (
        (2, 37),
        (99,),
        """F_DATAVALUE_ADD F_ORGANISATION_UNIT_MERGE F_ORGANISATION_UNIT_SPLIT F_ORG_UNIT_PROFILE_ADD
        F_PERFORM_ANALYTICS_EXPLAIN F_SYSTEM_SETTING F_TRACKED_ENTITY_MERGE""",
    ),
    ((2, 39), (99,), "F_CAPTURE_DATASTORE_UPDATE F_IMPERSONATE_USER"),
    (
        (2, 41),
        (99,),
        """F_CATEGORY_OPTION_COMBO_MERGE F_CATEGORY_OPTION_MERGE F_DATA_ELEMENT_MERGE F_INDICATOR_MERGE
        F_INDICATOR_TYPE_MERGE F_JOB_LOG_READ F_LEGEND_SET_DELETE F_LEGEND_SET_PRIVATE_ADD F_LEGEND_SET_PUBLIC_ADD
        F_LOCALE_DELETE F_METADATA_MANAGE F_MINMAX_DATAELEMENT_ADD F_MOBILE_SENDSMS F_MOBILE_SETTINGS
        F_OAUTH2_CLIENT_MANAGE F_PREVIOUS_IMPERSONATOR_AUTHORITY M_dhis-web-app-management""",
    ),
    ((2, 43), (99,), "F_CATEGORY_COMBO_MERGE F_CATEGORY_MERGE"),
)


def of_superusers(version: Version) -> set[str]:
    """Give what the role of a superuser lists."""
    return {"ALL"} | {name for since, until, names in _LISTED if since <= version < until for name in names.split()}


def listed(user: User) -> list[str]:
    """Give a user's authorities as the API lists them."""
    granted = user.authorities
    return sorted(granted | of_superusers(user.world.version)) if "ALL" in granted else list(granted)
