#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A stage that adds the network of each login and keeps the rules of a stream with marks. Between
# `kcat-in --marks` and `kcat-out --exactly-once` it may be killed at any moment, and every record
# still arrives exactly once. For that, this stage
#
# - copies each mark in its place, after it has written everything it made of the lines before it;
# - prints no line of its own that begins like a mark;
# - drops a last line without a newline, since the process that wrote it has died;
# - exits with 75 if the input ends without the mark "end" or a mark that says "stop": then a stage
#   upstream has died, and the whole pipe is started again;
# - keeps nothing from one record to the next, since it would lose that when it is killed.
#
# Rejects and insights pass untouched. loginpipe-stream(5) has the rules.
import json
import signal
import sys

MARK, OTHERS = b'{"@mark"', (b'{"reject":"', b'{"insight":')


def change(line):
    record = json.loads(line)
    if not isinstance(record, dict) or not isinstance(record.get("ip"), str):
        return line
    record["network"] = record["ip"].rpartition(":" if ":" in record["ip"] else ".")[0]
    line = json.dumps(record, allow_nan=False, separators=(",", ":")).encode()
    return b"{ " + line[1:] if line.startswith(MARK) else line


def main():
    source, out = sys.stdin.buffer, sys.stdout.buffer
    marked, last, rest = False, {}, b""
    while chunk := source.read1(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(MARK):
                out.flush()  # also flush any file or database that the stage writes to
                marked, last = True, json.loads(line)
            elif not line.startswith(OTHERS):
                line = change(line)
            out.write(line + b"\n")
        out.flush()  # before a read that may block
    if rest and not marked and not rest.startswith(MARK):
        out.write(change(rest) + b"\n")
    out.flush()
    complete = last.get("@mark") == "end" or last.get("stop")
    return 75 if (marked and not complete) or rest.startswith(MARK) else 0


# The first signal is for kcat-in: this stage continues until its input ends. A second one ends it.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda n, _: signal.signal(n, signal.SIG_DFL))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(main())
