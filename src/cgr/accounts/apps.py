"""Tells Django that this room has tables."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Organizations, people, roles and who may do what."""

    name = "cgr.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Log what people do to their own accounts."""
        from cgr.accounts import noting  # noqa: PLC0415 - only now there are models

        noting.listen()
