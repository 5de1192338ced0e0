"""Localized text: `{"default": …, "fr": …}`; which one to show or send, and what may be stored.

Locales are written as DHIS2 writes them: language, then region, then script (`pt`, `pt_BR`, `uz_UZ_Cyrl`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from cgr.core.errors import BadInput
from cgr.core.texts import normal, refusal

if TYPE_CHECKING:
    from cgr.core.records import Localized

DEFAULT = "default"

_LOCALE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[_-](?P<region>[a-z]{2}|[0-9]{3}))?(?:[_-](?P<script>[a-z]{4}))?"
    r"(?:[_-](?P<region_after_script>[a-z]{2}|[0-9]{3}))?",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(maxsize=512)
def canonical_locale(text: str) -> str | None:
    """Write a locale as DHIS2 does (`pt-br` → `pt_BR`); None when it isn't one."""
    found = _LOCALE.fullmatch(text)
    if found is None or (found["region"] and found["region_after_script"]):
        return None
    region = found["region"] or found["region_after_script"]
    parts = (found["language"].lower(), region and region.upper(), found["script"] and found["script"].title())
    return "_".join(part for part in parts if part)


def best_locale(text: Mapping[str, str], locale: str) -> str | None:
    """Give the key that fits best: the locale itself, its language, another region of it, then the default."""
    if locale in text:
        return locale
    wanted = canonical_locale(locale) or locale
    language = wanted.partition("_")[0]
    for key in (wanted, language):
        if key in text:
            return key
    region = min((key for key in text if key.startswith(f"{language}_")), default=DEFAULT)
    return region if region in text else None


def pick(text: Mapping[str, str] | None, locale: str = DEFAULT) -> str | None:
    """Give the text that fits the locale best, or None."""
    if not text:
        return None
    key = best_locale(text, locale)
    return None if key is None else text[key]


def translations(text: Mapping[str, str] | None, locale: str = DEFAULT) -> dict[str, str]:
    """Give the other texts by DHIS2 locale: all but the default and the one that `pick` gives as main text."""
    if not text or len(text) == 1:
        return {}
    main = best_locale(text, locale)
    return {key: value for key, value in sorted(text.items()) if key not in {DEFAULT, main} and normal(value)}


def parse_localized(raw: object) -> Localized:
    """Make localized text of a plain text or a map; raise BadInput with words for anything else."""
    if isinstance(raw, str):
        raw = {DEFAULT: raw}
    if not isinstance(raw, Mapping):
        raise _bad(f"expected a text or a map of languages to texts, got {raw!r}")
    text: Localized = {}
    for key, value in raw.items():
        locale = DEFAULT if key == DEFAULT else _parse_key(key)
        if locale in text:
            raise _bad(f"the language {locale} is given twice")
        if not isinstance(value, str) or not value.strip():
            raise _bad(f"the text for {key!r} is empty or not a text")
        if problem := refusal(value, None):
            raise _bad(f"the text for {key!r} can't be kept: {problem}")
        text[locale] = value.strip()
    if DEFAULT not in text:
        raise _bad("the text without a language is missing (`default`)")
    return text


def _parse_key(key: object) -> str:
    locale = canonical_locale(key) if isinstance(key, str) else None
    if locale is None:
        raise _bad(f"{key!r} is neither `default` nor a language like fr or pt_BR")
    return locale


def _bad(message: str) -> BadInput:
    return BadInput(
        message,
        code="bad-localized-text",
        next_step="Give a text, or texts by language with the main one as `default`: {default: Clinic, fr: Clinique}.",
    )
