"""A registry of its own for one benchmark, and the stages that are run in it, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from figures import Figures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server import Server

HERE = Path(__file__).parent
CGR = Path(sys.executable).with_name("cgr")


class Registry:
    """An empty data folder and the product's own commands in it."""

    def __init__(self, folder: Path) -> None:
        """Choose the folder; the database is made by the first command."""
        self.folder = folder
        self.data = folder / "data"
        self.environment = {**os.environ, "CGR_DATA_DIR": str(self.data), "BENCHMARK_PASSWORD": "district"}

    def know(self, server: Server) -> None:
        """Put a server's password where the configuration finds it."""
        self.environment["BENCHMARK_PASSWORD"] = server.password

    def configure(self, text: str) -> None:
        """Apply a configuration."""
        path = self.folder / "configuration.yaml"
        path.write_text(text, encoding="utf-8")
        self.cgr("config", "apply", str(path))

    def write(self, name: str, lines: Iterable[dict[str, Any]]) -> Path:
        """Write a file of objects."""
        path = self.folder / name
        with path.open("wb") as file:
            for line in lines:
                file.write(msgspec.json.encode(line) + b"\n")
        return path

    def cgr(self, *arguments: str, statuses: tuple[int, ...] = (0,), given: str = "") -> Any:  # noqa: ANN401 - JSON
        """Run a command of the product and give its JSON; `given` is what it reads."""
        done = subprocess.run(  # noqa: S603 - our own command
            [CGR, *arguments, "--json"], env=self.environment, check=False, capture_output=True, text=True, input=given
        )
        if done.returncode not in statuses:
            said = f"{done.stdout[-500:]} {done.stderr[-500:]}"
            message = f"cgr {' '.join(arguments)} ended with {done.returncode}: {said}"
            raise SystemExit(message)
        return json.loads(done.stdout)

    def stage(self, *arguments: str) -> Figures:
        """Run one stage and give what it cost; starting Python isn't counted."""
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, str(HERE / "stage.py"), *arguments],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            message = f"stage {' '.join(arguments)} failed: {done.stderr[-2000:]}"
            raise SystemExit(message)
        return Figures(**json.loads(done.stdout.splitlines()[-1]))
