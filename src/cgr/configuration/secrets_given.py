"""Secrets of a configuration file: references to a variable or a file, looked up when the file is applied."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.accounts.actors import Actor
    from cgr.configuration.document import Reference

_MOST_BYTES = 10_000


def resolve_for(actor: Actor, reference: Reference | None, *, of: str) -> str | None:
    """Give the secret that is referred to, None where none is; only for whoever runs the command line here.

    Variables and files are this machine's: somebody elsewhere could else have any of them sent to a server of theirs.
    """
    if reference is None:
        return None
    if not actor.is_local_operator:
        raise _refused(
            f"The secret of {of} is a reference to this machine, which can't be followed from elsewhere.",
            "Leave the secret out, and register the system, or save the synchronization, with the secret itself.",
        )
    return resolve(reference, of=of)


def resolve(reference: Reference, *, of: str, variables: Mapping[str, str] = os.environ) -> str:
    """Give the secret that is referred to; BadInput naming the variable or file that is missing. `of`: whose it is."""
    if (reference.env is None) == (reference.file is None):
        raise _refused(f"The secret of {of} needs exactly one of env and file.", "Write {env: NAME} or {file: PATH}.")
    if reference.env is not None:
        return _from_environment(reference.env, of=of, variables=variables)
    return _from_file(Path(reference.file or ""), of=of)


def _from_environment(name: str, *, of: str, variables: Mapping[str, str]) -> str:
    secret = variables.get(name, "")
    if not secret:
        raise _refused(
            f"The environment variable {name}, which holds the secret of {of}, isn't set or is empty.",
            f"Set {name} and apply the file again.",
        )
    return secret


def _from_file(path: Path, *, of: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        secret = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise _refused(
            f"The file {path}, which holds the secret of {of}, can't be read ({reason}).",
            "Correct the path or the file's permissions.",
        ) from error
    if not secret or len(content) > _MOST_BYTES:
        raise _refused(
            f"The file {path}, which should hold the secret of {of}, is empty or far too long.",
            "Write the password or token alone into it, on one line.",
        )
    return secret


def _refused(message: str, next_step: str) -> BadInput:
    return BadInput(message, code="secret-reference", next_step=next_step)
