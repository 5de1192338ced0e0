"""The whole configuration as one document: the configuration file as JSON."""

from __future__ import annotations

from ninja import Router

from cgr.api import shapes
from cgr.api.authentication import ApiRequest
from cgr.api.operations import operation
from cgr.api.parameters import Flag
from cgr.configuration.applying import Outcome, apply_document
from cgr.configuration.document import Document
from cgr.configuration.exporting import document_of

router = Router()


@operation(router, "GET", "/config", gives=shapes.Configuration)
def export_configuration(request: ApiRequest) -> dict[str, object]:
    """Give everything that the actor may see of the configuration; secrets are left out."""
    return document_of(request.auth)


@operation(router, "POST", "/config", takes=Document, gives=Outcome)
def apply_configuration(request: ApiRequest, body: Document, preview: Flag = False) -> Outcome:  # noqa: FBT002 - ninja gives it by name
    """Make the configuration what the document says: all of it or nothing; what it doesn't name stays.

    Secrets as `{"env": …}` or `{"file": …}` are for the command line alone: they speak of the server's own machine.
    """
    return apply_document(request.auth, body, preview=preview)
