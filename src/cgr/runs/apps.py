"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """Runs and their items, of synchronisations and imports alike."""

    name = "cgr.runs"
    label = "runs"
