"""What DHIS2's error codes mean for the person who keeps the registry: our problem code, a sentence, the next step.

Codes, not texts, decide: texts differ between versions and languages (verified facts, section 5 and O1).
"""

from __future__ import annotations

from msgspec import Struct

from cgr.core.changes import ProblemCode


class Verdict(Struct, frozen=True):
    """Why DHIS2 doesn't take one unit."""

    code: ProblemCode
    message: str
    next_step: str
    dhis2_code: str = ""
    property: str = ""


STOP_THE_RUN = frozenset({"E3000", "E3001", "E3002"})
"""We may not write organisation units at all: no other object would fare better (A2)."""

_SHORTEN = "Shorten the value in the registry."
_MEANINGS: dict[str, tuple[ProblemCode, str]] = {
    "E4000": (ProblemCode.REQUIRED_MISSING, "Give the object the value that is missing, or map the field to another."),
    "E4001": (ProblemCode.VALUE_REFUSED, _SHORTEN),
    "E4002": (
        ProblemCode.VALUE_REFUSED,
        "Correct the value in the registry: its length isn't the one that DHIS2 demands.",
    ),
    "E4003": (ProblemCode.VALUE_REFUSED, "Correct the e-mail address in the registry."),
    "E4004": (
        ProblemCode.VALUE_REFUSED,
        "Correct the web address in the registry: it begins with http:// or https://.",
    ),
    "E4009": (
        ProblemCode.UNIQUE_VALUE_TAKEN,
        "Find out which of the two units the value belongs to; correct the other.",
    ),
    "E4011": (ProblemCode.MANDATORY_ATTRIBUTE_MISSING, "Map the attribute and give the object a value for it."),
    "E4013": (ProblemCode.VALUE_REFUSED, "Correct the period in which the object exists: it ends before it begins."),
    "E5001": (ProblemCode.EXTERNAL_ID_NOT_FOUND, "The unit is gone from DHIS2: correct or remove the external id."),
    "E5002": (ProblemCode.REFUSED_BY_DHIS2, "Something the unit refers to is gone from DHIS2: make a new plan."),
    "E5003": (ProblemCode.CODE_TAKEN, "Another unit in DHIS2 has this code: correct one of the two."),
    "E6012": (
        ProblemCode.REFUSED_BY_DHIS2,
        "The unit has a value for this attribute: apply it to organisation units in DHIS2 and let the account read it.",
    ),
}
_ABOUT_A_VALUE = frozenset({"E1106", "E4000", "E4001", "E4002", "E4003", "E4004"})
_BAD_ATTRIBUTE_VALUES = ("E600", "E601", "E602")
_MOVE_CODES = frozenset({"E1520", "E1521", "E1522", "E1523"})


def verdict(
    dhis2_code: str,
    *,
    message: str,
    property: str = "",  # noqa: A002 - DHIS2's own word for it
    ours: bool = True,
) -> Verdict:
    """Translate one error of an import report. `ours`: the property is one that the change writes.

    A unit goes back whole, so DHIS2 may refuse what it holds itself: from before it was upgraded, or past its checks.
    """
    if dhis2_code in _MEANINGS:
        code, next_step = _MEANINGS[dhis2_code]
    elif dhis2_code in _MOVE_CODES:
        code = ProblemCode.REFUSED_BY_DHIS2
        next_step = (
            "The DHIS2 account needs the authority F_ORGANISATIONUNIT_MOVE, and both the old and the new parent among "
            "its own organisation units."
        )
    elif dhis2_code.startswith(_BAD_ATTRIBUTE_VALUES):
        code, next_step = (
            ProblemCode.VALUE_REFUSED,
            "Correct the value in the registry, or map it to another attribute.",
        )
    else:
        code, next_step = ProblemCode.REFUSED_BY_DHIS2, "Correct the object as DHIS2 asks, then plan again."
    if not ours and _is_about_a_value(dhis2_code):
        next_step = "The value is DHIS2's own, not one that is sent: correct it there."
    return Verdict(code, f"DHIS2 refuses the unit: {message}", next_step, dhis2_code, property)


def _is_about_a_value(dhis2_code: str) -> bool:
    if dhis2_code in _ABOUT_A_VALUE:
        return True
    return dhis2_code.startswith(_BAD_ATTRIBUTE_VALUES) and dhis2_code not in _MEANINGS


def unnamed(message: str) -> Verdict:
    """Judge a unit that makes a whole request fail without being named by DHIS2 (verified fact H23)."""
    return Verdict(
        ProblemCode.REFUSED_BY_DHIS2,
        f"DHIS2 fails on this unit without saying why: {message}",
        "Compare the unit with its neighbours in DHIS2's Maintenance app: dates, geometry and parent first.",
    )


def too_large(message: str) -> Verdict:
    """Judge a unit that is too large for the server, or a proxy before it, even when it travels alone."""
    return Verdict(
        ProblemCode.REFUSED_BY_DHIS2,
        f"The unit is too large to be sent: {message}",
        "Simplify its geometry, or have the limit of the proxy before DHIS2 raised (nginx: client_max_body_size).",
    )
