# SPDX-License-Identifier: BSD-2-Clause
#
# sqlite_file: what the sinks that store in SQLite share.
import sqlite3

import sink

# What may pass: the file is locked, the disk is full or fails, or the directory is not there yet.
PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")


def connect(file, schema):
    """Opens a file, and makes it if it is missing."""
    connection = sqlite3.connect(file, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")  # so that others can read meanwhile
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk
    connection.executescript(schema)
    return connection


def failed(file, error):
    """Raises sink.Away if it may help to try again, and otherwise ends the sink."""
    if getattr(error, "sqlite_errorname", "").startswith(PASSING):
        raise sink.Away(f"{file}: {error}") from None
    sink.fail(sink.CONFIG, f"{file}: {error}")
