#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# login_stream.py: does the work of `kcat-in | loginclean | kcat-out --key user_id` with confluent-kafka, as
# a peer for tests/bench/run.
#
#     login_stream.py --in TOPIC --out TOPIC [--group GROUP] [--guarantee none|at-least-once|exactly-once]
#         [--interval MS] [--follow]
#
# The brokers are in BOOTSTRAP_SERVERS. It drops what is not a JSON object with a user_id, and fills in a
# missing or empty device_type. All other records pass as the bytes they were. With a guarantee, offsets
# are committed after each interval: once the records are stored, or with them in a transaction. Without
# --follow it stops at the end that the topic had when it started. It uses orjson if that is there.
import argparse
import os
import signal
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

try:
    from orjson import dumps, loads
except ImportError:
    from json import dumps as json_dumps
    from json import loads

    def dumps(value):
        return json_dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


BATCH = 10000


def guess(event):
    """A device type for an event that has none."""
    agent = f"{event.get('user_agent')} {event.get('os')}".lower()
    if "android" in agent:
        return "android"
    return "iOS" if "iphone" in agent or "ios" in agent else "unknown"


def clean(value):
    """The key and the value for a login event; raises a ValueError for what is none."""
    event = loads(value)
    if not isinstance(event, dict):
        raise ValueError("not an object")
    user = event.get("user_id")
    if not isinstance(user, str) or not user:
        raise ValueError("no user_id")
    if not event.get("device_type"):
        event["device_type"] = guess(event)
        value = dumps(event)
    return user, value


class Stream:
    def __init__(self, args):
        self.args = args
        self.stopped = False
        self.failure = None
        brokers = {"bootstrap.servers": os.environ["BOOTSTRAP_SERVERS"]}
        self.consumer = Consumer(
            brokers
            | {
                "group.id": args.group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 100,
            }
        )
        settings = brokers | {
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "queue.buffering.max.messages": 500000,
            "socket.nagle.disable": True,
        }
        self.transactional = args.guarantee == "exactly-once"
        if self.transactional:
            settings["transactional.id"] = args.group
        self.producer = Producer(settings | {"on_delivery": self.delivered})

    def delivered(self, error, _):
        if error is not None:
            self.failure = error

    def start(self):
        """Subscribes, and finds the ends of the partitions."""
        topic = self.args.input
        partitions = self.consumer.list_topics(topic, 30).topics[topic].partitions
        self.ends = {}
        if not self.args.follow:
            for number in partitions:
                _, end = self.consumer.get_watermark_offsets(TopicPartition(topic, number), 30)
                if end > 0:
                    self.ends[number] = end
        if self.args.guarantee == "none":
            self.consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        else:
            self.consumer.subscribe([topic])
        if self.transactional:
            self.producer.init_transactions(30)

    def produce(self, user, value):
        while True:
            try:
                self.producer.produce(self.args.out, value, user)
                return
            except BufferError:
                self.producer.poll(0.1)

    def work(self, messages):
        """Cleans and produces what was polled. Returns whether all partitions are at their ends."""
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            try:
                user, value = clean(message.value())
            except ValueError as error:
                where = f"{message.topic()} [{message.partition()}] at {message.offset()}"
                print(f"confluent-kafka: {where}: dropped: {error}", file=sys.stderr)
            else:
                self.produce(user, value)
            if self.ends.get(message.partition(), 0) == message.offset() + 1:
                del self.ends[message.partition()]
        self.producer.poll(0)
        if self.failure is not None:
            raise KafkaException(self.failure)
        return not self.ends and not self.args.follow

    def begin(self):
        if self.transactional:
            self.producer.begin_transaction()

    def commit(self):
        if self.transactional:
            positions = self.consumer.position(self.consumer.assignment())
            group = self.consumer.consumer_group_metadata()
            self.producer.send_offsets_to_transaction(positions, group, 30)
            self.producer.commit_transaction(30)
            return
        self.producer.flush()
        if self.failure is not None:
            raise KafkaException(self.failure)
        if self.args.guarantee == "at-least-once":
            self.consumer.commit(asynchronous=False)

    def run(self):
        self.start()
        due = None
        done = False
        while not done and not self.stopped:
            wait = 0.1 if due is None else min(0.1, max(0, due - time.monotonic()))
            # In a small batch if that is all there is: consume() waits until it has as many as asked for.
            first = self.consumer.poll(wait)
            messages = [] if first is None else [first, *self.consumer.consume(BATCH, 0)]
            if messages and due is None:
                self.begin()
                due = time.monotonic() + self.args.interval / 1000
            done = self.work(messages)
            if due is not None and (done or self.stopped or time.monotonic() >= due):
                if done or self.stopped or self.args.guarantee != "none":
                    self.commit()
                due = None
        self.consumer.close()

    def stop(self, *_):
        self.stopped = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--in", dest="input", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--group", default="confluent-kafka")
    parser.add_argument("--guarantee", choices=("none", "at-least-once", "exactly-once"), default="none")
    parser.add_argument("--interval", type=int, default=1000)
    parser.add_argument("--follow", action="store_true")
    stream = Stream(parser.parse_args())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stream.stop)
    stream.run()


main()
