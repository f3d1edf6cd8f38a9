# SPDX-License-Identifier: BSD-2-Clause
"""What the programs that inject faults share: a Kafka behind a bad network, a generator of records,
and a clock that lets the supervisors do their work."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from pipeline import spawn

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = f"{TOP}/{os.environ.get('BUILD') or 'build'}"
OUR_TOOLS = ("kcat-in", "loginclean", "loginagg", "kcat-out")
MOST_FAULTS = 20  # to print
DRAIN_TIME = 240  # s for all that is left to be worked off
STEP = 0.02  # s

# The check for transactions that take too long must not run before a killed broker is admitted again,
# which takes broker.session.timeout.ms. Until then Kafka 4.3 finds no leaders for the markers of an
# abort and skips them ("likely deleted already"), and aborted records appear as committed.
BROKER_CONFIG = """
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
transaction.abort.timed.out.transaction.cleanup.interval.ms=5000
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
"""


class Unavailable(Exception):
    pass


class Broker:
    """A Kafka of our own behind a proxy that can be a bad network."""

    def __init__(self, directory):
        self.directory = f"{directory}/kafka"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.proxy = None
        config = f"{directory}/kafka.properties"
        with open(config, "w", encoding="ascii") as out:
            out.write(BROKER_CONFIG.format(port=self.port))
        self.start_environment = dict(os.environ, LOGINPIPE_KAFKA_CONFIG=config)

    def command(self, what, wait=True):
        child = spawn(
            [f"{TOP}/tests/broker/kafka", what, self.directory],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=self.start_environment,
        )  # fmt: skip
        if wait:
            _, err = child.communicate()
            if child.returncode:
                raise Unavailable(err.decode().strip().rpartition("\n")[2])
        return child

    def start(self):
        self.command("start")
        with open(f"{self.directory}/server.properties", encoding="ascii") as settings:
            listeners = next(line for line in settings if line.startswith("listeners="))
        address = re.search(r"PLAINTEXT://([^,\s]*)", listeners)[1]
        fd = self.listener.fileno()
        self.proxy = spawn(
            [f"{HERE}/proxy", str(fd), address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[fd],
        )  # fmt: skip

    def tell_proxy(self, what):
        self.proxy.stdin.write(f"{what}\n".encode())
        self.proxy.stdin.flush()
        self.proxy.stdout.readline()

    def stop(self):
        if self.proxy:
            self.proxy.kill()
        self.command("stop", wait=False).wait()


class Harness:
    """A run of faults. A subclass has the faults, and says what is run; run() returns whether all
    was well."""

    def __init__(self, directory):
        self.directory = directory
        self.seed = self.number("SEED", 1)
        self.rate = self.number("RATE", 2000)
        self.random = random.Random(self.seed)
        self.broker = Broker(directory)
        self.mode = "exactly-once"
        self.feeding = False
        self.supervisors = []
        self.zombies_alive = []  # replaced pipelines that go on, as (pipeline, deadline)
        self.unburied = []  # what did not end by itself
        os.mkdir(f"{directory}/ledgers")
        self.plan = open(f"{directory}/plan.log", "w", encoding="ascii", buffering=1)

    @staticmethod
    def number(name, default):
        text = os.environ.get(name) or str(default)
        if not text.isdigit():
            sys.exit(f"chaos: {name} is no number: {text}")
        return int(text)

    def start_broker(self, topics):
        """A broker with these topics, given as their numbers of partitions."""
        self.broker.start()
        os.environ["BOOTSTRAP_SERVERS"] = f"127.0.0.1:{self.broker.port}"
        for topic, partitions in topics.items():
            subprocess.run(
                ["kcat-out", "-t", topic, f"--create={partitions}"],
                stdin=subprocess.DEVNULL, check=True, timeout=60,
            )  # fmt: skip

    def start_generator(self, *more):
        """Records for the topic input. The further commands change the records on their way."""
        log = open(f"{self.directory}/generator.log", "wb")
        logingen = ["logingen", "--seed", str(self.seed), "--rate", str(self.rate)]
        logingen += ["--bad", "5", "--start", "now"]
        feeder = ["kcat-out", "-t", "input", "--key", "user_id"]
        # It notices added partitions soon.
        feeder += ["-X", "topic.metadata.refresh.interval.ms=2000"]
        before = subprocess.DEVNULL
        stages = []
        for command in (logingen, *more, feeder):
            output = log if command is feeder else subprocess.PIPE
            stages.append(spawn(command, stdin=before, stdout=output, stderr=log))
            if before is not subprocess.DEVNULL:
                before.close()
            before = stages[-1].stdout
        self.generator, self.feeder = stages[0], stages[-1]
        self.feeding = True

    def stop_generator(self):
        self.feeding = False
        self.generator.terminate()
        if not self.wait_until(120, lambda: self.feeder.poll() is not None) or self.feeder.poll():
            raise RuntimeError(f"the generator ended with {self.feeder.poll()}")

    # --- Time passes only here: nothing runs in threads ---

    def tick(self):
        if self.feeding and self.feeder.poll() is not None:
            raise RuntimeError(f"the generator ended with {self.feeder.poll()}")
        for supervisor in self.supervisors:
            supervisor.tick()

    def sleep(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tick()
            time.sleep(STEP)

    def wait_until(self, seconds, condition):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.tick()
            time.sleep(STEP)
        return True

    def work_off(self, supervisors):
        """Starts pipelines that end by themselves, again until each has succeeded. Returns the names
        of the last ones."""
        for supervisor in supervisors:
            supervisor.stopping = False
            supervisor.finishing = True
        if not self.wait_until(DRAIN_TIME, lambda: all(s.last for s in supervisors)):
            raise RuntimeError("what was left was not worked off in time")
        return [supervisor.last for supervisor in supervisors]

    def bury(self, every=False):
        """Zombies that had time enough. With exactly-once they must have ended by themselves."""
        for entry in list(self.zombies_alive):
            pipeline, deadline = entry
            if pipeline.ended():
                self.zombies_alive.remove(entry)
            elif every or time.monotonic() > deadline:
                for number, stage in enumerate(pipeline.stages):
                    if stage.poll() is None and self.mode == "exactly-once":
                        self.unburied.append(f"{pipeline.name}: {pipeline.names[number]}")
                pipeline.signal_all(signal.SIGKILL)
                self.zombies_alive.remove(entry)

    # --- Faults that concern all. Each returns what it did. ---

    def cut(self):
        """Connections are reset, most often after answers have been withheld for a while."""
        pause = self.random.choice((0, self.random.uniform(0, 1), self.random.uniform(1, 3)))
        if pause:
            self.broker.tell_proxy("hold")
            self.sleep(pause)
        self.broker.tell_proxy("cut")
        return f"{pause:.2f} s"

    def kill_broker(self):
        pause = self.random.uniform(0, 2)
        child = self.broker.command("kill", wait=False)
        self.wait_until(30, lambda: child.poll() is not None)
        self.sleep(pause)
        child = self.broker.command("restart", wait=False)
        if not self.wait_until(120, lambda: child.poll() is not None) or child.returncode:
            raise RuntimeError("the broker did not start again")
        return f"{pause:.2f} s"

    def stop(self):
        for supervisor in self.supervisors:
            supervisor.kill()
        self.broker.stop()


def report(faults):
    """Prints the first of these faults. Returns whether there is none."""
    for fault in faults[:MOST_FAULTS]:
        print(f"chaos: {fault}", file=sys.stderr)
    if len(faults) > MOST_FAULTS:
        print(f"chaos: and {len(faults) - MOST_FAULTS} more faults", file=sys.stderr)
    return not faults


def main(harness):
    """Runs a subclass of Harness in a directory of its own. Returns the exit status."""
    os.environ["PATH"] = f"{BUILD}:{os.environ['PATH']}"
    os.environ["LC_ALL"] = "C.UTF-8"
    for name in ("BOOTSTRAP_SERVERS", "KCAT_CONFIG", "LOG_LEVEL", "JOURNAL_STREAM"):
        os.environ.pop(name, None)
    for what in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(what, lambda number, _: sys.exit(128 + number))
    logs = os.environ.get("LOGS")
    if logs:
        os.makedirs(logs)
    directory = os.path.abspath(logs) if logs else tempfile.mkdtemp(prefix="loginpipe-chaos.")
    kept = True
    chaos = harness(directory)
    try:
        kept = not chaos.run()
        status = 1 if kept else 0
    except Unavailable as why:
        kept = False
        status = 69
        print(f"chaos: no real Kafka: {why}", file=sys.stderr)
    except RuntimeError as why:
        status = 1
        print(f"chaos: seed {chaos.seed}: {why}", file=sys.stderr)
    finally:
        chaos.stop()
        if kept or logs:
            print(f"chaos: see {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory)
    return status
