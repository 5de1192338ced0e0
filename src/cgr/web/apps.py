"""Tells Django where the templates' styles and translations are; this room has no tables."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The pages."""

    name = "cgr.web"
    label = "web"
