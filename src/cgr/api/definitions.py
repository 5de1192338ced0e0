"""Types, hierarchies and trees of terms, each in the form of the configuration file."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from cgr.accounts.policy import unknown
from cgr.api import shapes
from cgr.api.answers import etag_of, json_answer
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import require_code
from cgr.api.editing import definitions_held, require_match, saved
from cgr.api.operations import operation
from cgr.api.parameters import Flag, Text
from cgr.configuration import deleting
from cgr.configuration.document import HierarchyEntry
from cgr.core.definitions import TermTreeDefinition, TypeDefinition
from cgr.registry import actions, queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.audit.saving import Saved

    Read: TypeAlias = Callable[[Actor], list[dict[str, Any]]]

router = Router()
_saving = partial(operation, router, "PUT", gives=shapes.SavedThing, also=(HTTPStatus.CREATED,), edits=True, etag=True)


@operation(router, "GET", "/types", gives=shapes.Types)
def list_types(request: ApiRequest) -> dict[str, object]:
    """List the Geo-Object Types with their attributes."""
    return {"types": queries.export_types(request.auth)}


@operation(router, "GET", "/types/{code}", gives=TypeDefinition, etag=True)
def show_type(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show one Geo-Object Type."""
    return _shown(request, "type", code, read=queries.export_types)


@_saving("/types/{code}", takes=TypeDefinition)
def save_type(request: ApiRequest, code: Text, body: TypeDefinition) -> HttpResponseBase:
    """Make a Geo-Object Type, or change it; attributes that aren't named stay as they are."""
    require_code(body.code, code)
    return _saved(request, "type", code, read=queries.export_types, save=lambda: actions.save_type(request.auth, body))


@operation(router, "DELETE", "/types/{code}", status=HTTPStatus.NO_CONTENT, edits=True)
def delete_type(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Delete a Geo-Object Type on which nothing depends: no object, hierarchy, configuration, role or open import."""
    return _deleted(
        request, "type", code, read=queries.export_types, delete=lambda: deleting.delete_type(request.auth, code)
    )


@operation(router, "DELETE", "/types/{code}/attributes/{attribute}", status=HTTPStatus.NO_CONTENT, edits=True)
def remove_attribute(request: ApiRequest, code: Text, attribute: Text, *, consent: Flag = False) -> HttpResponseBase:
    """Remove an attribute that no object has a value for.

    If-Match: the type's. `consent`: also when configurations use it, whose next plans then say so and stop.
    """
    return _deleted(
        request,
        "type",
        code,
        read=queries.export_types,
        delete=lambda: deleting.remove_attribute(request.auth, code, attribute, consent=consent),
    )


@operation(router, "GET", "/hierarchies", gives=shapes.Hierarchies)
def list_hierarchies(request: ApiRequest) -> dict[str, object]:
    """List the hierarchies with their trees of types."""
    return {"hierarchies": queries.export_hierarchies(request.auth)}


@operation(router, "GET", "/hierarchies/{code}", gives=HierarchyEntry, etag=True)
def show_hierarchy(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show one hierarchy."""
    return _shown(request, "hierarchy", code, read=queries.export_hierarchies)


@_saving("/hierarchies/{code}", takes=HierarchyEntry)
def save_hierarchy(request: ApiRequest, code: Text, body: HierarchyEntry) -> HttpResponseBase:
    """Make a hierarchy, or change it."""
    require_code(body.code, code)
    definition = body.definition()
    return _saved(
        request,
        "hierarchy",
        code,
        read=queries.export_hierarchies,
        save=lambda: actions.save_hierarchy(request.auth, definition),
    )


@operation(router, "DELETE", "/hierarchies/{code}", status=HTTPStatus.NO_CONTENT, edits=True)
def delete_hierarchy(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Delete a hierarchy on which nothing depends: no parent of an object, configuration, hierarchy or open import."""
    return _deleted(
        request,
        "hierarchy",
        code,
        read=queries.export_hierarchies,
        delete=lambda: deleting.delete_hierarchy(request.auth, code),
    )


@operation(router, "DELETE", "/hierarchies/{code}/types/{type_code}", status=HTTPStatus.NO_CONTENT, edits=True)
def take_out_type(request: ApiRequest, code: Text, type_code: Text, *, consent: Flag = False) -> HttpResponseBase:
    """Take a type out of a hierarchy in which its objects have no parents and no type stands below it.

    If-Match: the hierarchy's. `consent`: also when configurations have a level of it, whose next plans then say so.
    """
    return _deleted(
        request,
        "hierarchy",
        code,
        read=queries.export_hierarchies,
        delete=lambda: deleting.take_out_type(request.auth, code, type_code, consent=consent),
    )


@operation(router, "GET", "/terms", gives=shapes.Terms)
def list_terms(request: ApiRequest) -> dict[str, object]:
    """List the trees of terms."""
    return {"terms": queries.export_term_trees(request.auth)}


@operation(router, "GET", "/terms/{code}", gives=TermTreeDefinition, etag=True)
def show_term_tree(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show one tree of terms."""
    return _shown(request, "tree of terms", code, read=queries.export_term_trees)


@_saving("/terms/{code}", takes=TermTreeDefinition)
def save_term_tree(request: ApiRequest, code: Text, body: TermTreeDefinition) -> HttpResponseBase:
    """Make a tree of terms, or change it; terms that aren't named stay as they are."""
    require_code(body.code, code)
    return _saved(
        request,
        "tree of terms",
        code,
        read=queries.export_term_trees,
        save=lambda: actions.save_term_tree(request.auth, body),
    )


@operation(router, "DELETE", "/terms/{code}", status=HTTPStatus.NO_CONTENT, edits=True)
def delete_term_tree(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Delete a tree of terms that no attribute draws from."""
    return _deleted(
        request,
        "tree of terms",
        code,
        read=queries.export_term_trees,
        delete=lambda: deleting.delete_term_tree(request.auth, code),
    )


@operation(router, "DELETE", "/terms/{code}/terms/{term}", status=HTTPStatus.NO_CONTENT, edits=True)
def remove_term(request: ApiRequest, code: Text, term: Text, *, consent: Flag = False) -> HttpResponseBase:
    """Remove a term that no object has or had, and that has none below it.

    If-Match: the tree's. `consent`: also when configurations map it, whose next plans then say so and stop.
    """
    return _deleted(
        request,
        "tree of terms",
        code,
        read=queries.export_term_trees,
        delete=lambda: deleting.remove_term(request.auth, code, term, consent=consent),
    )


def _found(request: ApiRequest, code: str, read: Read) -> dict[str, Any] | None:
    return next((row for row in read(request.auth) if row["code"] == code), None)


def _shown(request: ApiRequest, kind: str, code: str, *, read: Read) -> HttpResponseBase:
    found = _found(request, code, read)
    if found is None:
        raise unknown(kind, code)
    return json_answer(found, headers={"ETag": etag_of(found)})


def _saved(request: ApiRequest, kind: str, code: str, *, read: Read, save: Callable[[], Saved]) -> HttpResponseBase:
    with definitions_held():
        present = _found(request, code, read)
        require_match(request, None if present is None else etag_of(present), what=(kind, code))
        result = save()
        return saved(code, result, etag=etag_of(_found(request, code, read)))


def _deleted(request: ApiRequest, kind: str, code: str, *, read: Read, delete: Callable[[], None]) -> HttpResponseBase:
    with definitions_held():
        present = _found(request, code, read)
        if present is None:
            raise unknown(kind, code)
        require_match(request, etag_of(present), what=(kind, code))
        delete()
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
