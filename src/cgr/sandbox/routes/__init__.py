"""The nouns of the API, a module each; every module here registers itself on the one router."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cgr.sandbox.http import Router

ROUTER = Router()


@cache
def all_routes() -> Router:
    """Import every module of this package and give the table they filled."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return ROUTER
