"""The roles of R0.1 that belong to an organization, as the command line and the tables write them."""

from __future__ import annotations

from typing import Final

ADMINISTRATOR: Final = "registry-administrator"
MAINTAINER: Final = "registry-maintainer"
CONTRIBUTOR: Final = "registry-contributor"
CONSUMER: Final = "api-consumer"
