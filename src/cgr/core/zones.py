"""Time zones as people choose them, by region; which are there is the machine's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_region(names: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give region → (name, how a person reads it): "Africa" → ("Africa/Lusaka", "Lusaka"); UTC stands alone.

    Names without a region (EST, GB) are abbreviations and old names, and are left out.
    """
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names):
        region, _, place = name.partition("/")
        if place and region not in {"Etc", "SystemV", "posix", "right", "US", "Canada", "Brazil", "Chile", "Mexico"}:
            regions.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return sorted(regions.items())
