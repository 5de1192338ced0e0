"""Every sentence of the rooms below is found again by its form and said in French; what others said stays theirs."""

from __future__ import annotations

import re
import runpy
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.utils import translation

from cgr.web.sentences import Part, in_reader_words, told
from cgr.web.templatetags.sentences import sentence

SCRIPT = runpy.run_path(str(Path(__file__).parents[3] / "scripts" / "write_sentences.py"))
CATALOGUE: Path = SCRIPT["CATALOGUE"]
RENEW = "run: .venv/bin/python scripts/write_sentences.py"
FRENCH: dict[str, str] = SCRIPT["translations"](CATALOGUE.read_text("utf-8"))
ENGLISH = re.compile(
    r"\b(the|and|is|are|has|with|of|it|its|no|not|which|this|that|can't|doesn't|from)\b", re.IGNORECASE
)
CODE = re.compile(r"`[^`]*`|{.*?}|\bcgr [\w-]+( [\w-]+)?|→ .*|failed-of:RUN|skipped-of:RUN")


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def test_the_catalogue_holds_every_sentence_of_the_sources_and_no_other():
    assert len(FRENCH) > 1000
    assert SCRIPT["catalogue"](FRENCH) == CATALOGUE.read_text("utf-8"), RENEW


def test_every_sentence_has_its_french_with_the_same_places():
    assert [english for english, french in FRENCH.items() if not french] == []
    places = re.compile(r"\{\w+\}")
    other = [english for english, french in FRENCH.items() if {*places.findall(english)} != {*places.findall(french)}]
    assert other == []


def test_the_compiled_sentences_are_those_of_the_catalogue():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    assert {english: compiled.gettext(english) for english in FRENCH} == FRENCH, RENEW


def test_every_sentence_is_found_again_with_whatever_stands_in_its_places():
    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda place: f"X{len(place[1])}", text)

    left = {}
    for english in FRENCH:
        said = told(filled(english))
        ours = CODE.sub("", "".join(part.text for part in said if not part.foreign))
        if all(part.foreign for part in said) or ENGLISH.search(ours):
            left[english] = ours
    assert left == {}


@pytest.mark.parametrize(
    ("english", "french"),
    [
        # a list, and names that are nobody's words
        (
            (
                "It has more than one parent in force at this date (district The North and district D2), so its "
                "relationship is not exported."
            ),
            (
                "Il a plus d’un parent en vigueur à cette date (district The North et district D2)\u202f; sa relation "
                "n’est donc pas exportée."
            ),
        ),
        # a sentence in a sentence in a sentence
        (
            'Line 7: Column "Beds": "none" is not a whole number.',
            "Ligne 7\u00a0: Colonne «\u00a0Beds\u00a0»\u00a0: «\u00a0none\u00a0» n’est pas un nombre entier.",
        ),
        # two sentences have this form; the one that says more of it is taken
        (
            "The value of Ownership (by the state), 5 is already that of unit Ou000000001 in DHIS2.",
            "La valeur 5 de Ownership (by the state) est déjà celle de l’unité Ou000000001 dans DHIS2.",
        ),
        # a code that reads like a word of ours, and a word of ours
        ("The term new of address is not mapped.", "Le terme new de address n’est pas mis en correspondance."),
        (
            'There is no type "new" that you may use.',
            "Introuvable, ou non autorisé pour vous\u00a0: type «\u00a0new\u00a0».",
        ),
        # numbers as French writes them
        (
            '1,204 rows have nothing in "Name" (line 1, 2, 3, …).',
            "1\u202f204 lignes n’ont rien dans «\u00a0Name\u00a0» (ligne 1, 2, 3, …).",
        ),
        # a quotation in a sentence, after another one
        (
            '"Bo" (OuFacility1) can\'t be imported: "kind": the unit is in groups that stand for different terms: A.',
            (
                "«\u00a0Bo\u00a0» (OuFacility1) ne peut pas être importée\u00a0: «\u00a0kind\u00a0»\u00a0: l’unité est "
                "dans des groupes qui correspondent à des termes différents\u00a0: A."
            ),
        ),
        ('1 row has nothing in "Name" (line 1).', "1 ligne n’a rien dans «\u00a0Name\u00a0» (ligne 1)."),
        # fields of a unit, with what becomes of them
        (
            (
                "Somebody changed the unit in DHIS2 since the last run (Name: Bo and Co → Bo; Short name (pt): – → B); "
                "this plan changes it back or anew."
            ),
            (
                "Quelqu’un a modifié l’unité dans DHIS2 depuis la dernière exécution (Nom\u00a0: Bo and Co → Bo\u202f; "
                "Nom court (pt)\u00a0: – → B)\u202f; cet aperçu la remet en l’état ou la modifie de nouveau."
            ),
        ),
        # a row of a configuration, with what is asked of DHIS2 and the state of a run
        (
            "Level 2 (district), attribute owner, term state: the attribute has no such term.",
            "Niveau 2 (district), attribut owner, terme state\u00a0: l’attribut n’a pas ce terme.",
        ),
        (
            "Run 7 is failure; it can't be started in this state.",
            "L’exécution 7 est dans l’état «\u00a0échouée\u00a0»\u202f; elle ne peut pas être lancée dans cet état.",
        ),
    ],
)
def test_a_sentence_is_said_in_french_with_its_names_as_they_are(english, french):
    assert in_reader_words(english) == french


def test_what_dhis2_said_stays_as_it_is_and_is_marked_as_english():
    said = told("DHIS2 refuses the unit: Property `name` is <too> long")
    assert said == (Part("DHIS2 refuse l’unité\u00a0: "), Part("Property `name` is <too> long", foreign=True))
    assert sentence("DHIS2 refuses the unit: is <too> long") == (
        'DHIS2 refuse l’unité\u00a0: <span lang="en">is &lt;too&gt; long</span>'
    )
    assert sentence("Nobody here says this") == '<span lang="en">Nobody here says this</span>'
    assert sentence(None) == sentence("") == ""


def test_english_pages_say_what_the_rooms_say():
    with translation.override("en"):
        assert sentence("It has no parent in force at this date.") == "It has no parent in force at this date."
