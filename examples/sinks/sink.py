# SPDX-License-Identifier: BSD-2-Clause
#
# sink: the last stage of a pipe, which stores lines and sends marks back, so that no record is lost.
#
# A sink gives run() a function that stores a list of lines durably, all or nothing:
#
#     def store(lines):
#         with open("kept.ndjson", "ab") as file:
#             file.writelines(line + b"\n" for line in lines)
#             file.flush()
#             os.fsync(file.fileno())
#
#     sink.run(store, acks="acks")      # after kcat-in --acks acks ... |
#
# run() reads stdin to its end and exits. What it promises:
#
# - A mark goes back to kcat-in only after store() has returned for all lines before it. kcat-in then
#   commits. So whatever dies, the next run gets every line again that was not stored.
# - store() runs at each mark, which kcat-in writes every second, and when a batch is full. In a stream
#   without marks it runs every second. It may run with no lines.
# - If store() raises Away, it runs again with the same lines, after a pause that grows. Meanwhile no
#   input is read, so the stages before the sink wait too.
# - A line is stored only when another one or a mark follows it: the last line before a stage upstream
#   dies may be a piece of a line. That is so in streams with marks only. Empty lines are left out.
#
# With a reader, store() gets what reader.read(line) makes of each line; reader.mark() is called at
# each mark. loginpipe-stream(5) has the rules for marks.
import argparse
import errno
import json
import os
import select
import signal
import sys
import time

MARK = b'{"@mark"'
USAGE, DATA, CREATE, IO, TEMPORARY, CONFIG = 64, 65, 73, 74, 75, 78  # sysexits.h

FULL_LINES, FULL_BYTES = 10_000, 8 << 20  # a batch is stored at the latest when it has so much
PERIOD = 1.0  # seconds between stores if there are no marks
PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between tries


class Away(Exception):
    """What the sink stores in cannot be reached or is full. Trying again later may help."""


class Options(argparse.ArgumentParser):
    """The options that all sinks have."""

    def __init__(self, does):
        super().__init__(description=f"The last stage of a pipe: {does}.", allow_abbrev=False)
        self.add_argument("--acks", metavar="FIFO", help="send marks back to kcat-in --acks FIFO")

    def error(self, message):
        fail(USAGE, f"{message} (see --help)")


class Plain:
    """The reader that store() has by default: a line is its bytes."""

    read = staticmethod(bytes)

    def mark(self):
        pass


def warn(text):
    text = "".join(c if c.isprintable() else "?" for c in text)  # it may quote data
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr, flush=True)


def fail(status, text):
    warn(text)
    sys.exit(status)


class Signals:
    """The first SIGTERM or SIGINT is for kcat-in: the sink goes on until its input ends. The second
    one ends the sink at once."""

    def __init__(self):
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.caught)

    def caught(self, number, _):
        self.stopping = True
        signal.signal(number, signal.SIG_DFL)


class Acks:
    """The FIFO through which marks go back to kcat-in."""

    def __init__(self, path):
        self.path, self.fd = path, None

    def send(self, mark):
        if self.path is None:
            return
        try:
            if self.fd is None:
                # kcat-in has opened the FIFO before it wrote its first mark. If nobody has it open
                # now, this fails instead of waiting.
                self.fd = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
                os.set_blocking(self.fd, True)
                mark = b"\n" + mark  # a writer before may have left half a line
            self.write(mark + b"\n")
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.EPIPE):
                fail(TEMPORARY, f"--acks: {self.path}: kcat-in has ended")
            fail(IO, f"--acks: {self.path}: {error.strerror}")

    def write(self, data):
        while data:
            data = data[os.write(self.fd, data) :]


class Stream:
    """The marks of a stream must come from one kcat-in, in order."""

    def __init__(self):
        self.run = self.token = self.seq = None
        self.complete = False

    def check(self, line):
        try:
            mark = json.loads(line)
            kind, run, seq = mark["@mark"], mark["run"], int(mark["seq"])
        except (ValueError, KeyError, TypeError) as error:
            fail(DATA, f"a mark is malformed: {error}")
        if (kind == "hello") != (self.run is None):
            fail(DATA, f"the mark {kind} is out of place: two streams are mixed")
        if kind == "hello":
            self.run, self.token = run, mark.get("token")
        elif (run, mark.get("token")) != (self.run, self.token):
            fail(DATA, "a mark of another run: two streams are mixed")
        elif seq <= self.seq:
            fail(DATA, f"mark {seq} comes after mark {self.seq}")
        self.seq, self.complete = seq, kind == "end" or mark.get("stop") is True


class Sink:
    def __init__(self, store, acks, reader):
        self.store, self.acks, self.reader = store, Acks(acks), reader
        self.signals, self.stream = Signals(), Stream()
        self.batch, self.bytes, self.since = [], 0, time.monotonic()

    def keep(self, count):
        """Stores the first lines of the batch, however long that takes."""
        pause, warned, text = PAUSE, 0, ""
        while True:
            try:
                self.store(self.batch[:count])
                break
            except Away as why:
                if self.signals.stopping:
                    fail(TEMPORARY, f"{why}; the lines since the last mark will be read again")
                if str(why) != text or time.monotonic() - warned > 60:
                    warned, text = time.monotonic(), str(why)
                    warn(f"{why}; trying again until it works")
            deadline = time.monotonic() + pause
            while time.monotonic() < deadline and not self.signals.stopping:
                time.sleep(0.1)
            pause = min(2 * pause, LONGEST_PAUSE)
        if text:
            warn("it works again")
        del self.batch[:count]
        self.bytes, self.since = 0, time.monotonic()

    def line(self, line):
        if self.stream.complete:
            fail(DATA, "a line comes after the last mark: two streams are mixed")
        if line.startswith(MARK):
            if self.stream.run is None and self.batch:
                fail(DATA, "a line comes before the first mark: two streams are mixed")
            self.stream.check(line)
            self.keep(len(self.batch))
            self.acks.send(line)
            self.reader.mark()
            return
        if self.acks.path is not None and self.stream.run is None:
            fail(DATA, "--acks: the input has no marks; give kcat-in the same --acks")
        if not line.strip():
            return
        self.batch.append(self.reader.read(line))
        self.bytes += len(line)
        if len(self.batch) > FULL_LINES or self.bytes > FULL_BYTES:
            self.keep(len(self.batch) - (self.stream.run is not None))

    def time_passed(self):
        """A stream with marks is stored at its marks."""
        if self.stream.run is None and time.monotonic() - self.since >= PERIOD:
            self.keep(len(self.batch))

    def end(self, rest):
        if self.stream.run is None and not rest.startswith(MARK):
            if rest:
                self.line(rest)
            self.keep(len(self.batch))
        elif not self.stream.complete:
            fail(TEMPORARY, "the input ended without a last mark: a stage before this one has died")


def read_chunk():
    """Returns what has arrived on stdin, None if nothing has for a while, or at its end b""."""
    try:
        return os.read(0, 1 << 18) if select.select([0], [], [], PERIOD)[0] else None
    except OSError as error:
        fail(IO, f"stdin: {error.strerror}")


def run(store, acks=None, reader=None):
    """Stores all lines of stdin, and exits with 0, or with another status and a message."""
    sink, rest = Sink(store, acks, reader or Plain()), []
    while (chunk := read_chunk()) != b"":
        if chunk is not None:
            first, *lines = chunk.split(b"\n")
            rest.append(first)
            for line in lines:
                whole, rest = b"".join(rest), [line]
                sink.line(whole)
        sink.time_passed()
    sink.end(b"".join(rest))
    sys.exit(0)
