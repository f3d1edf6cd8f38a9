# SPDX-License-Identifier: BSD-2-Clause
"""A pipeline of processes that can be killed and stopped, and a supervisor that restarts it."""
import os
import signal
import subprocess
import time

GRACE = 20  # s for the other stages to end once one has
PAUSE = 0.1  # s before a pipeline is started again
WRITING = 1 << 12  # bytes that a stage has written when records flow
# The exit statuses of a stage when others are killed: success, try again, no broker, killed, no
# reader.
FAIR_ENDS = {0, 75, 69, -signal.SIGKILL, -signal.SIGPIPE}


def spawn(command, **more):
    """Starts a command in a session of its own that does not outlive us."""
    # setpriv executes the command, so the process number is that of the command.
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *command], start_new_session=True, **more
    )


class Pipeline:
    """Commands, each with its stdout as the stdin of the next. The last one writes to the log."""

    def __init__(self, name, commands, log):
        self.name = name
        self.told_to_stop = False
        self.names = [os.path.basename(command[0]) for command in commands]
        self.stages = []
        self.hurt = set()  # stages that were killed or stopped: they need not end in order
        self.killed_late = []  # that did not end although others had
        self.first_end = None
        before = subprocess.DEVNULL
        for command in commands:
            last = command is commands[-1]
            stage = spawn(
                command, stdin=before, stdout=log if last else subprocess.PIPE, stderr=log
            )
            if before is not subprocess.DEVNULL:
                before.close()
            before = stage.stdout
            self.stages.append(stage)

    def statuses(self):
        return [stage.poll() for stage in self.stages]

    def describe(self):
        return " ".join(f"{name}={s}" for name, s in zip(self.names, self.statuses()))

    def ended(self):
        """Whether all stages have; those that stay too long after another has are killed."""
        statuses = self.statuses()
        if None not in statuses:
            return True
        if any(status is not None for status in statuses):
            self.first_end = self.first_end or time.monotonic()
            if time.monotonic() > self.first_end + GRACE:
                for number, status in enumerate(statuses):
                    if status is None:
                        if number not in self.hurt:
                            self.killed_late.append(self.names[number])
                        self.signal(number, signal.SIGKILL)
                self.first_end = None
        return False

    def succeeded(self):
        return all(status == 0 for status in self.statuses())

    def unfair_ends(self):
        # A source dies of a signal that comes before it can handle one, and of a second one.
        fair = FAIR_ENDS | ({-signal.SIGTERM} if self.told_to_stop else set())
        return [
            f"{name} ended with {status}"
            for name, status in zip(self.names, self.statuses())
            if status not in (fair if name == self.names[0] else FAIR_ENDS)
        ]

    def signal(self, number, what):
        stage = self.stages[number]
        if stage.poll() is None:
            self.hurt.add(number)
            stage.send_signal(what)

    def signal_all(self, what, order=None):
        for number in order or range(len(self.stages)):
            self.signal(number, what)

    def stop_reading(self):
        """As a supervisor stops it: by one SIGTERM for the first stage."""
        if self.stages[0].poll() is None:
            self.told_to_stop = True
            self.stages[0].terminate()

    def flows(self):
        """Whether the first stage has written records."""
        try:
            with open(f"/proc/{self.stages[0].pid}/io", encoding="ascii") as counts:
                return int(dict(line.split(": ") for line in counts)["wchar"]) > WRITING
        except (OSError, KeyError):
            return False


class Supervisor:
    """Keeps one pipeline running: when one ends, whatever its status, it starts the next."""

    def __init__(self, name, commands, directory):
        self.name = name
        self.directory = directory
        self.commands = commands  # of a start's number: how to run it
        self.log = open(f"{directory}/{name}.log", "ab", buffering=0)
        self.starts = 0
        self.pipeline = None
        self.orphans = []  # pipelines that were left to themselves, as (pipeline, deadline)
        self.unfair = []
        self.late = []
        self.wait_until = 0
        self.stopping = False
        self.finishing = False  # it stops after the first pipeline that succeeds
        self.last = None  # the name of that pipeline

    def say(self, text):
        self.log.write(f"--- {time.strftime('%H:%M:%S')} {text}\n".encode())

    def start(self):
        self.starts += 1
        name = f"{self.name}-{self.starts}"
        self.say(f"start {name}")
        self.pipeline = Pipeline(name, self.commands(name), self.log)

    def finish(self, pipeline):
        self.say(f"end {pipeline.name}: {pipeline.describe()}")
        self.unfair += [f"{pipeline.name}: {what}" for what in pipeline.unfair_ends()]
        self.late += [f"{pipeline.name}: {what}" for what in pipeline.killed_late]

    def tick(self):
        for orphan in list(self.orphans):
            if orphan.ended():
                self.finish(orphan)
                self.orphans.remove(orphan)
        if self.pipeline and self.pipeline.ended():
            self.finish(self.pipeline)
            if self.finishing and self.pipeline.succeeded():
                self.last = self.pipeline.name
                self.stopping = True
            self.pipeline = None
            self.wait_until = time.monotonic() + PAUSE
        if not self.pipeline and not self.stopping and time.monotonic() >= self.wait_until:
            self.start()

    def abandon(self):
        """Another pipeline takes the place of the present one, which stays as it is."""
        orphan, self.pipeline = self.pipeline, None
        self.say(f"abandon {orphan.name}")
        self.orphans.append(orphan)
        return orphan

    def kill(self):
        self.stopping = True
        for pipeline in [self.pipeline, *self.orphans]:
            if pipeline:
                pipeline.signal_all(signal.SIGKILL)
