"""The application that an ASGI server runs: `uvicorn cgr.project.asgi:application`, or `cgr serve`."""

from __future__ import annotations

from django.core.asgi import get_asgi_application

from cgr.project import wiring

wiring.start()
application = get_asgi_application()
