"""The documents hang together, speak of what is there, and show nothing that isn't ours to show."""

from __future__ import annotations

import re
import tomllib
from itertools import chain

import pytest

from .pages import DOCS, PAGES, ROOT, anchors, blocks, links, section, text_of
from .sources import SOURCE

ARCHITECTURE = "docs/explanation/architecture.md"
GLOSSARY = re.findall(r"^\*\*(.+?)\*\* — ", text_of("docs/glossary.md"), re.MULTILINE)


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_folder_of_somebody_s_machine(page):
    assert not re.search(r"(?<![\w.])/(work|root|home|Users|tmp)/", page.read_text("utf-8"))


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        paths = (link.partition("#")[0] for link in links(page))
        waiting += [(page.parent / path).resolve() for path in paths if path.endswith(".md")]
    assert not set(PAGES) - reached


def test_the_readme_gives_the_two_commands():
    shown = re.findall(r"^make ([a-z]+)", "\n".join(blocks(text_of("README.md"), "sh")), re.MULTILINE)
    assert shown == ["demo", "test"]


def test_make_has_every_target_that_the_pages_name():
    named = set(chain.from_iterable(re.findall(r"`make ([a-z]+)[ `]", page.read_text("utf-8")) for page in PAGES))
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert {"demo", "test", "lint"} <= named
    assert named <= targets


def test_the_readme_shows_a_picture_of_our_own():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text_of("README.md"))
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_glossary_is_in_order_and_has_each_term_once():
    terms = [term.casefold() for term in GLOSSARY]
    assert len(terms) > 40
    assert terms == sorted(set(terms))


@pytest.fixture(scope="module")
def words_in_use():
    paths = chain(SOURCE.rglob("*.py"), (page for page in PAGES if page.name != "glossary.md"))
    return " ".join(" ".join(path.read_text("utf-8").split()).casefold() for path in paths)


@pytest.mark.parametrize("term", GLOSSARY)
def test_every_term_of_the_glossary_is_in_use(term, words_in_use):
    # Words that people separate are joined in the names of code.
    written = "[ _-]?".join(re.escape(word) for word in re.split(r"[ -]", term.casefold()))
    assert re.search(rf"(?<![a-z]){written}(?![a-rt-z])", words_in_use)


def test_the_architecture_page_describes_every_room_and_no_other():
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    first_cells = re.findall(r"^\| (`.*?) \|", section(ARCHITECTURE, "Rooms"), re.MULTILINE)
    assert set(re.findall(r"`([a-z0-9_]+)`", "\n".join(first_cells))) == rooms


def test_the_architecture_page_gives_the_reason_for_every_wall():
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    rows = re.findall(r"^\| (?!contract|-)(.*?) \| .+ \|$", section(ARCHITECTURE, "Walls"), re.MULTILINE)
    assert sorted(rows) == sorted(contract["name"] for contract in contracts)


def test_the_architecture_page_sends_changes_only_to_places_that_exist():
    places = re.findall(r"`([a-z0-9_]+/[a-z0-9_/.]*)`", section(ARCHITECTURE, "Where does a change go?"))
    assert len(places) > 10
    assert not [place for place in places if not (SOURCE / place).exists()]


def test_the_threat_model_names_only_places_that_exist():
    page = text_of("docs/explanation/threat-model.md")
    places = re.findall(r"`([a-z0-9_]+/[a-z0-9_/.]*)`", page)
    assert len(places) > 40
    assert not [place for place in places if not ((SOURCE / place).exists() or (ROOT / place).exists())]


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("[!R]*.md")), ids=name_of)
def test_every_decision_has_its_date_context_decision_and_consequences_and_is_listed(page):
    content = page.read_text("utf-8")
    head = re.match(r"# (.+)\n\n(\d{4}-\d{2}-\d{2})\n", content)
    assert head
    assert re.findall(r"^## (.+)$", content, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"| [{head[1]}]({page.name}) | {head[2]} |" in text_of("docs/decisions/README.md")


def test_the_tutorial_tells_the_steps_of_the_demo_in_their_order():
    told = re.findall(r"^    ▸ (.+)$", text_of("docs/tutorial/demo.md"), re.MULTILINE)
    begun = re.findall(r'tell\("▸ (.+?)"\)', text_of("src/cgr/cli/demo/__init__.py"))
    steps = re.findall(r'_step\("(.+?)"\)', text_of("src/cgr/cli/demo/story.py"))
    assert begun
    assert steps
    assert told == begun + steps


def test_every_picture_of_the_tutorial_is_one_that_is_taken_anew_and_small():
    taken = re.findall(r'^    \("([a-z-]+\.png)", "/', text_of("scripts/take_pictures.py"), re.MULTILINE)
    shown = re.findall(r"\]\(\.\./images/([^)]+\.png)\)", text_of("docs/tutorial/demo.md"))
    assert shown == taken
    assert len(taken) <= 8
    assert all((DOCS / "images" / name).stat().st_size < 150_000 for name in taken)


def test_the_notice_names_the_sources_and_licences_of_the_demo_s_data():
    head = [line for line in text_of("src/cgr/cli/demo/zambia.ndjson").splitlines() if line.startswith("#")]
    needed = re.findall(r"https?://\S+\w|CC BY [0-9.]+\d(?: IGO)?|geoBoundaries|OCHA/DMMU|Maina", "\n".join(head))
    assert len(needed) > 5
    notice = text_of("NOTICE")
    assert not [words for words in needed if not all(word in notice for word in words.split("/DM"))]
