"""Shapes of e-mail addresses, links, telephone numbers and user names that DHIS2 takes.

DHIS2 checks e-mail addresses with Apache Commons, which knows every top-level domain; here the shape is checked, and
the endings that never are one. So what passes here is right but for a misspelt ending, and what fails DHIS2 refuses
too, or would show as nonsense.
"""

from __future__ import annotations

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>(?:{_LABEL}\.)+(?P<ending>[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}}))"
)
_LONGEST_LOCAL_PART = 64
_LONGEST_DOMAIN = 253
_NO_PUBLIC_ENDING = frozenset(
    ("corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "test")
)

# Case matters: DHIS2 looks for these very beginnings.
_LINK = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?")
_LONGEST_LINK = 255

# DHIS2's own expression (api.md 4.5, E6021): it also takes the letters of "ext".
_PHONE_NUMBER = re.compile(r"[0-9+()#.\s/ext-]{6,50}", re.ASCII)

_USERNAME = re.compile(r"(?![_.@])[^\s\x00-\x1f\\/\"'<>]{2,255}(?<![_.@])")


def email_refusal(text: str) -> str | None:
    """Say why this isn't an e-mail address that DHIS2 takes (E4003, E6018), or None."""
    found = _EMAIL.fullmatch(text)
    if found is None:
        return f"{shown(text)} is not an e-mail address"
    if len(found["local"]) > _LONGEST_LOCAL_PART or len(found["domain"]) > _LONGEST_DOMAIN:
        return f"{shown(text)} is too long for an e-mail address"
    if found["ending"].lower() in _NO_PUBLIC_ENDING:
        return f"{shown(text)} ends in .{found['ending']}, which is no public domain; DHIS2 refuses it"
    return None


def url_refusal(text: str) -> str | None:
    """Say why this isn't a link that DHIS2 takes (E4004), or None."""
    if len(text) > _LONGEST_LINK:
        return f"it has {len(text)} characters, a link takes at most {_LONGEST_LINK}"
    if _LINK.fullmatch(text) is None:
        return f"{shown(text)} is not a link; it begins with http:// or https:// and has no blanks"
    return None


def phone_number_refusal(text: str) -> str | None:
    """Say why DHIS2 refuses this as the value of an attribute of type PHONE_NUMBER (E6021), or None."""
    if _PHONE_NUMBER.fullmatch(text) is None:
        return f"{shown(text)} is not a telephone number: 6 to 50 of digits, blanks and + - ( ) # . /"
    return None


def username_refusal(text: str) -> str | None:
    """Say why this can't be the name of a DHIS2 user, or None; whether it is one only the server knows (E6020)."""
    if _USERNAME.fullmatch(text) is None:
        return f"{shown(text)} can't be a user name: 2 to 255 characters without blanks"
    return None


def shown(text: object) -> str:
    """Quote a value for a message, cut when it is long."""
    longest = 60
    quoted = f"“{text}”"
    return quoted if len(quoted) <= longest else f"{quoted[:longest]}…”"
