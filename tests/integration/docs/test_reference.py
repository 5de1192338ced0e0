"""The reference pages are held to the code: what exists is written down, and what is written down exists."""

from __future__ import annotations

import re
import runpy
from datetime import date

import msgspec
import pytest

from cgr.configuration.document import Document, parse_document
from cgr.configuration.yaml_reading import read_yaml
from cgr.core.changes import Counts, ProblemCode
from cgr.core.importing import ImportMapping
from cgr.core.mapping_rules import Offer
from cgr.core.mapping_rules.offering import AttributeOffer, Selection
from cgr.core.objects_file import read_line
from cgr.core.report import OutcomeState
from cgr.dhis2 import SystemCheck, compatibility_table
from cgr.dhis2.errors import FAULTS
from cgr.runs.models import Run
from cgr.sync.candidates import Candidates
from cgr.sync.reports import plan_of
from cgr.web.words import AUDIT_ACTIONS, AUDIT_KINDS

from .pages import ROOT, blocks, headings, section, shown_json, table_codes, text_of
from .sources import audited, commands, error_codes, guard_codes, keys_of, note_codes, trouble_codes

CLI = "docs/reference/cli.md"
COMPATIBILITY = "docs/reference/compatibility.md"
ERRORS = "docs/reference/errors.md"
FILES = "docs/reference/files.md"
PROBLEMS = "docs/reference/problem-codes.md"
SETTINGS = "docs/reference/settings.md"
ENVIRONMENT = "src/cgr/project/environment.py"
COMMANDS = commands()


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_a_section_that_names_all_its_options(path):
    written = section(CLI, f"`{path}`")
    options = [option for parameter in COMMANDS[path].params for option in parameter.opts if option.startswith("-")]
    assert not [option for option in options if option != "--help" and f"`{option}" not in written]


def test_the_command_line_page_describes_no_command_that_is_not_there():
    described = [title.strip("`") for _, _, title in headings(text_of(CLI)) if title.startswith("`cgr ")]
    assert sorted(described) == sorted(COMMANDS)


def test_the_plan_on_the_command_line_page_has_the_keys_of_a_plan():
    shown = shown_json(CLI, "digest")
    summary = {"dhis2": {}, "counts": {}, "guards": [], "findings": []}
    assert list(shown) == list(plan_of(Run(as_of=date(2026, 11, 23), summary=summary)))
    assert shown["counts"].keys() == set(Counts.__struct_fields__)


def test_the_check_on_the_command_line_page_has_the_keys_of_a_check():
    assert shown_json(CLI, "clock_skew_s").keys() == set(SystemCheck.__struct_fields__)


def test_the_candidates_on_the_command_line_page_have_the_keys_of_candidates():
    shown = shown_json(CLI, "not_refreshed")
    assert shown.keys() == set(Candidates.__struct_fields__)
    assert shown["offer"].keys() == set(Offer.__struct_fields__)
    (attribute,) = shown["offer"]["attributes"]
    assert attribute.keys() == set(AttributeOffer.__struct_fields__)
    assert attribute["valid"][0].keys() == set(Selection.__struct_fields__)


def test_every_outcome_of_a_change_is_explained():
    assert table_codes(section(CLI, "`cgr sync report`")) == set(OutcomeState)


def test_every_state_of_a_run_is_explained():
    (states,) = re.findall(r"class State\(.*?(?=\n    class )", text_of("src/cgr/runs/models.py"), re.DOTALL)
    known = set(re.findall(r'= "([a-z]+)"', states))
    assert known
    assert table_codes(section(CLI, "`cgr sync runs`")) == known


@pytest.mark.parametrize(
    "name",
    ["CGR_DATA_DIR", "DATABASE_URL", "CGR_SECRET_KEYS", "CGR_HOST", "CGR_PORT", "CGR_ALLOW_PRIVATE_NETWORKS"],
)
def test_every_environment_variable_that_scripts_rely_on_is_read_and_explained(name):
    assert f'"{name}"' in text_of(ENVIRONMENT)
    assert f"| `{name}` |" in text_of(SETTINGS)


def test_the_settings_page_lists_exactly_the_variables_that_are_read():
    read = re.findall(r'variables(?:\.get\(|, )"([A-Z_]+)"', text_of(ENVIRONMENT))
    written = re.findall(r"^\| `([A-Z_]+)` \|", text_of(SETTINGS), re.MULTILINE)
    assert sorted(written) == sorted(set(read))


def test_the_page_of_the_audit_log_has_words_for_whatever_is_written_into_it():
    actions, kinds = audited("action"), audited("kind")
    assert {"create", "plan", "queue"} <= actions
    assert {"system", "sync run", "user"} <= kinds
    assert actions <= AUDIT_ACTIONS.keys()
    assert kinds <= AUDIT_KINDS.keys()


def test_every_problem_code_is_explained_and_no_other():
    # A report has codes of its own for changes that the run never came to.
    beside = set(re.findall(r'"code": "([a-z-]+)"', text_of("src/cgr/sync/reports.py")))
    assert table_codes(section(PROBLEMS, "Problems of a plan or a report")) == set(ProblemCode) | beside


@pytest.mark.parametrize(
    ("title", "codes"),
    [("Notes of a plan", note_codes()), ("Guards", guard_codes()), ("Troubles of an import", trouble_codes())],
)
def test_every_note_guard_and_trouble_is_explained_and_no_other(title, codes):
    assert codes
    assert table_codes(section(PROBLEMS, title)) == codes


def test_every_error_code_is_explained():
    # Whatever is wrong with one unit of an import is told as its trouble.
    assert not error_codes() - trouble_codes() - table_codes(text_of(ERRORS))


def test_the_errors_page_explains_no_code_that_is_not_there():
    # A guard's code is that of the error that stops the run.
    assert not table_codes(text_of(ERRORS)) - error_codes() - guard_codes()


@pytest.mark.parametrize("code", FAULTS)
def test_the_errors_page_says_of_each_dhis2_error_what_it_asks_for(code):
    words = {
        "BadInput": "bad input",
        "TryLater": "try later",
        "NeedsPerson": "needs a person",
        "ProtocolBroken": "protocol broken",
    }
    row = re.search(rf"^\| `{code}` \|.*?\| ([a-z ]+) \|", text_of(ERRORS), re.MULTILINE)
    assert row
    assert row[1] == words[FAULTS[code].kind.__name__]


def test_the_page_on_compatibility_shows_the_table_that_the_product_goes_by():
    script = runpy.run_path(str(ROOT / "scripts" / "write_compatibility_table.py"))
    shown = text_of(COMPATIBILITY)
    assert all(row.name in shown for row in compatibility_table())
    assert script["page"](shown) == shown


def test_the_configuration_file_shown_can_be_read():
    (example,) = blocks(section(FILES, "Configuration file"), "yaml")
    document = parse_document(example.encode())
    assert [level.type for level in document.syncs[0].levels] == ["country", "region", "district", "facility"]


def test_the_page_on_files_names_every_key_of_the_configuration_file():
    page = section(FILES, "Configuration file")
    assert not sorted(key for key in keys_of(Document) if not re.search(rf"\b{key}\b", page))


def test_the_objects_shown_can_be_read():
    (example,) = blocks(section(FILES, "Geo-Objects file"), "ndjson")
    lines = [line for line in example.splitlines() if not line.startswith("#")]
    assert [read_line(line.encode(), number).code for number, line in enumerate(lines, start=1)] == ["F1", "D7"]


def test_the_import_mapping_shown_can_be_read():
    (example,) = blocks(section(FILES, "Import mapping"), "yaml")
    mapping = msgspec.convert(read_yaml(example.encode()).value, ImportMapping)
    assert [attribute.to for attribute in mapping.attributes] == ["beds", "owner", "owner"]
