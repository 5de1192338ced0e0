"""A PostgreSQL of our own, so that nobody has to install one: a wheel's programs under a small starter.

It listens on a Unix socket in a folder that only its owner can enter, is started by whoever needs it first, found
again after a crash, and stopped by its last user.
"""

from cgr.embedded_postgres.cluster import Cluster, ensure_running, stop_unused
from cgr.embedded_postgres.failures import PostgresFailure
from cgr.embedded_postgres.folders import socket_folder
from cgr.embedded_postgres.locks import FileLock
from cgr.embedded_postgres.server import SUPERUSER

__all__ = ["SUPERUSER", "Cluster", "FileLock", "PostgresFailure", "ensure_running", "socket_folder", "stop_unused"]
