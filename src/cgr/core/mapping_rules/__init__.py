"""Every rule about what a synchronisation configuration may say, in one place (R4.2, R6, R7.1, R8).

`parse_mapping` reads the shape, `check_mapping` finds what is wrong with the meaning, `usable` leaves out what DHIS2 no
longer has, `vanished_part` says what of that a planned change needs, `field_sources` lays a level's fields over the
defaults, `candidates` lists what an attribute may go to, `offer` all that a type may go to.
"""

from __future__ import annotations

from cgr.core.mapping_rules.attributes import candidates
from cgr.core.mapping_rules.checking import check_mapping
from cgr.core.mapping_rules.fields import field_sources
from cgr.core.mapping_rules.findings import Finding, Severity, findings_json
from cgr.core.mapping_rules.offering import Offer, offer
from cgr.core.mapping_rules.parsing import parse_mapping
from cgr.core.mapping_rules.usable import usable, vanished_part

__all__ = [
    "Finding",
    "Offer",
    "Severity",
    "candidates",
    "check_mapping",
    "field_sources",
    "findings_json",
    "offer",
    "parse_mapping",
    "usable",
    "vanished_part",
]
