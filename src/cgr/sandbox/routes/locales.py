"""The languages of texts in the database and of the user interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.housekeeping import last_updated_by
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.world import World

# ruff: noqa: RUF001 - names of languages in their own writing
# Code, English name, own name. DHIS2 sorts by the English name.
_DATABASE: Final = (
    ("af", "Afrikaans", "Afrikaans"), ("am", "Amharic", "አማርኛ"), ("ar", "Arabic", "العربية"),
    ("bi", "Bislama", "Bislama"), ("my", "Burmese", "မြန်မာ"), ("zh", "Chinese", "中文"),
    ("nl", "Dutch", "Nederlands"), ("dz", "Dzongkha", "རྫོང་ཁ"), ("en", "English", "English"),
    ("fr", "French", "français"), ("de", "German", "Deutsch"), ("gu", "Gujarati", "ગુજરાતી"),
    ("hi", "Hindi", "हिन्दी"), ("id", "Indonesian", "Indonesia"), ("it", "Italian", "italiano"),
    ("km", "Khmer", "ខ្មែរ"), ("rw", "Kinyarwanda", "Kinyarwanda"), ("lo", "Lao", "ລາວ"),
    ("ne", "Nepali", "नेपाली"), ("no", "Norwegian", "norsk"), ("ps", "Pashto", "پښتو"), ("fa", "Persian", "فارسی"),
    ("pt", "Portuguese", "português"), ("ru", "Russian", "русский"), ("es", "Spanish", "español"),
    ("sw", "Swahili", "Kiswahili"), ("tg", "Tajik", "тоҷикӣ"), ("vi", "Vietnamese", "Tiếng Việt"),
)  # fmt: skip
# The same for the user interface, with the first and (exclusive) last version that has it.
_INTERFACE: Final = (
    ("ar", "Arabic", "العربية", 31, 99), ("ar_EG", "Arabic (Egypt)", "العربية (مصر)", 31, 99),
    ("ar_IQ", "Arabic (Iraq)", "العربية (العراق)", 31, 99), ("ar_SD", "Arabic (Sudan)", "العربية (السودان)", 31, 99),
    ("bn", "Bangla", "বাংলা", 31, 99), ("bi", "Bislama", "Bislama", 31, 99), ("my", "Burmese", "မြန်မာ", 31, 99),
    ("ckb", "Central Kurdish", "کوردیی ناوەندی", 31, 99), ("zh", "Chinese", "中文", 31, 99),
    ("zh_CN", "Chinese (China)", "中文 (中国)", 31, 99), ("cs", "Czech", "čeština", 36, 99),
    ("da", "Danish", "dansk", 31, 99), ("nl", "Dutch", "Nederlands", 36, 99), ("en", "English", "English", 31, 99),
    ("fr", "French", "français", 31, 99), ("hi_IN", "Hindi (India)", "हिन्दी (भारत)", 40, 42),
    ("hi_IN", "Hindi (India)", "हिन्दी (भारत)", 43, 99), ("id", "Indonesian", "Indonesia", 34, 99),
    ("id_ID", "Indonesian (Indonesia)", "Indonesia (Indonesia)", 31, 99), ("km", "Khmer", "ខ្មែរ", 31, 99),
    ("rw", "Kinyarwanda", "Kinyarwanda", 31, 99), ("lo", "Lao", "ລາວ", 31, 99), ("mn", "Mongolian", "монгол", 31, 99),
    ("ne", "Nepali", "नेपाली", 31, 99), ("nb", "Norwegian Bokmål", "norsk bokmål", 31, 99),
    ("or", "Odia", "ଓଡ଼ିଆ", 36, 99), ("ps", "Pashto", "پښتو", 31, 99), ("pt", "Portuguese", "português", 31, 99),
    ("pt_BR", "Portuguese (Brazil)", "português (Brasil)", 31, 99), ("ro", "Romanian", "română", 36, 99),
    ("ru", "Russian", "русский", 31, 99), ("si", "Sinhala", "සිංහල", 38, 99), ("es", "Spanish", "español", 31, 99),
    ("es_419", "Spanish (Latin America)", "español (Latinoamérica)", 42, 99), ("sv", "Swedish", "svenska", 31, 99),
    ("tg", "Tajik", "тоҷикӣ", 31, 99), ("tet", "Tetum", "Tetum", 31, 99), ("uk", "Ukrainian", "українська", 31, 99),
    ("ur", "Urdu", "اردو", 31, 99), ("uz", "Uzbek", "o‘zbek", 36, 38),
    ("uz", "Uzbek", "o‘zbek", 40, 42), ("uz_UZ_Cyrl", "Uzbek (Uzbekistan, Cyrl)", "", 38, 40),
    ("uz_UZ_Latn", "Uzbek (Uzbekistan, Latn)", "", 38, 40),
    ("uz_UZ_Cyrl", "Uzbek (Cyrillic, Uzbekistan)", "ўзбекча (Кирил, Ўзбекистон)", 42, 99),
    ("uz_UZ_Latn", "Uzbek (Latin, Uzbekistan)", "o‘zbek (lotin, Oʻzbekiston)", 42, 99),
    ("vi", "Vietnamese", "Tiếng Việt", 31, 99), ("prs", "prs", "prs", 31, 99),
)  # fmt: skip
_COUNTRIES: Final = {
    "BF": "Burkina Faso", "CM": "Cameroon", "CD": "Congo - Kinshasa", "CI": "Côte d’Ivoire", "FR": "France",
    "GN": "Guinea", "ML": "Mali", "MZ": "Mozambique", "NE": "Niger", "SN": "Senegal", "TG": "Togo", "TZ": "Tanzania",
}  # fmt: skip
_LANGUAGES: Final = {"ab": "Abkhazian", "aa": "Afar", "ak": "Akan"}
# Java's old code of Indonesian, written until it was built with Java 17.
_INDONESIAN: Final = {"id": "in", "id_ID": "in_ID"}


class DatabaseLocale(msgspec.Struct):
    """A language that texts of the database can be translated to."""

    uid: str
    code: str
    name: str
    created: str
    maker: str = ""


class Locales(msgspec.Struct):
    """The database languages of a world; the ones it begins with are made on first use."""

    known: list[DatabaseLocale] = msgspec.field(default_factory=list)


@ROUTER.route("GET", "/api/locales/ui")
def interface_locales(world: World, _request: Request) -> Response:
    """List the languages of the user interface."""
    minor = world.version[1]
    rows = [_row(world, *row[:3]) for row in _INTERFACE if row[3] <= minor < row[4]]
    return json_response(rows)


@ROUTER.route("GET", "/api/locales/db")
def database_locales(world: World, _request: Request) -> Response:
    """List the languages of the database, short form."""
    begun = {code: (code, english, own) for code, english, own in _DATABASE}
    known = [begun.get(locale.code, (locale.code, locale.name, locale.name)) for locale in _known(world)]
    return json_response([_row(world, *row) for row in sorted(known, key=lambda row: row[1])])


@ROUTER.route("GET", "/api/locales/dbLocales")
def stored_locales(world: World, _request: Request) -> Response:
    """List the languages of the database as objects."""
    return json_response([_object(world, locale) for locale in _known(world)])


@ROUTER.route("GET", "/api/locales/languages")
def languages(_world: World, _request: Request) -> Response:
    """Give the languages a database locale can be made of."""
    return json_response(dict(sorted((_LANGUAGES | {code: name for code, name, _ in _DATABASE}).items())))


@ROUTER.route("POST", "/api/locales/dbLocales")
def add_locale(world: World, request: Request) -> Response:
    """Make a database locale of a language and a country."""
    language, country = request.first("language"), request.first("country")
    code = f"{language}_{country}" if country else language
    known = _known(world)
    if any(locale.code == code for locale in known):
        return messages.problem(world, 409, "Locale code existed.")
    named = next((english for known_code, english, _ in _DATABASE if known_code == language), language)
    name = f"{named} ({_COUNTRIES.get(country, country)})" if country else named
    locale = DatabaseLocale(new_uid(), code, name, world.now(), request.actor.uid)
    known.append(locale)
    request.written = True
    response = messages.web_message(201, "Locale created successfully")
    response.status = 201 if world.version >= (2, 37) else 200
    response.headers["location"] = f"{request.origin}/api/locales/{locale.uid}"
    return response


def _known(world: World) -> list[DatabaseLocale]:
    locales = world.state(Locales)
    if not locales.known:
        now = world.now()
        locales.known = [DatabaseLocale(new_uid(), code, name, now) for code, name, _ in _DATABASE]
    return locales.known


def _code(world: World, code: str) -> str:
    return _INDONESIAN.get(code, code) if world.version < (2, 39) else code


def _row(world: World, code: str, english: str, own: str) -> dict[str, str]:
    if world.version < (2, 41):
        return {"locale": _code(world, code), "name": english}
    return {"locale": code, "name": own, "displayName": english, "languageTag": _tag(code)}


def _tag(code: str) -> str:
    """Write a Java locale as a language tag: the script comes before the country."""
    language, *rest = code.split("_")
    return "-".join([language, *reversed(rest)])


def _object(world: World, locale: DatabaseLocale) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": locale.uid,
        "name": locale.name,
        "displayName": locale.name,
        "locale": _code(world, locale.code),
        "created": locale.created,
        "lastUpdated": locale.created,
        "favorite": False,
    }
    if world.version >= (2, 36):
        sharing: dict[str, Any] = {"users": {}, "userGroups": {}}
        shown |= {"translations": [], "favorites": [], "attributeValues": [], "sharing": sharing}
        if world.version < (2, 43):
            sharing["external"] = False
    if (maker := world.user_of(locale.maker)) is not None:
        shown["lastUpdatedBy"] = last_updated_by(world, maker)
    if world.version < (2, 42):
        shown["externalAccess"] = False
        if world.version >= (2, 36):
            shown |= {"userAccesses": [], "userGroupAccesses": []}
    return shown
