"""The DHIS2 Web API, 2.31 to 2.43: the only room that speaks to a DHIS2 and knows its versions. No Django."""

from cgr.dhis2.auth import Basic, Token
from cgr.dhis2.check import SystemCheck, check_system
from cgr.dhis2.client import Dhis2
from cgr.dhis2.compatibility import compatibility_table, oauth_refusal
from cgr.dhis2.connection import Timeouts
from cgr.dhis2.reading import Me
from cgr.dhis2.reports import ImportReport, Refusal, attribute_refusals
from cgr.dhis2.shape import read_shape
from cgr.dhis2.units import UNIT_FIELDS, payload_unit
from cgr.dhis2.versions import Features, features_of, parse_version
from cgr.dhis2.writing import Additions

__all__ = [
    "UNIT_FIELDS",
    "Additions",
    "Basic",
    "Dhis2",
    "Features",
    "ImportReport",
    "Me",
    "Refusal",
    "SystemCheck",
    "Timeouts",
    "Token",
    "attribute_refusals",
    "check_system",
    "compatibility_table",
    "features_of",
    "oauth_refusal",
    "parse_version",
    "payload_unit",
    "read_shape",
]
