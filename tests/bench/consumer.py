#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# consumer.py TOPIC COUNT OUT: a typical consumer in Python, for comparison. It reads COUNT records, fills
# in a missing device_type, drops lines that are not JSON, and writes the rest.
import json
import os
import sys

from confluent_kafka import Consumer, Producer

topic, count, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
brokers = os.environ["BOOTSTRAP_SERVERS"]
consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": f"consumer-{os.getpid()}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 5})
consumer.subscribe([topic])
while count > 0:
    for message in consumer.consume(1000, 1):
        if message.error():
            sys.exit(str(message.error()))
        count -= 1
        try:
            record = json.loads(message.value())
        except ValueError:
            continue
        if not record.get("device_type"):
            record["device_type"] = "unknown"
        while True:
            try:
                producer.produce(out, json.dumps(record).encode())
                break
            except BufferError:
                producer.poll(0.1)
    producer.poll(0)
producer.flush()
consumer.commit(asynchronous=False)
consumer.close()
