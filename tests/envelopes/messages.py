#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills a topic with random messages of every kind, and compares two topics.

They are compared by a client that is independent of librdkafka: kafka-python, which is written in
Python alone. It cannot write headers that are null, so confluent-kafka writes.

    messages.py fill TOPIC COUNT SEED     writes COUNT messages to a topic that exists
    messages.py compare TOPIC OTHER       exit status 0 if both have the same messages

Messages are the same if partition, order, key, value, headers (order, duplicates, null) and
timestamp are. The brokers are those of BOOTSTRAP_SERVERS.
"""
import json
import os
import random
import sys

from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition

BROKERS = os.environ['BOOTSTRAP_SERVERS']
TEXTS = ['', 'a', 'é', '😀', '\0', '\n', '\r\n', '"', '\\', '\x7f', '\u2028', '\ufeff', 'null',
         '{"@mark":"end"}', '{"reject":"x"}', '{"insight":1}', ',', ']}', '\ud7ff', 'k' * 300]
NUMBERS = ['0', '-0', '1e999', '1E+5', '123456789012345678901234567890', '0.1000', '-1.5e-7']


def some_bytes(r):
    kind = r.randrange(4)
    if kind == 0:
        return r.randbytes(r.randrange(40))
    if kind == 1:
        return b''
    return ''.join(r.choices(TEXTS, k=r.randrange(4))).encode()


def space(r):
    return r.choice(['', '', '', ' ', '\n', '\t', '\r\n  '])


def some_json(r, depth=0):
    """A JSON text with random spacing, escapes, duplicate keys and large numbers."""
    kind = r.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return r.choice(['null', 'true', 'false'])
    if kind == 1:
        return r.choice(NUMBERS)
    if kind <= 4:
        return json.dumps(r.choice(TEXTS), ensure_ascii=r.random() < 0.5)
    parts = [some_json(r, depth + 1) for _ in range(r.randrange(4))]
    if kind == 5:
        return '[' + space(r) + (space(r) + ',' + space(r)).join(parts) + space(r) + ']'
    members = [json.dumps(r.choice(TEXTS)) + space(r) + ':' + space(r) + part for part in parts]
    return '{' + space(r) + (space(r) + ',').join(members) + space(r) + '}'


def some_value(r):
    kind = r.randrange(10)
    if kind == 0:
        return None
    if kind == 1:
        return some_bytes(r)
    if kind == 2: # nested around the limit of 1,024 levels
        depth = r.randrange(1020, 1028)
        return b'[' * depth + b'1' + b']' * depth
    if kind == 3: # lone surrogates, escaped
        return b'"\\ud800"'
    if kind == 4: # cut or spoilt JSON
        text = some_json(r).encode()
        return text[:r.randrange(len(text) + 1)] + r.choice([b'', b'\xff', b'\xed\xa0\x80'])
    return (space(r) + some_json(r) + space(r)).encode()


def some_headers(r):
    names = ['h', 'h', 'é', 'loginpipe.attempts', 'x' * 50]
    return [(r.choice(names), r.choice([None, b'', some_bytes(r)])) for _ in range(r.randrange(4))]


def fill(topic, count, seed):
    r = random.Random(seed)
    failed = []
    producer = Producer({'bootstrap.servers': BROKERS, 'linger.ms': 20,
                         'compression.type': r.choice(['none', 'gzip']),
                         'on_delivery': lambda err, _: err and failed.append(err)})
    partitions = len(producer.list_topics(topic, 10).topics[topic].partitions)
    now = 1_700_000_000_000
    for _ in range(count):
        producer.produce(
            topic, value=some_value(r), key=r.choice([None, some_bytes(r)]),
            headers=some_headers(r), partition=r.randrange(partitions),
            timestamp=r.choice([1, now, now - r.randrange(10 ** 12)]))
        producer.poll(0)
    producer.flush()
    if failed:
        print(failed[0], file=sys.stderr)
    return 1 if failed else 0


def read(topic):
    """Returns {partition: [message, ...]}, in the order of the offsets."""
    consumer = KafkaConsumer(bootstrap_servers=BROKERS, enable_auto_commit=False,
                             isolation_level='read_committed', auto_offset_reset='earliest')
    parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    messages = {part.partition: [] for part in parts}
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=1000).values():
            for m in batch:
                messages[m.partition].append(
                    (m.key, m.value, tuple(tuple(h) for h in m.headers), m.timestamp,
                     m.timestamp_type))
    consumer.close()
    return messages


def compare(topic, other):
    a, b = read(topic), read(other)
    print(sum(len(messages) for messages in a.values()), 'messages')
    for partition in sorted(a.keys() | b.keys()):
        mine, its = a.get(partition, []), b.get(partition, [])
        for i in range(max(len(mine), len(its))):
            left = mine[i] if i < len(mine) else 'nothing'
            right = its[i] if i < len(its) else 'nothing'
            if left != right:
                print(f'partition {partition}, message {i}:\n  {left}\n  {right}')
                return 1
    return 0


def main():
    if sys.argv[1:2] == ['fill'] and len(sys.argv) == 5:
        return fill(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    if sys.argv[1:2] == ['compare'] and len(sys.argv) == 4:
        return compare(sys.argv[2], sys.argv[3])
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == '__main__':
    sys.exit(main())
