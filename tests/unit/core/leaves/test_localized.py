"""Localized text: best fit, what becomes a translation, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.core.errors import BadInput
from cgr.core.localized import canonical_locale, parse_localized, pick, translations

if TYPE_CHECKING:
    from cgr.core.records import Localized

TEXT = {"default": "Clinic", "fr": "Clinique", "pt_BR": "Posto BR", "pt_PT": "Posto PT", "es": "Clínica"}


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("default", "Clinic"),
        ("fr", "Clinique"),
        ("fr_CM", "Clinique"),
        ("fr-CM", "Clinique"),
        ("pt_PT", "Posto PT"),
        ("pt-br", "Posto BR"),
        ("pt", "Posto BR"),
        ("pt_MZ", "Posto BR"),
        ("sw", "Clinic"),
        ("d", "Clinic"),
    ],
)
def test_the_text_that_fits_best_is_picked(locale: str, expected: object) -> None:
    assert pick(TEXT, locale) == expected


@pytest.mark.parametrize(("text", "expected"), [(None, None), ({}, None), ({"fr": "Clinique"}, None)])
def test_nothing_is_picked_where_nothing_fits(text: Localized | None, expected: object) -> None:
    assert pick(text, "sw") is expected


@pytest.mark.parametrize(
    ("text", "locale", "expected"),
    [
        (TEXT, "default", {"es": "Clínica", "fr": "Clinique", "pt_BR": "Posto BR", "pt_PT": "Posto PT"}),
        ({"default": "Clinic", "fr": "Clinique", "sw": "Kliniki"}, "fr", {"sw": "Kliniki"}),
        ({"default": "Clinic", "fr": "Clinique"}, "fr_CM", {}),
        ({"default": "Clinic"}, "default", {}),
        ({"default": "Clinic", "fr": "  "}, "default", {}),
        (None, "default", {}),
    ],
)
def test_all_but_the_default_and_the_main_text_are_translations(
    text: Localized | None, locale: str, expected: object
) -> None:
    assert translations(text, locale) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fr", "fr"),
        ("FR", "fr"),
        ("pt-br", "pt_BR"),
        ("pt_BR", "pt_BR"),
        ("es_419", "es_419"),
        ("uz_UZ_Cyrl", "uz_UZ_Cyrl"),
        ("uz-cyrl-uz", "uz_UZ_Cyrl"),
        ("uz_Latn", "uz_Latn"),
        ("default", None),
        ("f", None),
        ("french", None),
        ("fr_", None),
        ("uz_UZ_Cyrl_UZ", None),
        ("", None),
    ],
)
def test_a_locale_is_written_as_dhis2_does(text: str, expected: object) -> None:
    assert canonical_locale(text) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Clinic", {"default": "Clinic"}),
        (" Clinic ", {"default": "Clinic"}),
        ({"default": "Clinic", "pt-br": "Posto"}, {"default": "Clinic", "pt_BR": "Posto"}),
    ],
)
def test_a_text_or_a_map_of_languages_is_read(raw: object, expected: object) -> None:
    assert parse_localized(raw) == expected


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (12, "expected a text"),
        (None, "expected a text"),
        ("", "empty"),
        ({}, "`default`"),
        ({"fr": "Clinique"}, "`default`"),
        ({"default": ""}, "empty"),
        ({"default": "Clinic", "fr": None}, "not a text"),
        ({"default": "Clinic", "french": "Clinique"}, "neither `default` nor a language"),
        ({"default": "Clinic", 1: "Clinique"}, "neither `default` nor a language"),
        ({"default": "Clinic", "pt_BR": "a", "pt-br": "b"}, "given twice"),
        ({"default": "Cli\x00nic"}, "U+0000"),
    ],
)
def test_other_things_are_refused_in_words(raw: object, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_localized(raw)
    assert words in refused.value.message
    assert refused.value.next_step
