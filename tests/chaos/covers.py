# SPDX-License-Identifier: BSD-2-Clause
"""Checks the topic of partials: which offsets of the input they say they cover, and whether all lines
of each cover are there. It shares no code with loginagg --merge, which relies on the same."""
import json


class Covers:
    def __init__(self):
        self.reached = {}  # of a (topic, partition): where its last cover ends
        self.missing = {}  # of an open cover: how many lines it has promised and not had
        self.run_of = {}  # of a run: its open cover
        self.count = 0
        self.faults = []

    def take(self, line):
        """The next message of the topic."""
        partial = json.loads(line)
        if partial["partial"] == "cover":
            self.open(partial)
        elif partial["partial"] == "covered":
            self.close(partial)
        elif partial.get("cover") not in self.missing:
            self.faults.append(f"a line of cover {partial.get('cover')}, which is not open")
        else:
            self.missing[partial["cover"]] -= 1

    def open(self, cover):
        name = cover["cover"]
        run = name.rpartition("/")[0]
        self.count += 1
        if run in self.run_of:
            self.faults.append(f"cover {name} opens before {self.run_of[run]} closes")
        for span in cover["covers"]:
            place = (span["topic"], span["partition"])
            before = self.reached.get(place, 0)
            if span["from"] != before or span["to"] < before:
                what = "a gap" if span["from"] > before else "an overlap"
                self.faults.append(
                    f"cover {name}: {what}: {place} from {span['from']} to {span['to']},"
                    f" and the one before it ends at {before}"
                )
            self.reached[place] = max(before, span["to"])
        if cover.get("lines") != 0:
            self.run_of[run] = name
            self.missing[name] = 0

    def close(self, cover):
        name = cover["cover"]
        if self.missing.pop(name, None) != -cover["lines"]:
            self.faults.append(f"cover {name} is closed, but has not the {cover['lines']} lines")
        self.run_of.pop(name.rpartition("/")[0], None)

    def finish(self, ends):
        """Returns the faults, given where each partition of the input ends."""
        faults = list(self.faults)
        faults += [f"cover {name} is not closed" for name in self.missing]
        for place in sorted(set(ends) | set(self.reached)):
            end, reached = ends.get(place, 0), self.reached.get(place, 0)
            if end != reached:
                faults.append(f"{place} is covered up to {reached}, and ends at {end}")
        return faults
