"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Reading organisation units and files into the registry."""

    name = "cgr.imports"
    label = "imports"
