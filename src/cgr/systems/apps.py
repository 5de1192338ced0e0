"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class SystemsConfig(AppConfig):
    """External systems and their sealed secrets."""

    name = "cgr.systems"
    label = "systems"
