"""Every way to write the registry; each action checks the actor's role, locks, writes and logs in one transaction."""

from __future__ import annotations

from cgr.registry.actions.deleting import delete_hierarchy, delete_term_tree, delete_type
from cgr.registry.actions.editing import ExternalIdTaken, change_object, create_object
from cgr.registry.actions.external_ids import (
    confirm_external_ids,
    release_external_ids,
    reserve_external_ids,
)
from cgr.registry.actions.hierarchies import place_type, save_hierarchy, take_out_type
from cgr.registry.actions.objects import ObjectsRefused, apply_objects, write_objects
from cgr.registry.actions.proposing import accept, propose, propose_line, reject, withdraw
from cgr.registry.actions.terms import place_term, remove_term, save_term, save_term_tree
from cgr.registry.actions.types import remove_attribute, save_type
from cgr.registry.bulk.writer import Applied

__all__ = [
    "Applied",
    "ExternalIdTaken",
    "ObjectsRefused",
    "accept",
    "apply_objects",
    "change_object",
    "confirm_external_ids",
    "create_object",
    "delete_hierarchy",
    "delete_term_tree",
    "delete_type",
    "place_term",
    "place_type",
    "propose",
    "propose_line",
    "reject",
    "release_external_ids",
    "remove_attribute",
    "remove_term",
    "reserve_external_ids",
    "save_hierarchy",
    "save_term",
    "save_term_tree",
    "save_type",
    "take_out_type",
    "withdraw",
    "write_objects",
]
