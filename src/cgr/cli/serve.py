"""`cgr serve`: the pages, on the address of CGR_HOST and CGR_PORT."""

from __future__ import annotations

import os
import socket
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import invite_first_administrator
from cgr.cli.output import Json, show, tell
from cgr.cli.serve_worker import worker_beside
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from cgr.project.environment import Environment


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; default CGR_HOST, else 127.0.0.1.")] = "",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default CGR_PORT, else 8000.")] = None,
    with_worker: Annotated[
        bool | None, typer.Option("--worker/--no-worker", help="Default: with a worker if the database is embedded.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve the pages until Ctrl-C; with the embedded database also do what they hand to the background."""
    if host:
        os.environ["CGR_HOST"] = host  # the hosts that Django answers to follow from it
    if port:
        os.environ["CGR_PORT"] = str(port)
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    environment = wiring.start()
    listener = listen(environment)
    url = environment.local_url
    invite_first_administrator(environment)
    show({"url": url}, [f"Serving {url} (stop with Ctrl-C)."], as_json=as_json)
    embedded = environment.embedded if with_worker is None else with_worker
    with worker_beside() if embedded else nullcontext():
        serve_until_stopped(listener)


def serve_until_stopped(listener: socket.socket) -> None:
    """Answer requests on the listening socket until Ctrl-C or SIGTERM, then end the open ones properly."""
    import uvicorn  # noqa: PLC0415 - loads only where it serves

    from cgr.project.asgi import application  # noqa: PLC0415 - needs Django set up

    # Our static files are a few kB each: that Django reads them at once in place of bit by bit is no news to anybody.
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
    # Only warnings: who asked for what is the business of the log of whatever stands in front.
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", access_log=False, lifespan="off"))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        tell("Stopped.")


def listen(environment: Environment) -> socket.socket:
    """Open the socket of CGR_HOST and CGR_PORT; BadInput when it can't be."""
    family = socket.AF_INET6 if ":" in environment.host else socket.AF_INET
    try:
        listener = socket.create_server((environment.host.strip("[]"), environment.port), family=family, backlog=128)
    except OSError as error:
        raise BadInput(
            f"{environment.host}:{environment.port} can't be listened on: {error.strerror or error}.",
            code="address",
            next_step="Choose another port with --port (or CGR_PORT), or another address with --host (or CGR_HOST).",
        ) from error
    # What is accepted inherits it. Asyncio sets it only where a socket names its protocol, which this one doesn't, and
    # the body of each answer would wait 40 ms for the other side to confirm the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
