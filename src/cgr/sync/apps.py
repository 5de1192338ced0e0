"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Synchronisation configurations and the life of a sync."""

    name = "cgr.sync"
    label = "sync"
