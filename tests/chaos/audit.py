# SPDX-License-Identifier: BSD-2-Clause
"""Compares the output with that of an undisturbed run. It is read with kcat, not with our tools.

The input is keyed by user, and so are the clean records. Both topics have the same number of
partitions, so each partition of clean records must hold the records of the same partition of the
input, in the same order.
"""
import collections
import glob
import io
import json
import os
import re
import shlex
import subprocess

REJECT, INSIGHT = b'{"reject":"', b'{"insight":"'
# What only grows while a window fills.
GROWING = ("logins", "users", "ips", "devices", "values", "groups", "pairs", "records")

Message = collections.namedtuple("Message", "partition offset key value")


def kcat(*words, **more):
    command = ["kcat", "-b", os.environ["BOOTSTRAP_SERVERS"], *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=300, **more)


def consume(topic, form, out):
    """All that a careful consumer sees."""
    everything = ("-C", "-q", "-e", "-o", "beginning", "-X", "isolation.level=read_committed")
    return kcat(*everything, "-t", topic, "-f", form, stdout=out)


def messages(topic, path):
    """Each message of a topic, by ascending offset in each partition. Keeps them in a file."""
    with open(path, "wb") as out:
        consume(topic, "%p %o %K %S\n%k%s\n", out)
    with open(path, "rb") as lines:
        while header := lines.readline():
            partition, offset, key_len, value_len = map(int, header.split())
            key = lines.read(key_len) if key_len >= 0 else None
            value = lines.read(value_len) if value_len >= 0 else None
            lines.read(1)
            yield Message(partition, offset, key, value)


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


def ends(topic, partitions, isolation="read_uncommitted"):
    """Where each partition ends."""
    queries = [word for p in range(partitions) for word in ("-t", f"{topic}:{p}:-1")]
    level = ("-X", f"isolation.level={isolation}", "-X", "log_level=3")
    answer = kcat("-Q", *queries, *level, stdout=subprocess.PIPE, text=True)
    found = re.findall(r"\[(\d+)\] offset (\d+)", answer.stdout)
    return {int(number): int(end) for number, end in found}


def has_open_transaction(topic, partitions):
    """Whether a careful consumer would not see all."""
    return ends(topic, partitions) != ends(topic, partitions, "read_committed")


def lag(group, topic, partitions):
    """How many records the group has not committed."""
    committed = committed_offsets(group, topic)
    return sum(end - committed.get(p, 0) for p, end in ends(topic, partitions).items())


def run_undisturbed(stages, lines):
    """What the stages between Kafka and Kafka make of these lines."""
    shell = " | ".join(shlex.join(stage) for stage in stages)
    made = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell],
        input=b"".join(line + b"\n" for line in lines), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return made.stdout.splitlines()


def reject_identity(line):
    """What makes a reject the same one. Its line number depends on where its stage began, and kcat-in
    and loginclean both reject what is not JSON."""
    reject = json.loads(line)
    return tuple(reject.get(name) for name in ("reject", "field", "detail", "raw", "raw_b64"))


class Audit:
    """Counts what is lost, duplicated, and strange (never expected), and lists other faults. If there
    are several outputs, each has topics and differences with a name of its own."""

    def __init__(self, directory, mode, name=None):
        self.directory, self.mode = directory, mode
        self.suffix = f"-{name}" if name else ""
        self.lost = self.duplicated = self.strange = self.records = 0
        self.faults = []
        self.differences = open(f"{directory}/differences{self.suffix}", "w", encoding="utf-8")

    def fault(self, text):
        self.faults.append(text)

    def messages(self, topic):
        return messages(topic, f"{self.directory}/topic-{topic}")

    def compare(self, expected, seen):
        """Two counters of lines or of rejects."""
        surplus = seen - expected
        strange = sum(n for line, n in surplus.items() if line not in expected)
        self.lost += sum((expected - seen).values())
        self.duplicated += sum(surplus.values()) - strange
        self.strange += strange
        for sign, lines in (("-", expected - seen), ("+", surplus)):
            for line, number in lines.items():
                print(sign, number, line, file=self.differences)

    def read_input(self):
        """The input by partition: its messages by offset."""
        self.input = collections.defaultdict(dict)
        for message in self.messages("input"):
            self.input[message.partition][message.offset] = message.value
            self.records += 1

    def broken_promises(self):
        faults = list(self.faults)
        if self.strange:
            faults.append(f"{self.strange} lines that nobody wrote")
        if not self.records:
            faults.append("there were no records")
        if self.lost and self.mode != "none":
            faults.append(f"{self.lost} records lost")
        if self.duplicated and self.mode == "exactly-once":
            faults.append(f"{self.duplicated} records duplicated")
        return faults

    # --- Records ---

    def check_order(self, partition, expected, seen):
        """Each record comes first after the one before it in the input. Records may come again only
        where the guarantee allows repetition."""
        place = {}
        for number, line in enumerate(expected):
            place.setdefault(line, number)
        reached = 0
        for message in seen:
            number = place.get(message.value)
            if number is None:
                continue  # it is strange, and compare() counts it
            if reached < len(expected) and message.value == expected[reached]:
                reached += 1
            elif number > reached or self.mode == "exactly-once":
                self.fault(
                    f"clean [{partition}] offset {message.offset}: record {number} of its"
                    f" partition comes where record {reached} is due"
                )
                return

    def check_records(self, stages):
        """The clean records, partition by partition. Keeps the rejects that are expected."""
        seen = collections.defaultdict(list)
        self.rejects = collections.Counter()
        for message in self.messages(f"clean{self.suffix}"):
            seen[message.partition].append(message)
            if message.key != json.loads(message.value)["user_id"].encode():
                self.fault(f"clean [{message.partition}] {message.offset}: key {message.key}")
        for partition in sorted(set(self.input) | set(seen)):
            made = run_undisturbed(stages, self.input[partition].values())
            expected = [line for line in made if not line.startswith(REJECT)]
            self.rejects.update(reject_identity(line) for line in made if line.startswith(REJECT))
            lines = collections.Counter(message.value for message in seen[partition])
            self.compare(collections.Counter(expected), lines)
            if self.mode != "none":
                self.check_order(partition, expected, seen[partition])

    def check_shared_records(self, stages):
        """The clean records of workers that share the partitions of an input without repeated lines,
        to which partitions may have been added. In each partition of clean the records of one
        partition of the input are in its order. Keeps the rejects that are expected."""
        self.rejects = collections.Counter()
        origin = {}  # of a line: its partition, and its number there
        for partition in self.input:
            made = run_undisturbed(stages, self.input[partition].values())
            self.rejects.update(reject_identity(line) for line in made if line.startswith(REJECT))
            records = [line for line in made if not line.startswith(REJECT)]
            origin.update((line, (partition, n)) for n, line in enumerate(records))
        seen = collections.Counter()
        reached = {}
        for message in self.messages("clean"):
            seen[message.value] += 1
            if message.key != json.loads(message.value)["user_id"].encode():
                self.fault(f"clean [{message.partition}] {message.offset}: key {message.key}")
            partition, number = origin.get(message.value, (None, 0))
            if number < reached.get((message.partition, partition), 0):
                self.fault(
                    f"clean [{message.partition}] offset {message.offset}: record {number} of input"
                    f" [{partition}] comes too late"
                )
            reached[message.partition, partition] = number
        self.compare(collections.Counter(dict.fromkeys(origin, 1)), seen)

    def input_ends(self, topic):
        """Where each partition of the input ends, by topic and partition."""
        return {(topic, partition): max(held) + 1 for partition, held in self.input.items()}

    # --- Rejects ---

    def check_rejects(self):
        seen = collections.Counter()
        for message in self.messages(f"rejects{self.suffix}"):
            reject = json.loads(message.value)
            where = f"rejects [{message.partition}] {message.offset}"
            if reject["reject"] == "late":
                self.fault(f"{where}: a late record")
            seen[reject_identity(message.value)] += 1
            if reject["stage"] == "kcat-in":
                self.check_origin(where, reject)
            if message.key is not None:
                self.fault(f"{where}: a reject has the key {message.key}")
        self.compare(self.rejects, seen)

    def check_origin(self, where, reject):
        """The reject names the message that it was made of."""
        value = self.input.get(reject.get("partition"), {}).get(reject.get("offset"))
        raw = reject.get("raw")
        if reject.get("topic") != "input" or value is None:
            self.fault(f"{where}: it names no message of the input")
        elif raw is not None and raw.encode() != value:
            self.fault(f"{where}: the message that it names holds something else")

    # --- Insights ---

    def check_insights(self, stages):
        """Each window has one final insight of each kind, which equals that of an undisturbed run, and
        is the last line with its key."""
        values = (value for partition in self.input.values() for value in partition.values())
        expected = {}
        for line in run_undisturbed(stages, values):
            if line.startswith(INSIGHT):
                expected[json.loads(line)["key"]] = line
        last, finals = {}, collections.Counter()
        for message in self.messages("insights"):
            insight = json.loads(message.value)
            key = insight["key"]
            if message.key != key.encode():
                self.fault(f"insight {key}: the message has the key {message.key}")
            if insight["final"]:
                finals[message.value] += 1
            elif self.mode == "exactly-once":
                self.check_rolling(last.get(key), insight)
            last[key] = insight
        self.compare(collections.Counter(expected.values()), finals)
        for key, insight in last.items():
            if not insight["final"]:
                self.fault(f"insight {key}: the last line is not final")
            if insight.get("late"):
                self.fault(f"insight {key}: {insight['late']} records were late")

    def check_rolling(self, before, insight):
        """A rolling insight follows only rolling ones, and none of its counts shrinks."""
        if before is None:
            return
        if before["final"]:
            self.fault(f"insight {insight['key']}: a rolling line follows the final one")
        for name in GROWING:
            if insight.get(name, 0) < before.get(name, 0):
                self.fault(f"insight {insight['key']}: {name} shrinks")


# --- Ledgers ---


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
