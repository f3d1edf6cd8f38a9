# SPDX-License-Identifier: BSD-2-Clause
#
# entry: what a line of the stream is, and where it came from. loginpipe-stream(5) describes the lines.
#
#     reader = entry.Reader("to-sqlite", envelopes=True)
#     reader.read(b'{"topic":"t","partition":0,"offset":7,"value":{"user_id":"ann"}}')
#
# gives Entry(kind="record", place=("t", 0, 7, 0), value={"user_id": "ann"}, text='{"user_id":"ann"}').
#
# A place tells a line from all others, so that a sink can store a line that comes again only once:
# topic, partition and offset of the message, and how many lines of the same message came before. (A
# jq program can make several records of a message.) Without envelopes, records and insights have no place.
import base64
import collections
import datetime
import json
import re

import sink

Entry = collections.namedtuple("Entry", "kind place value text line")

RECORD, INSIGHT, REJECT = "record", "insight", "reject"
NOWHERE = (None, None, None, None)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
UNITS = (10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9)  # of a second

LEGAL_TOPIC = re.compile("[A-Za-z0-9._-]{1,249}")

decoder = json.JSONDecoder()
spaces = re.compile(r"[ \t\n\r]*")


class Malformed(Exception):
    """A line that no sink can use. Its arguments are the reason, as in a reject, and the detail."""


class Unfit(Exception):
    """The database refuses what a line has, such as a text that is too long for an index."""


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse(line):
    """Returns the text of a line and its value, which is an object."""
    try:
        text = line.decode()
        value = json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("not_json", str(error)) from None
    if not isinstance(value, dict):
        raise Malformed("not_object", "a line must be a JSON object")
    return text, value


def kind_of(value):
    first = next(iter(value), None)
    return first if first in (INSIGHT, REJECT) else RECORD


def check(value):
    """Returns a record or an insight that can be stored."""
    if not isinstance(value, dict):
        raise Malformed("not_object", "the value must be a JSON object")
    if kind_of(value) == INSIGHT:
        if not isinstance(value.get("key"), str) or not isinstance(value["insight"], str):
            raise Malformed("not_insight", "an insight must have a key")
    if next(iter(value), None) == "partial":
        raise Malformed("not_stored", "a partial is for loginagg --merge")
    return value


def place_of(members):
    topic, *numbers = (members.get(name) for name in ("topic", "partition", "offset"))
    if not isinstance(topic, str) or not LEGAL_TOPIC.fullmatch(topic):
        return None
    if not all(type(n) is int and 0 <= n < limit for n, limit in zip(numbers, (1 << 31, 1 << 63))):
        return None
    return topic, *numbers


def member_texts(text):
    """The members of a JSON object that parse() has accepted, each with its text as it stands there."""
    texts, at = {}, skip(text, skip(text, 0) + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        start = skip(text, skip(text, at) + 1)  # behind the colon
        _, at = decoder.raw_decode(text, start)
        texts[name] = text[start:at]
        at = skip(text, at)
        if text[at] == ",":
            at = skip(text, at + 1)
    return texts


def skip(text, at):
    return spaces.match(text, at).end()


class Options(sink.Options):
    """The options of a sink that stores entries."""

    def __init__(self, does):
        super().__init__(does)
        self.add_argument("-J", "--envelope", action="store_true", help="the lines are envelopes")


class Reader:
    """Makes an entry of each line. A line that is of no use becomes a reject, which says why."""

    def __init__(self, tool, envelopes=False):
        self.tool, self.envelopes = tool, envelopes
        self.last, self.part = None, 0
        self.refused, self.why = 0, ""

    def mark(self):
        """No message has lines on both sides of a mark."""
        self.last = None

    def read(self, line):
        try:
            place, value, text = self.look_into(line)
        except Malformed as why:
            place, (value, text) = None, self.reject(line, *why.args)
        self.part = self.part + 1 if place and place == self.last else 0
        self.last = place
        return Entry(kind_of(value), (*place, self.part) if place else NOWHERE, value, text, line)

    def look_into(self, line):
        """Returns the place, the value and its text."""
        text, value = parse(line)
        if kind_of(value) == REJECT:
            return place_of(value), value, text
        if not self.envelopes or kind_of(value) == INSIGHT:
            return None, check(value), text
        place, texts = place_of(value), member_texts(text)
        if "value" in value:
            return place, check(value["value"]), texts["value"]
        text = value.get("value_text", value.get("payload"))  # kcat's name for the value
        if not isinstance(text, str):
            raise Malformed("not_envelope", "with -J, a line must be an envelope whose value is JSON")
        text, value = parse(text.encode("utf-8", "replace"))
        return place, check(value), text

    def reject(self, line, reason, detail):
        """Returns a reject of a line, and its text."""
        self.refused, self.why = self.refused + 1, f"{reason}: {detail}"
        value = {"reject": reason, "stage": self.tool, "detail": detail}
        try:
            value["raw"] = line.decode()
        except UnicodeDecodeError:
            value["raw_b64"] = base64.b64encode(line).decode()
        return value, json.dumps(value, separators=(",", ":"))

    def refuse(self, entry, detail):
        """Returns the reject of an entry that cannot be stored. It keeps the place of the entry."""
        value, text = self.reject(entry.line, "not_stored", detail)
        return entry._replace(kind=REJECT, value=value, text=text)

    def store(self, store, entries):
        """Stores the entries. If the database refuses one of them, finds it by halves, and stores it
        as a reject."""
        try:
            store(entries)
        except Unfit as why:
            if len(entries) > 1:
                middle = len(entries) // 2
                self.store(store, entries[:middle])
                self.store(store, entries[middle:])
            else:
                store([self.refuse(entries[0], str(why))])

    def report(self, table):
        if self.refused:
            sink.warn(f"{self.refused} lines cannot be used and are in {table}; the last one: {self.why}")
        self.refused = 0


def column(value):
    """A member of a reject as text that every database can hold."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def reject_row(entry):
    """The columns of a reject: topic, partition, offset, part, reason, stage, field, detail, line."""
    reason, stage, field, detail = (
        column(entry.value.get(name)) for name in ("reject", "stage", "field", "detail")
    )
    return (*entry.place, reason, stage or "", field, detail, entry.text)


def insight_row(entry):
    """The columns of an insight: topic, partition, offset, key, kind, start, end, final, insight."""
    value = entry.value
    window = value["window"] if isinstance(value.get("window"), dict) else {}
    final = value.get("final") is not False
    start, end = column(window.get("start")), column(window.get("end"))
    return (*entry.place[:3], value["key"], value["insight"], start, end, final, entry.text)


def record_row(entry):
    """The columns of a record: topic, partition, offset, part, time, record."""
    return (*entry.place, event_time(entry.value.get("timestamp")), entry.text)


def event_time(stamp):
    """The time of a record in RFC 3339, or None. Its unit follows from its size, as in loginagg."""
    try:
        if isinstance(stamp, str) and not stamp.lstrip("-").isdigit():
            moment = datetime.datetime.fromisoformat(stamp).astimezone(datetime.timezone.utc)
        else:
            number = int(stamp)
            unit = next(unit for limit, unit in UNITS if abs(number) < limit)
            moment = EPOCH + datetime.timedelta(microseconds=number * 1_000_000 // unit)
    except (TypeError, ValueError, OverflowError, StopIteration):
        return None
    return moment.isoformat().replace("+00:00", "Z")
