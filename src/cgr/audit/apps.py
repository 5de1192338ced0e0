"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Who changed what, when, from what to what."""

    name = "cgr.audit"
    label = "audit"
