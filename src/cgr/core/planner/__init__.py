"""Deciding, without doing: what has to be sent so that a DHIS2 agrees with the registry as far as the mapping goes.

| situation of an object | outcome | rule |
|---|---|---|
| its external id is a unit | the unit is compared | R5.1 |
| no external id | created under `both`; else `new-not-creatable` | R5.2 |
| reserved id that is a unit | linked: an earlier creation was interrupted after DHIS2 had committed it | R9.4 |
| reserved id that is no unit | created with that same id | R9.4 |
| external id that is no unit | `external-id-not-found`, under every type but `none` | R5.3 |
| external id of several objects | `duplicate-external-id` on each; children are `blocked` | R0.5 |
| level with sync type `none` | anchor: its unit is a parent for others, itself it is left alone | R4.3 |
| invalid, or filtered out | not selected; its unit still is a parent for others | R5.10 |
| `only_in_groups` and not a member, or new | not selected | R6.2 |
| not in existence, no unit | not selected, note `not-in-existence` | R5.10 |
| not in existence, has a unit | only `closedDate`, if mapped | R5.10 |
| `org_units` | fields, geometry, attributes, groups; the parent is never looked at | R5.4 |
| `relationships` | the parent and nothing else: no groups either | R5.4 |
| `both` | all of it | R5.4 |
| top level | the parent is never looked at; a further new root is `second-root` | R5.6 |
| no parent in force | `no-parent`, nothing is sent | R5.5 |
| several parents in force | `several-parents`; values of an existing unit are still sent | R5.4 |
| parent is no unit and is not created | `parent-not-in-dhis2`, `blocked` if it has a problem here | R5.5 |
| parent is a unit, whatever its problem | goes on | R5.5 |
| a new parent is stopped | everything new below it is `blocked` by the object whose own problem it is | R5.5 |
| placements that close a circle | `cycle` on each of them; repeated until no circle is left | R5.11 |
| value, term, geometry that DHIS2 can't take | that problem; nothing of the object is sent | R7.2, R8 |
| code or unique value that another unit holds or wants | `code-taken`, `unique-value-taken`; exchanges too | fact R9 |
| nothing of ours, something of theirs | theirs stays, note `not-cleared`; `clear: true` clears it | contract.md |

`plan` does all that. `limited` leaves only some of its objects, `permitted` only what our account may do. `withdraw`
takes out what DHIS2's own validation refuses; `dependants` says what else can't be sent when units are refused while
applying; `basis` tells apply whether a unit is still as it was planned for.
"""

from __future__ import annotations

from cgr.core.planner.basis import basis
from cgr.core.planner.limiting import limited
from cgr.core.planner.permitted import permitted
from cgr.core.planner.planning import plan
from cgr.core.planner.theirs import Theirs
from cgr.core.planner.withdrawing import dependants, withdraw

__all__ = ["Theirs", "basis", "dependants", "limited", "permitted", "plan", "withdraw"]
