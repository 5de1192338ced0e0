"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Types, hierarchies, Geo-Objects and their values over time."""

    name = "cgr.registry"
    label = "registry"
