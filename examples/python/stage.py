#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A stage that adds each login's network, and keeps the promises of a marked stream: put between
# `kcat-in --marks` and `kcat-out --exactly-once` it may be killed at any moment, and every record
# still arrives once. For that it
#
# - copies each mark at its place, after all that it made of the lines before it is written;
# - prints no line of its own that begins like a mark;
# - drops a last line without its newline: whoever wrote it has died;
# - ends with 75 when the input ends without the mark "end", or one that says "stop": then something
#   upstream has died, and all is started again;
# - keeps nothing from one record for the next. What it kept would be lost with it.
#
# Rejects and insights are not its business and pass untouched. See loginpipe-stream(5).
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
                out.flush()  # and so with a file or a database that it wrote to
                marked, last = True, json.loads(line)
            elif not line.startswith(OTHERS):
                line = change(line)
            out.write(line + b"\n")
        out.flush()  # before a read that may have to wait
    if rest and not marked and not rest.startswith(MARK):
        out.write(change(rest) + b"\n")
    out.flush()
    complete = last.get("@mark") == "end" or last.get("stop")
    return 75 if (marked and not complete) or rest.startswith(MARK) else 0


# The first signal is for whoever reads from Kafka; this stage ends with its input. A second ends it.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda n, _: signal.signal(n, signal.SIG_DFL))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(main())
