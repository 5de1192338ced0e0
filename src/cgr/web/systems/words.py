"""What is said about DHIS2 servers, in the reader's language.

Failures have words of their own here by their code, which are shorter than the sentence of the room below; that one
stands beneath, for technicians.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy
from msgspec import Struct

from cgr.dhis2.compatibility import Answer
from cgr.dhis2.errors import FAULTS, OAUTH_NOT_OFFERED
from cgr.systems.signing_in import PASSWORD
from cgr.web.sentences import in_reader_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from cgr.core.errors import CgrError
    from cgr.dhis2.check import SystemCheck
    from cgr.dhis2.compatibility import Compatibility
    from cgr.dhis2.prospect import Prospect
    from cgr.dhis2.registration import Registration

KINDS: Final = {"dhis2": "DHIS2"}

SIGN_INS: Final[dict[str, _StrPromise]] = {
    "basic": gettext_lazy("User name and password"),
    "token": gettext_lazy("Personal access token"),
    "oauth2": gettext_lazy("OAuth2"),
}

GRANTS: Final[dict[str, _StrPromise]] = {
    "code": gettext_lazy("A person consents in DHIS2"),
    "password": gettext_lazy("User name and password, up to 2.41"),
}

AUTHORITIES: Final[dict[str, _StrPromise]] = {
    "F_ORGANISATIONUNIT_ADD": gettext_lazy("to create and change organisation units"),
    "F_ORGANISATIONUNIT_MOVE": gettext_lazy("to move organisation units below another parent"),
    "F_ORGUNITGROUP_PUBLIC_ADD": gettext_lazy("to change who belongs to organisation unit groups"),
}
"""What a missing authority would be needed for."""

ANSWERS: Final[dict[Answer, tuple[str, _StrPromise]]] = {
    Answer.YES: ("✓", gettext_lazy("yes")),
    Answer.NO: ("✗", gettext_lazy("no")),
    Answer.SWITCHED_ON: ("!", gettext_lazy("if switched on")),
    Answer.EXPECTED: ("?", gettext_lazy("expected")),
}

HAPPENED: Final[dict[str, _StrPromise]] = {
    "account-disabled": gettext_lazy("That account is switched off or has expired in DHIS2."),
    "account-linked": gettext_lazy("That account is linked to somebody else."),
    "account-locked": gettext_lazy("DHIS2 has locked the account after wrong passwords."),
    "address-not-allowed": gettext_lazy("The address leads to a network that may not be contacted from here."),
    "bad-client": gettext_lazy("DHIS2 could not accept this OAuth2 client."),
    "bad-code": gettext_lazy("This can't be an ID."),
    "bad-secret": gettext_lazy("The password, token or client secret is empty or holds a line break."),
    "bad-url": gettext_lazy("This can't be the address of a DHIS2."),
    "bad-username": gettext_lazy("DHIS2 could not accept this user name."),
    "busy": gettext_lazy("DHIS2 is busy."),
    "code-taken": gettext_lazy("This ID is taken by another external system."),
    "connect-time-out": gettext_lazy("The server could not be reached in time."),
    "connection-cut": gettext_lazy("The connection was cut before the answer was complete."),
    "connection-refused": gettext_lazy("Nothing answers at this address and port."),
    "forbidden": gettext_lazy("DHIS2 forbids the account to do this."),
    "name-not-resolved": gettext_lazy("There is no server of this name."),
    "name-service-away": gettext_lazy("This machine's name service doesn't answer."),
    "no-authorization": gettext_lazy("Nobody signs in to this external system by OAuth2 and consent."),
    "no-connection": gettext_lazy("There is no connection to the server."),
    "no-people-sign-in": gettext_lazy("Signing in with accounts of this external system isn't switched on."),
    "not-dhis2": gettext_lazy("What answers at this address isn't a DHIS2."),
    "not-json": gettext_lazy("What answers at this address isn't a DHIS2."),
    "oauth-client-refused": gettext_lazy("DHIS2 refuses the OAuth2 client."),
    "oauth-elsewhere": gettext_lazy("DHIS2 names another address for signing in."),
    "oauth-grant-refused": gettext_lazy("DHIS2 refuses this grant for the OAuth2 client."),
    "oauth-not-offered": gettext_lazy("This DHIS2 doesn't offer OAuth2."),
    "oauth-version": gettext_lazy("This version of DHIS2 can't be signed in to by OAuth2."),
    "redirect-elsewhere": gettext_lazy("The server leads to another one."),
    "redirect-to-login": gettext_lazy("DHIS2 leads to its sign-in page instead of answering."),
    "secret-missing": gettext_lazy("A password, token or client secret is needed."),
    "secret-needed-again": gettext_lazy(
        "The address, user or way to sign in changes, so the password, token or client secret is needed again."
    ),
    "server-away": gettext_lazy("The DHIS2 is away."),
    "server-error": gettext_lazy("DHIS2 answers with an error of its own."),
    "sign-in-again": gettext_lazy("The consent has ended, or was never given."),
    "system-disabled": gettext_lazy("The external system is disabled, so nothing is read from it or sent to it."),
    "system-in-use": gettext_lazy("The external system is still in use."),
    "time-out": gettext_lazy("DHIS2 did not answer in time."),
    "tls-failed": gettext_lazy("The encrypted connection failed."),
    "two-factor": gettext_lazy("The account signs in with a second factor, which a program can't give."),
    "unknown-or-not-allowed": gettext_lazy("There is nobody and nothing of this name that you may use."),
    "unknown-version": gettext_lazy("The server doesn't say which version of DHIS2 it is."),
    "username-missing": gettext_lazy("A user name is needed."),
    "version-too-old": gettext_lazy("This version of DHIS2 is too old to be used."),
    "wrong-credentials": gettext_lazy("DHIS2 refuses the user name and password, or the token."),
    # Of types, terms and hierarchies.
    "attribute-in-use": gettext_lazy("Objects have values for this attribute."),
    "bad-inheritance": gettext_lazy("The hierarchy can't continue that one."),
    "bad-label": gettext_lazy("This label can't be used."),
    "code-taken-elsewhere": gettext_lazy("This code is taken."),
    "hierarchy-cycle": gettext_lazy("A type can't be below itself."),
    "organization-fixed": gettext_lazy("The organization can't be changed."),
    "term-cycle": gettext_lazy("A term can't be below itself."),
    "term-in-use": gettext_lazy("The term is in use."),
    "type-in-use": gettext_lazy("Objects of this type have data that this would break."),
    "type-twice": gettext_lazy("A type stands once in a hierarchy."),
    "unknown-terms": gettext_lazy("There is no such tree of terms."),
    "unknown-type": gettext_lazy("There is no such type."),
    # Of signing in by OAuth2.
    "account-not-linked": gettext_lazy("Nobody here is linked to this account."),
    "client-secret-missing": gettext_lazy("The client secret isn't known yet."),
}

USERS: Final[dict[str, _StrPromise]] = {
    "external id": gettext_lazy("external id"),
    "external ids": gettext_lazy("external ids"),
    "run": gettext_lazy("run"),
    "runs": gettext_lazy("runs"),
    "sync config": gettext_lazy("synchronization configuration"),
    "sync configs": gettext_lazy("synchronization configurations"),
}
"""What may refer to a system, as its table is called."""

BRIEF: Final[dict[str, _StrPromise]] = {
    "account-disabled": gettext_lazy("account switched off"),
    "account-locked": gettext_lazy("account locked"),
    "address-not-allowed": gettext_lazy("address not allowed"),
    "busy": gettext_lazy("busy"),
    "connect-time-out": gettext_lazy("not reached in time"),
    "connection-refused": gettext_lazy("nothing answers"),
    "forbidden": gettext_lazy("forbidden"),
    "name-not-resolved": gettext_lazy("no server of this name"),
    "not-dhis2": gettext_lazy("not a DHIS2"),
    "not-json": gettext_lazy("not a DHIS2"),
    "redirect-elsewhere": gettext_lazy("leads to another server"),
    "redirect-to-login": gettext_lazy("leads to its sign-in page"),
    "server-away": gettext_lazy("away"),
    "sign-in-again": gettext_lazy("nobody is signed in"),
    "time-out": gettext_lazy("no answer in time"),
    "tls-failed": gettext_lazy("encryption failed"),
    "two-factor": gettext_lazy("second factor asked for"),
    "version-too-old": gettext_lazy("version too old"),
    "wrong-credentials": gettext_lazy("wrong password"),
}
"""The same in a table, for a check that failed."""

NEXT_STEPS: Final[dict[str, _StrPromise]] = {
    "account-linked": gettext_lazy("End that link first."),
    "bad-url": gettext_lazy("Write the address where people open this DHIS2, as in https://dhis2.example.org."),
    "forbidden": gettext_lazy("Have a DHIS2 administrator give the account what it lacks."),
    "oauth-client-refused": gettext_lazy(
        "Compare the OAuth2 client in that DHIS2 with what the page of the external system shows."
    ),
    "oauth-grant-refused": gettext_lazy(
        "Give the OAuth2 client in that DHIS2 the grant types that the page of the external system shows."
    ),
    "bad-client": gettext_lazy("Correct it; the page of the external system shows what DHIS2 has to know."),
    "no-people-sign-in": gettext_lazy("Switch it on in the form of the external system first."),
    "type-in-use": gettext_lazy(
        "Choose a geometry that takes those that are there, or make another type or hierarchy."
    ),
    "attribute-in-use": gettext_lazy(
        "Remove or change those values first; or add another attribute and leave this one."
    ),
    "sign-in-again": gettext_lazy("Connect to that DHIS2 on this page; a run that stopped can then be resumed."),
    "system-disabled": gettext_lazy("Enable it on this page first."),
    "system-in-use": gettext_lazy("Disable it instead. One with external ids or runs is kept for its history."),
}
"""Where the next step of the command line isn't that of the pages."""


class Failure(Struct, frozen=True):
    """An error: what happened, what to do, and the sentence of the room below, in English as it came."""

    happened: str
    next_step: str
    original: str

    @property
    def more(self) -> str:
        """Give the sentence of the room below where it says more than `happened`."""
        return "" if in_reader_words(self.original) == self.happened else self.original

    @property
    def told(self) -> str:
        """Give one text for a field; the sentence of the room below says more about what was typed."""
        return f"{in_reader_words(self.original)} {self.next_step}"


def in_words(error: CgrError) -> Failure:
    """Say an error in the language of the page."""
    step = NEXT_STEPS.get(error.code) or in_reader_words(error.next_step)
    return Failure(str(HAPPENED.get(error.code) or in_reader_words(error.message)), str(step), error.message)


def failure_in_brief(code: str) -> str:
    """Say in two or three words why a check failed; empty for one that didn't."""
    return str(BRIEF.get(code, gettext_lazy("check failed"))) if code else ""


def users_in_words(name: str, count: int) -> str:
    """Say how many of something refer to a system: "1 synchronization configuration"."""
    return f"{number_format(count, force_grouping=True)} {USERS.get(name, name)}"


def found_in_words(found: SystemCheck) -> dict[str, object]:
    """Say what the test of a connection found."""
    return {
        "version": found.version,
        "user": found.user,
        "units": found.units,
        "units_shown": number_format(found.units, force_grouping=True),
        "levels": [(one.level, one.name) for one in found.levels],
        "missing": [(name, AUTHORITIES.get(name, "")) for name in found.missing_authorities],
        "clock_skew": found.clock_skew_s,
        "warnings": found.warnings,
    }


def prospect_in_words(found: Prospect, *, grant: str) -> dict[str, object]:
    """Say what can be known of a DHIS2 and its OAuth2 before it is registered."""
    server = found.server
    return {
        "version": found.version,
        "versions": (gettext("2.31 to 2.41") if server.legacy else gettext("2.42 and later")) if server else "",
        "usable": server is not None and (server.legacy or grant != PASSWORD),
        "next_step": in_reader_words(FAULTS[OAUTH_NOT_OFFERED].next_step),
    }


def compatibility_in_words(row: Compatibility) -> dict[str, object]:
    """Say a row of the table of versions."""
    questions = {
        gettext("Import"): row.importing,
        gettext("Synchronization"): row.syncing,
        "OAuth2": row.oauth2,
        gettext("Personal access token"): row.tokens,
    }
    return {
        "name": gettext(row.name),
        "questions": [(name, ANSWERS[answer]) for name, answer in questions.items()],
        "verified": gettext(row.verified),
        "notes": gettext(row.notes) if row.notes else "",
    }


def registration_in_words(found: Registration) -> dict[str, object]:
    """Say what to do to have a DHIS2 know this registry as an OAuth2 client."""
    return {"versions": gettext(found.versions), "path": found.path, "steps": [gettext(one) for one in found.steps]}
