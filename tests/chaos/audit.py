# SPDX-License-Identifier: BSD-2-Clause
"""Compares the output with that of an undisturbed run. It is read with kcat, not with our tools."""
import collections
import glob
import io
import json
import os
import re
import subprocess

REJECT = b'{"reject":"'


def kcat(*words, **more):
    command = ["kcat", "-b", os.environ["BOOTSTRAP_SERVERS"], *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=300, **more)


def consume(topic, form, out):
    """All that a careful consumer sees."""
    everything = ("-C", "-q", "-e", "-o", "beginning", "-X", "isolation.level=read_committed")
    return kcat(*everything, "-t", topic, "-f", form, stdout=out)


def read_topic(topic, path):
    """A value a line, into a file."""
    with open(path, "wb") as out:
        consume(topic, "%s\n", out)


def committed_offsets(group, topic):
    """The group's offsets by partition, out of the topic where Kafka keeps them."""
    read = consume("__consumer_offsets", "%K,%k%S,%s", subprocess.PIPE)
    log = io.BytesIO(read.stdout)

    def take(width):
        return int.from_bytes(log.read(width), "big", signed=True)

    def take_field():
        """A length in digits, a comma, and so many bytes; -1 is none."""
        length = int(b"".join(iter(lambda: log.read(1), b",")))
        start = log.tell()
        return start, start + max(0, length)

    offsets = {}
    while log.tell() < len(read.stdout):
        start, end = take_field()
        version = take(2)  # 0 and 1 are offsets, 2 is about the group's members
        key = (log.read(take(2)).decode(), log.read(take(2)).decode()) if version < 2 else None
        partition = take(4) if key else None
        log.seek(end)
        start, end = take_field()
        take(2)
        if key == (group, topic) and end > start:
            offsets[partition] = take(8)
        log.seek(end)
    return offsets


def lag(group, topic, partitions):
    """How many records the group has not committed."""
    queries = [word for p in range(partitions) for word in ("-t", f"{topic}:{p}:-1")]
    ends = kcat("-Q", *queries, stdout=subprocess.PIPE, text=True)
    committed = committed_offsets(group, topic)
    total = 0
    for number, end in re.findall(r"\[(\d+)\] offset (\d+)", ends.stdout):
        total += int(end) - committed.get(int(number), 0)
    return total


def run_undisturbed(commands, source, path):
    """The stages between Kafka and Kafka over a file."""
    with open(source, "rb") as lines, open(path, "wb") as out:
        shell = " | ".join(commands)
        subprocess.run(
            ["bash", "-o", "pipefail", "-c", shell], stdin=lines, stdout=out, check=True
        )


def identity(line):
    """What makes a line the same one. A reject's line number depends on where its stage began."""
    if not line.startswith(REJECT):
        return line
    reject = json.loads(line)
    return tuple(reject.get(name) for name in ("reject", "field", "raw", "raw_b64"))


def count(path):
    with open(path, "rb") as lines:
        return collections.Counter(identity(line.rstrip(b"\n")) for line in lines)


def compare(expected, seen):
    """(lost, duplicated, strange): how many lines too few, too many, and never expected."""
    lost = sum((expected - seen).values())
    surplus = seen - expected
    strange = sum(n for line, n in surplus.items() if line not in expected)
    return lost, sum(surplus.values()) - strange, strange


def show_differences(expected, seen, path):
    with open(path, "w", encoding="utf-8") as out:
        for sign, lines in (("-", expected - seen), ("+", seen - expected)):
            for line, number in lines.items():
                print(sign, number, line, file=out)


def read_ledger(path):
    """The last one in a file; None if its stage was killed before it wrote one."""
    with open(path, "rb") as lines:
        written = lines.readlines()
    return json.loads(written[-1]) if written else None


def check_ledgers(directory):
    """Each that was written must add up."""
    faults = []
    for path in sorted(glob.glob(f"{directory}/*")):
        book = read_ledger(path)
        if book is None:
            continue
        taken = book["in"] + book["made"]
        given = sum(
            book[name]
            for name in ("out", "filtered", "rejected", "late", "aggregated", "undelivered")
        )
        if taken != given:
            faults.append(f"{os.path.basename(path)}: {taken} taken, {given} accounted for")
    return faults


def check_chain(paths):
    """Of neighbours that ended in order: what one put out the next took in."""
    faults = []
    before = None
    for path in paths:
        book = read_ledger(path)
        if book is None:
            return [*faults, f"{os.path.basename(path)} is empty"]
        if before is not None and book["in"] != before:
            faults.append(f"{os.path.basename(path)}: {before} put out, {book['in']} taken")
        before = book["out"]
    return faults
