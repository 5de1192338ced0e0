"""Bringing a file on a page: what is refused, who may see it, what is kept, what is offered, what goes away again."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from cgr.accounts.actions import add_user
from cgr.accounts.actors import Actor, actor_of, housekeeper
from cgr.accounts.models import User
from cgr.audit.models import AuditEntry
from cgr.configuration.applying import apply
from cgr.core.errors import BadInput
from cgr.imports.background import continue_import, file_request_of
from cgr.imports.models import FilePiece, MappingTemplate, Upload
from cgr.imports.templates import forget, remember, request_by, templates
from cgr.imports.uploads import forget_old_uploads
from cgr.runs.models import Run
from cgr.web.imports.large_bodies import larger_limit, too_large

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"
MEGABYTE = 2**20

DEFINITIONS = b"""
version: 1
organizations: [{code: MOH, label: Ministry of Health}, {code: EDU, label: Ministry of Education}]
types:
  - {code: district, organization: MOH, label: District}
  - code: facility
    organization: MOH
    label: Facility
    geometry: point
    attributes: [{code: beds, label: Beds, kind: integer}, {code: cost, label: Cost, kind: decimal}]
  - {code: school, organization: EDU, label: School}
hierarchies: [{code: admin, organization: MOH, label: Administrative, tree: {district: {facility: {}}}}]
"""
TABLE = b"Code;Name;Beds;Cost\nF1;Bo;12;3,5\nF2;Kenema;x;\n"


def workbook_with_macros() -> bytes:
    return archive({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>", "xl/vbaProject.bin": b"x"})


def archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def ada() -> Client:
    """The administrator of the ministry of health, signed in."""
    apply(OPERATOR, DEFINITIONS)
    return client_of("ada", "MOH")


def client_of(name: str, organization: str, role: str = "registry-administrator") -> Client:
    add_user(OPERATOR, name, password=PASSWORD, role=role, organization=organization)
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def bring(client: Client, content: bytes, name: str = "facilities.csv", **more: str) -> HttpResponse:
    answer: Any = client.post("/import/file/", {"file": SimpleUploadedFile(name, content), "do": "keep", **more})
    return answer


def brought(client: Client, content: bytes = TABLE) -> str:
    answer = bring(client, content)
    assert answer.status_code == 302
    return str(answer["Location"])


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def worked() -> Run:
    run = Run.objects.latest("pk")
    continue_import(run.pk, lambda: False)
    run.refresh_from_db()
    return run


def test_what_cannot_be_read_or_was_made_to_do_harm_is_refused_in_words_and_not_kept(ada: Client) -> None:
    for name, content, said in (
        ("table.xlsx", workbook_with_macros(), "The workbook holds macros."),
        ("shapes.zip", archive({"inner.zip": b"PK"}), "The archive holds another archive"),
        ("bomb.zip", archive({"places.shp": bytes(40 * MEGABYTE)}), "The file is too large"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "this is no table"),
        ("empty.csv", b"", "The file is empty."),
    ):
        shown = text(bring(ada, content, name))
        assert said in shown, name
    assert "Choose a file." in text(ada.post("/import/file/", {"do": "keep"}))
    assert "Choose the organization" in text(bring(ada, TABLE, organization="EDU"))
    assert not Upload.objects.exists()


def test_a_file_is_nobodys_business_but_that_of_its_organizations_administrators(ada: Client) -> None:
    address = brought(ada)
    key = address.rstrip("/").rpartition("/")[2]
    for client in (client_of("eve", "EDU"), client_of("max", "MOH", "registry-maintainer")):
        assert client.get(address).status_code == 404
        assert client.post(address, {"do": "preview", "type": "facility"}).status_code == 404
        assert client.post("/import/file/", {"do": "discard", "upload": key}).status_code == 404
    eve = Client()
    eve.force_login(User.objects.get(username="eve"))
    assert "facilities.csv" not in text(eve.get("/import/file/"))
    assert "facilities.csv" in text(ada.get("/import/file/"))
    # What isn't of its organization isn't offered, and can't be smuggled in.
    assert "School" not in text(ada.get(address))
    assert "Choose what the rows are." in text(ada.post(address, {"do": "preview", "type": "school"}))
    ada.post("/import/file/", {"do": "discard", "upload": key})
    assert not FilePiece.objects.exists()


def test_what_was_said_is_kept_previewed_imported_and_the_file_then_goes_away(ada: Client) -> None:
    # Larger than what Django would keep in memory: it goes by way of the disk.
    address = brought(ada, TABLE + b"".join(b"G%06d;Place %d;1;1,25\n" % (n, n) for n in range(120_000)))
    ada.post(address, {"do": "look", "encoding": "windows-1252", "delimiter": ";", "type": "facility"})
    assert "encoding windows-1252" in text(ada.get(address))
    assert "There is no encoding" in text(ada.post(address, {"do": "look", "encoding": "klingon"}))
    ada.post(address, {"do": "look", "encoding": "", "delimiter": "|"})
    shown = text(ada.post(address, {"do": "preview", "code": "Code", "strategy": "update_only", "from-cost": "Cost"}))
    assert "The file has no column “Code”." in shown
    ada.post(address, {"do": "look", "delimiter": ""})
    answer = ada.post(address, {"do": "preview", "valid_from": "2026-01-01", "valid_to": "2031-01-01"})
    run = Run.objects.get()
    assert answer["Location"] == f"/import/{run.pk}/"
    asked = file_request_of(run).mapping
    assert (asked.code, asked.label, asked.strategy) == ("Code", {"default": "Name"}, "update_only")
    assert (asked.valid_from, asked.valid_to, asked.encoding, asked.delimiter) == (
        "2026-01-01",
        "2031-01-01",
        None,
        None,
    )
    # The first rows have commas, so that is how decimals are read until somebody says otherwise.
    assert [(entry.to, entry.decimal_comma) for entry in asked.attributes] == [("beds", False), ("cost", True)]
    ada.post(f"/import/{run.pk}/", {"do": "cancel"})
    assert Upload.objects.get().said["valid_to"] == "2031-01-01"

    address = brought(ada)
    ada.post(address, {"do": "preview", "type": "facility", "hierarchy": ""})
    assert worked().summary["counts"]["new"] == 1
    run = Run.objects.latest("pk")
    assert f'href="{address}"' in text(ada.get(f"/import/{run.pk}/"))
    ada.post(f"/import/{run.pk}/", {"do": "run"})
    assert worked().state == Run.State.WARNING
    assert not Upload.objects.filter(run=run).exists()
    assert not FilePiece.objects.filter(run=run).exists()
    rows = b"".join(ada.get(f"/import/{run.pk}/refused.csv").streaming_content)  # type: ignore[attr-defined]
    assert b"F2,Kenema,x,," in rows
    assert b"F1" not in rows
    assert "is not a whole number" in text(ada.get(f"/import/{run.pk}/problems/"))

    Upload.objects.update(at=timezone.now() - timedelta(days=8))
    assert forget_old_uploads(housekeeper()) == 1
    assert not FilePiece.objects.exists()


def test_a_mapping_is_remembered_by_its_organization_and_offered_where_it_fits(ada: Client) -> None:
    address = brought(ada)
    wanted = {"do": "preview", "type": "facility", "from-beds": "Beds", "empty": "clear", "encoding": "utf-8"}
    ada.post(address, {**wanted, "remember": " Programme  A "})
    template = MappingTemplate.objects.get()
    assert (template.name, template.type, template.organization.code) == ("Programme A", "facility", "MOH")
    assert "encoding" not in template.mapping
    assert "✓ Programme A" in text(ada.get(brought(ada)))
    other = brought(ada, b"Code,Nom\nF1,Bo\n")
    shown = text(ada.get(other))
    assert "✓ Programme A" not in shown
    assert ">Programme A</option>" in shown
    ada.post(other, {"do": "template", "template": "Programme A"})
    assert "The file has no column “Name”." in text(ada.post(other, {"do": "preview"}))

    actor = actor_of(User.objects.get(username="ada"))
    asked = request_by(actor, "Programme A", type_code="facility", file="x.csv")
    assert asked.mapping.empty == "clear"
    with pytest.raises(BadInput, match="is for rows of type"):
        request_by(actor, "Programme A", type_code="district", file="x.csv")
    with pytest.raises(BadInput, match="can't be called"):
        remember(actor, asked, name=" \n ")
    assert templates(actor_of(User.objects.get(username=_named(client_of("eve", "EDU"))))) == []
    forget(actor, template)
    kinds = AuditEntry.objects.filter(kind="mapping-template").order_by("pk").values_list("action", flat=True)
    assert list(kinds) == ["create", "delete"]


def _named(client: Client) -> str:
    return str(User.objects.get(pk=client.session["_auth_user_id"]).username)


def test_pages_ask_the_database_as_often_for_many_files_and_mappings_as_for_few(
    ada: Client, django_assert_max_num_queries: Any
) -> None:
    address = brought(ada)
    upload = Upload.objects.get()
    kept = {"organization": upload.organization, "by": "ada", "at": upload.at}
    Upload.objects.bulk_create(Upload(name=f"{n}.csv", size=1, look=upload.look, **kept) for n in range(60))
    MappingTemplate.objects.bulk_create(
        MappingTemplate(name=f"mapping {n}", type="facility", mapping={"code": "Code"}, **kept) for n in range(60)
    )
    ada.post(address, {"do": "stay", "type": "facility"})
    for path in ("/import/file/", address):
        with django_assert_max_num_queries(25):
            text(ada.get(path))


@pytest.mark.django_db(transaction=True)  # the session is looked up over another connection
def test_only_who_may_import_may_send_a_large_body_and_only_to_the_page(ada: Client) -> None:
    def limit(client: Client | None, path: str = "/import/file/", method: str = "POST") -> int | None:
        cookie = client.cookies["sessionid"].value if client else "made-up"
        headers = [(b"host", b"testserver"), (b"cookie", f"a=b; sessionid={cookie}".encode())]
        return asyncio.run(larger_limit({"method": method, "path": path, "headers": headers}))

    assert limit(ada) == 201 * MEGABYTE
    assert limit(ada, "/import/file/1/") is None
    assert limit(ada, method="GET") is None
    assert limit(None) is None
    assert limit(client_of("max", "MOH", "registry-maintainer")) is None
    kind, page = too_large({"path": "/import/file/", "headers": [(b"accept-language", b"fr")]})
    assert kind.startswith("text/html")
    assert "jusqu’à 200 Mo" in page.decode()
