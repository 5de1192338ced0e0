"""`cgr sync schedule`: when a configuration runs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show
from cgr.cli.sync import Config, app
from cgr.core.errors import BadInput
from cgr.core.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.sync.models import SyncConfig


def register(_parent: typer.Typer) -> None:
    """Add the command to `cgr sync`."""
    app.command("schedule")(schedule)


def schedule(
    config: Config,
    *,
    cron: Annotated[str, typer.Option(help="Minute, hour, day, month, weekday: 30 2 * * 1-5.")] = "",
    time_zone: Annotated[str, typer.Option(help="Time zone of the expression, like Africa/Lusaka.")] = "UTC",
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Make plans for review, apply nothing.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Keep the schedule and start nothing.")] = False,
    unpause: Annotated[bool, typer.Option("--unpause", help="Start again when it is due.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Run only when somebody asks.")] = False,
    as_json: Json = False,
) -> None:
    """Show when a configuration runs by itself; with options, change that."""
    if sum(map(bool, (cron, pause, unpause, remove))) > 1:
        raise BadInput(
            "Only one of --cron, --pause, --unpause and --remove can be done at a time.",
            code="usage",
            next_step="Give one of them, or none to see the schedule.",
        )
    actor = open_instance()
    from cgr.sync import configs  # noqa: PLC0415 - needs Django set up
    from cgr.sync.schedules import schedule_json, schedule_of  # noqa: PLC0415 - as above
    from cgr.sync.scheduling import set_schedule  # noqa: PLC0415 - as above

    row = configs.config(actor, config)
    if cron:
        row = set_schedule(actor, config, Schedule(cron, time_zone, apply=not plan_only))
    elif remove:
        row = set_schedule(actor, config, None)
    elif pause or unpause:
        present = schedule_of(row)
        if present is None:
            raise BadInput(
                f'"{config}" has no schedule.',
                code="no-schedule",
                next_step=f'Give it one: cgr sync schedule {config} --cron "30 2 * * *"',
            )
        row = set_schedule(actor, config, structs.replace(present, paused=pause))
    show(schedule_json(row), _words(row), as_json=as_json)


def _words(row: SyncConfig) -> Iterator[str]:
    from cgr.sync.schedules import schedule_of  # noqa: PLC0415 - needs Django set up

    present = schedule_of(row)
    if present is None:
        yield f"{row.code} runs only when somebody asks."
        return
    what = "runs" if present.apply else "makes a plan"
    when = "is paused" if row.next_at is None else f"next at {row.next_at.isoformat()}"
    yield f"{row.code} {what} at {present.cron} ({present.time_zone}), as {row.scheduled_by}: {when}"
    if row.schedule_error:
        yield f"The last time it could not: {row.schedule_error['message']} {row.schedule_error['next_step']}"
