"""The error codes of the importer with their texts per version, and the report entries made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cgr.sandbox.catalogue import Klass, Version

STRING: Final = "java.lang.String"
_ATTRIBUTE: Final = "org.hisp.dhis.attribute.Attribute"

# (from this version on, text), newest first; a full stop ends them all up to 2.38.
_TEXTS: Final[dict[str, tuple[tuple[tuple[int, ...], str], ...]]] = {
    "E1106": (
        ((2, 41), "There are duplicate translation records for property `{0}` and locale `{1}` on {2} `{3}`"),
        ((0,), "There are duplicate translation record for property `{0}` and locale `{1}`"),
    ),
    "E1520": (((0,), "User `{0}` is not allowed to move organisation units"),),
    "E1521": (((0,), "User `{0}` is not allowed to move organisation `{1}`"),),
    "E1522": (((0,), "User `{0}` is not allowed to move organisation `{1}` unit from parent `{2}`"),),
    "E1523": (((0,), "User `{0}` is not allowed to move organisation `{1}` unit to parent `{2}`"),),
    "E3000": (((0,), "User `{0}` is not allowed to create objects of type {1}"),),
    "E3001": (((0,), "User `{0}` is not allowed to update object `{1}`"),),
    "E3002": (((0,), "User `{0}` is not allowed to delete object `{1}`"),),
    "E4000": (((0,), "Missing required property `{0}`"),),
    "E4001": (((0,), "Maximum length of property `{0}`is {1}, but given length was {2}"),),
    "E4002": (((0,), "Allowed length range for property `{0}` is [{1} to {2}], but given length was {3}"),),
    "E4003": (((0,), "Property `{0}` requires a valid email address, was given `{1}`"),),
    "E4004": (((0,), "Property `{0}` requires a valid URL, was given `{1}`"),),
    "E4009": (((0,), "Attribute `{0}` is unique, and value `{1}` already exist"),),
    "E4011": (((0,), "Attribute `{0}` is required, but no value was found"),),
    "E4013": (
        ((2, 39), "Invalid closing date `{0}`, must be after opening date `{1}`"),
        ((0,), "Invalid Closing date `{0}`, must be after Opening date `{1}`"),
    ),
    "E4014": (((0,), "Invalid UID `{0}` for property `{1}`"),),
    "E4028": (
        ((2, 33), "Option set `{0}` already contains option `{1}`"),
        ((0,), "OptionSet `{0}` already contains Option `{1}`"),
    ),
    "E4030": (((0,), "Object could not be deleted because it is associated with another object: {0}"),),
    "E5000": (
        (
            (2, 43),
            (
                "Found matching object for reference, but import strategy is CREATE."
                " Identifier was {0}, and object was {1}."
            ),
        ),
        (
            (2, 37),
            "Found matching object for reference, but import mode is CREATE. Identifier was {0}, and object was {1}.",
        ),
        (
            (0,),
            (
                "Found matching object for given reference, but import mode is CREATE."
                " Identifier was {0}, and object was {1}."
            ),
        ),
    ),
    "E5001": (
        ((2, 37), "No matching object for reference. Identifier was {0}, and object was {1}."),
        ((0,), "No matching object for given reference. Identifier was {0}, and object was {1}."),
    ),
    "E5002": (((0,), "Invalid reference {0} on object {1} for association `{2}`"),),
    "E5003": (
        ((2, 39), "Property `{0}` with value `{1}` on object {2} already exists on object {3}"),
        # Two no-break spaces stand in the texts up to 2.38 (section 10, O1).
        ((0,), "Property `{0}`\u00a0with value `{1}` on object {2}\u00a0already exists on object {3}"),
    ),
    "E5004": (
        ((0,), "Id `{0}` for type `{1}` exists on more than 1 object in the payload, removing all but the first found"),
    ),
    "E6004": (
        ((2, 39), "Attribute `{0}` has invalid GeoJSON value"),
        ((0,), "Attribute `{0}` has invalid GeoJson value"),
    ),
    "E6005": (((0,), "Attribute `{0}` has unsupported GeoJSON value"),),
    "E6006": (((0,), "AttributeValue `{0}` is an invalid integer value"),),
    "E6007": (((0,), "AttributeValue `{0}` is an invalid positive integer value"),),
    "E6008": (((0,), "AttributeValue `{0}` is an invalid number value"),),
    "E6009": (((0,), "AttributeValue `{0}` is an invalid zero or positive integer value"),),
    "E6010": (((0,), "AttributeValue `{0}` is an invalid percentage value"),),
    "E6011": (((0,), "AttributeValue `{0}` is an invalid Unit Interval value"),),
    "E6012": (((0,), "Attribute `{0}` is not assigned to `{1}`"),),
    "E6013": (((0,), "AttributeValue `{0}` is an invalid negative integer value"),),
    "E6014": (((0,), "AttributeValue `{0}` is an invalid date value"),),
    "E6015": (((0,), "AttributeValue `{0}` is an invalid datetime value"),),
    "E6016": (((0,), "AttributeValue `{0}` is an invalid boolean value"),),
    "E6017": (((0,), "AttributeValue `{0}` is an invalid true value"),),
    "E6018": (((0,), "AttributeValue `{0}` is an invalid email value"),),
    "E6019": (((0,), "AttributeValue `{0}` is an invalid `{1}` ID"),),
    "E6020": (((0,), "AttributeValue `{0}` is an invalid username"),),
    "E6021": (((0,), "AttributeValue `{0}` is an invalid phone number"),),
}


_WITHOUT_STOP: Final = {"E1106", "E1520", "E1521", "E1522", "E1523", "E4013", "E4028"}


@dataclass(slots=True)
class Finding:
    """One error of one object. `texts` fill the message where they differ from `values`."""

    code: str
    main_klass: str
    values: tuple[object, ...] = ()
    texts: tuple[str, ...] | None = None
    main_id: str | None = None
    prop: str | None = None
    error_klass: str | None = None
    removes: bool = True
    args: tuple[str, ...] | None = field(default=None)

    def shown(self, version: Version) -> dict[str, Any]:
        """Give the entry of `errorReports`."""
        texts = self.texts if self.texts is not None else tuple(str(value) for value in self.values)
        shown: dict[str, Any] = {"message": message(version, self.code, texts)}
        if version >= (2, 41):
            shown["args"] = list(self.args if self.args is not None else map(str, self.values))
        shown |= {"mainKlass": self.main_klass, "errorCode": self.code}
        if self.error_klass is not None:
            shown["errorKlass"] = self.error_klass
        if self.main_id is not None:
            shown["mainId"] = self.main_id
        if self.prop is not None:
            shown["errorProperty"] = self.prop
        return shown | {"errorProperties": list(self.values)}


def message(version: Version, code: str, texts: tuple[str, ...]) -> str:
    """Give the text of an error in this version."""
    template = next(text for since, text in _TEXTS[code] if version >= since)
    told = template.format(*texts)
    return told + "." if version < (2, 39) and code not in _WITHOUT_STOP and not told.endswith(".") else told


def named(klass: Klass, uid: str | None, name: object) -> str:
    """Give an object as the importer writes it: `Name [uid] (Class)`."""
    bare = f"[{uid}] ({klass.simple})"
    return f"{name} {bare}" if name else bare


def of_attribute(code: str, *values: object, main_id: str, prop: str = "value") -> Finding:
    """Make an error that blames an attribute, not the object."""
    return Finding(code, _ATTRIBUTE, values, main_id=main_id, prop=prop)


def of_value(version: Version, code: str, *values: object) -> Finding:
    """Make an error about the form of an attribute value (verified fact R6: it names the value only)."""
    klass = "AttributeValues" if version >= (2, 41) else "AttributeValue"
    return Finding(code, f"org.hisp.dhis.attribute.{klass}", values)


def unassigned(attribute: str, klass: Klass) -> Finding:
    """Make the error for an attribute that isn't for objects of the class."""
    return Finding("E6012", _ATTRIBUTE, (attribute, klass.simple))
