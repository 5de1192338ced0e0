"""The documents are held to the code: what exists is written down, and what is written down exists."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
import pytest
import typer

from cgr.cli.main import application
from cgr.configuration.document import Document, parse_document
from cgr.configuration.yaml_reading import read_yaml
from cgr.core.changes import Counts, Plan, ProblemCode
from cgr.core.importing import ImportMapping
from cgr.core.mapping import SyncMapping
from cgr.core.objects_file import read_line
from cgr.core.plan_json import to_json
from cgr.core.report import OutcomeState
from cgr.dhis2 import SystemCheck
from cgr.dhis2.errors import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "src" / "cgr"
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
CODE = r"`([a-z0-9_-]+)`"


def text_of(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text("utf-8")


def section(page: str, title: str) -> str:
    """The text below a heading, up to the next one of the same or a higher rank."""
    found = re.search(rf"^(#+) {re.escape(title)}$(.*?)(?=^#{{1,6}} |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {title!r}"
    rank = len(found[1])
    rest = page[found.start() + len(found[1]) :]
    end = re.search(rf"^#{{1,{rank}}} ", rest[1:], re.MULTILINE)
    return rest[: end.start() + 1] if end else rest


def table_codes(text: str) -> set[str]:
    """The codes that open a row of a table."""
    return set(re.findall(rf"^\| {CODE} \|", text, re.MULTILINE))


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def source_trees(*, but_for: str = "sandbox") -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if but_for not in path.relative_to(SOURCE).parts[:-1]:
            yield path, ast.parse(path.read_text("utf-8"))


def calls() -> Iterator[ast.Call]:
    for _, tree in source_trees():
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def constant(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def first_arguments(*names: str) -> set[str]:
    firsts = (constant(call.args[0]) for call in calls() if called(call) in names and call.args)
    return {first for first in firsts if first is not None}


def error_codes() -> set[str]:
    """Every `code="…"` of an error raised outside the sandbox, and every row of the table of DHIS2 faults."""
    keywords = chain.from_iterable(call.keywords for call in calls())
    given = {constant(keyword.value) for keyword in keywords if keyword.arg == "code"} - {None}
    return {code for code in given if code is not None} | FAULTS.keys()


def commands(group: click.Command | None = None, path: str = "cgr") -> Iterator[tuple[str, click.Command]]:
    command = typer.main.get_command(application()) if group is None else group
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    else:
        for name, one in inner.items():
            yield from commands(one, f"{path} {name}")


COMMANDS = dict(commands())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_a_section_that_names_all_its_options(path):
    written = section(text_of("docs", "reference", "cli.md"), f"`{path}`")
    options = [option for parameter in COMMANDS[path].params for option in parameter.opts if option.startswith("-")]
    missing = [option for option in options if option != "--help" and f"`{option}" not in written]
    assert not missing


def test_the_command_line_page_describes_no_command_that_is_not_there():
    written = re.findall(r"^### `(cgr [a-z0-9 -]+)`$", text_of("docs", "reference", "cli.md"), re.MULTILINE)
    assert sorted(written) == sorted(COMMANDS)


def test_the_plan_on_the_command_line_page_has_the_keys_of_a_plan():
    shown = next(
        one for one in map(json.loads, blocks(text_of("docs", "reference", "cli.md"), "json")) if "digest" in one
    )
    mapping = SyncMapping(levels=())
    empty = Plan("2026-11-23", mapping, "2.42", 0, Counts(), (), (), (), ())
    # `findings` stand with the run, beside its plan.
    assert shown.keys() == to_json(empty, id="1", config="c", digest="d").keys() | {"findings"}
    assert shown["counts"].keys() == set(Counts.__struct_fields__)


def test_the_check_on_the_command_line_page_has_the_keys_of_a_check():
    shown = next(
        one for one in map(json.loads, blocks(text_of("docs", "reference", "cli.md"), "json")) if "clock_skew_s" in one
    )
    assert shown.keys() == set(SystemCheck.__struct_fields__)


def test_every_outcome_of_a_change_is_explained():
    assert table_codes(section(text_of("docs", "reference", "cli.md"), "`cgr sync report`")) == set(OutcomeState)


def test_every_state_of_a_run_is_explained():
    states = re.findall(
        r'^        [A-Z]+ = "([a-z]+)"$', text_of("src", "cgr", "runs", "models.py").split("class Kind")[0], re.M
    )
    assert states
    assert table_codes(section(text_of("docs", "reference", "cli.md"), "`cgr sync runs`")) == set(states)


@pytest.mark.parametrize(
    "name",
    ["CGR_DATA_DIR", "DATABASE_URL", "CGR_SECRET_KEYS", "CGR_HOST", "CGR_PORT", "CGR_ALLOW_PRIVATE_NETWORKS"],
)
def test_every_environment_variable_that_scripts_rely_on_is_read_and_explained(name):
    assert f'"{name}"' in text_of("src", "cgr", "project", "environment.py")
    assert f"| `{name}` |" in text_of("docs", "reference", "settings.md")


def test_the_settings_page_lists_exactly_the_variables_that_are_read():
    read = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', text_of("src", "cgr", "project", "environment.py")))
    written = set(re.findall(r"^\| `([A-Z_]+)` \|", text_of("docs", "reference", "settings.md"), re.MULTILINE))
    # Names of Django's keys stand in the same file; those that are read come with CGR_, DATABASE_ or XDG_.
    assert written == {name for name in read if name.startswith(("CGR_", "DATABASE_", "XDG_"))}


def test_every_problem_code_is_explained_and_no_other():
    page = text_of("docs", "reference", "problem-codes.md")
    reports = text_of("src", "cgr", "sync", "reports.py")
    beside = set(re.findall(r'"code": "([a-z-]+)"', reports))
    assert table_codes(section(page, "Problems of a plan or a report")) == set(ProblemCode) | beside


def test_every_note_is_explained_and_no_other():
    remarks = {
        constant(call.args[0].elts[0])
        for call in calls()
        if called(call) == "append" and call.args and isinstance(call.args[0], ast.Tuple)
        if getattr(getattr(call.func, "value", None), "attr", "") == "remarks"
    }
    notes = first_arguments("Note") | {code for code in remarks if code is not None}
    remarked_by_name = set(re.findall(r'remarks\.append\(\("([a-z-]+)"', text_of("src/cgr/core/planner/attributes.py")))
    page = text_of("docs", "reference", "problem-codes.md")
    assert table_codes(section(page, "Notes of a plan")) == notes | remarked_by_name


def test_every_guard_is_explained_and_no_other():
    page = text_of("docs", "reference", "problem-codes.md")
    assert table_codes(section(page, "Guards")) == first_arguments("_over")


def test_every_trouble_of_an_import_is_explained_and_no_other():
    page = text_of("docs", "reference", "problem-codes.md")
    assert table_codes(section(page, "Troubles of an import")) == first_arguments("Trouble", "_trouble")


def test_every_error_code_is_explained():
    page = text_of("docs", "reference", "errors.md")
    assert not error_codes() - table_codes(page)


def test_the_errors_page_explains_no_code_that_is_not_there():
    guards = first_arguments("_over")  # a guard's code is that of the error that stops the run
    assert not table_codes(text_of("docs", "reference", "errors.md")) - error_codes() - guards


@pytest.mark.parametrize("code", FAULTS)
def test_the_errors_page_says_of_each_dhis2_error_what_it_asks_for(code):
    words = {
        "BadInput": "bad input",
        "TryLater": "try later",
        "NeedsPerson": "needs a person",
        "ProtocolBroken": "protocol broken",
    }
    row = re.search(rf"^\| `{code}` \|.*?\| ([a-z ]+) \|", text_of("docs", "reference", "errors.md"), re.MULTILINE)
    assert row
    assert row[1] == words[FAULTS[code].kind.__name__]


def test_the_configuration_file_shown_can_be_read():
    (example,) = blocks(section(text_of("docs", "reference", "files.md"), "Configuration file"), "yaml")
    document = parse_document(example.encode())
    assert [level.type for level in document.syncs[0].levels] == ["country", "region", "district", "facility"]


def test_the_configuration_file_shown_uses_every_key_there_is():
    page = section(text_of("docs", "reference", "files.md"), "Configuration file")
    keys = set(chain.from_iterable(struct_keys(Document)))
    missing = sorted(key for key in keys if not re.search(rf"\b{key}\b", page))
    assert not missing


def struct_keys(kind: type[msgspec.Struct]) -> Iterator[set[str]]:
    """The keys of a struct of the file and of all structs in it."""
    info = msgspec.inspect.type_info(kind)
    waiting, seen = [info], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, msgspec.inspect.StructType):
            if one.cls not in seen:
                seen.add(one.cls)
                yield {field.encode_name for field in one.fields}
                waiting += [field.type for field in one.fields]
        else:
            inner = (getattr(one, name, None) for name in ("item_type", "value_type"))
            waiting += [type_ for type_ in (*inner, *getattr(one, "types", ())) if type_ is not None]


def test_the_objects_shown_can_be_read():
    (example,) = blocks(section(text_of("docs", "reference", "files.md"), "Geo-Objects file"), "ndjson")
    lines = [line for line in example.splitlines() if not line.startswith("#")]
    drafts = [read_line(line.encode(), number) for number, line in enumerate(lines, start=1)]
    assert [draft.code for draft in drafts] == ["F1", "D7"]


def test_the_import_mapping_shown_can_be_read():
    (example,) = blocks(section(text_of("docs", "reference", "files.md"), "Import mapping"), "yaml")
    mapping = msgspec.convert(read_yaml(example.encode()).value, ImportMapping)
    assert [attribute.to for attribute in mapping.attributes] == ["beds", "owner", "owner"]


def glossary_terms() -> list[str]:
    return re.findall(r"^\*\*(.+?)\*\* — ", text_of("docs", "glossary.md"), re.MULTILINE)


def test_the_glossary_is_in_order_and_has_each_term_once():
    terms = [term.casefold() for term in glossary_terms()]
    assert len(terms) > 40
    assert terms == sorted(set(terms))


@pytest.fixture(scope="module")
def words_in_use():
    sources = chain(SOURCE.rglob("*.py"), (page for page in PAGES if page.name != "glossary.md"))
    return " ".join(" ".join(path.read_text("utf-8").split()).casefold() for path in sources)


@pytest.mark.parametrize("term", glossary_terms())
def test_every_term_of_the_glossary_is_in_use(term, words_in_use):
    # A term in two words may stand in code as one name.
    assert re.search(rf"\b{re.escape(term.casefold())}".replace(r"\ ", "[ _-]?").replace(r"\-", "[ _-]?"), words_in_use)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def anchors(page: Path) -> set[str]:
    """The anchors that headings get, as the usual hosts make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_folder_of_somebody_s_machine(page):
    assert not re.search(r"(?<![\w.])/(work|root|home|Users|tmp)/", page.read_text("utf-8"))


def test_every_page_below_docs_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", page.read_text("utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link)]
    # docs/README.md is a table of contents for whoever opens the folder.
    assert set(PAGES) - reached <= {DOCS / "README.md"}


def test_the_readme_gives_the_two_commands_and_make_has_them():
    shown = re.findall(r"^make ([a-z]+)", "\n".join(blocks(text_of("README.md"), "sh")), re.MULTILINE)
    assert shown == ["demo", "test"]
    assert all(re.search(rf"^{target}:", text_of("Makefile"), re.MULTILINE) for target in shown)


def test_the_readme_shows_a_picture_of_our_own():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text_of("README.md"))
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_architecture_page_describes_every_room():
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    page = section(text_of("docs", "explanation", "architecture.md"), "Rooms")
    described = set(re.findall(r"`([a-z0-9_]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))))
    assert described == rooms


def test_the_architecture_page_gives_the_reason_for_every_wall():
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    page = section(text_of("docs", "explanation", "architecture.md"), "Walls")
    rows = re.findall(r"^\| (?!contract|-)(.*?) \| .+ \|$", page, re.MULTILINE)
    assert sorted(rows) == sorted(contract["name"] for contract in contracts)


def test_the_architecture_page_names_only_places_that_exist():
    page = section(text_of("docs", "explanation", "architecture.md"), "Where does a change go?")
    places = re.findall(r"`([a-z0-9_]+/[a-z0-9_/.]*)`", page)
    assert len(places) > 10
    assert not [place for place in places if not (SOURCE / place).exists()]


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("[!R]*.md")), ids=lambda page: page.stem)
def test_every_decision_has_its_date_context_decision_and_consequences_and_is_listed(page):
    content = page.read_text("utf-8")
    title = re.match(r"# (.+)\n\n(\d{4}-\d{2}-\d{2})\n", content)
    assert title
    assert re.findall(r"^## (.+)$", content, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"| [{title[1]}]({page.name}) | {title[2]} |" in text_of("docs", "decisions", "README.md")


def test_the_tutorial_tells_the_steps_of_the_demo_in_their_order():
    told = re.findall(r"^    ▸ (.+)$", text_of("docs", "tutorial", "demo.md"), re.MULTILINE)
    begun = re.findall(r'tell\("▸ (.+?)"\)', text_of("src", "cgr", "cli", "demo", "__init__.py"))
    steps = re.findall(r'_step\("(.+?)"\)', text_of("src", "cgr", "cli", "demo", "story.py"))
    assert begun
    assert steps
    assert told == begun + steps


def test_the_attributions_of_the_demo_are_in_the_notice():
    head = [line for line in text_of("src", "cgr", "cli", "demo", "zambia.ndjson").splitlines() if line.startswith("#")]
    needed = re.findall(r"https?://\S+[\w]|CC BY[A-Z0-9. ]*\d\.\d(?: IGO)?|geoBoundaries|OCHA|Maina", "\n".join(head))
    assert len(needed) > 5
    notice = text_of("NOTICE")
    assert not [word for word in needed if word not in notice]
