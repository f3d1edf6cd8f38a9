#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Values in Avro, judged by confluent-kafka's own serializer and deserializer on the other end of a topic
# of a real Kafka.
#
# bats file_tags=kafka

load helpers
load schema

setup() {
    begin
    need_kafka
    need_peer
    # shellcheck disable=SC2119 # it needs no options
    start_registry
    create_topic "$topic"
    create_topic "$topic-b"
}

@test "kcat-in reads what AvroSerializer writes" {
    "${peer[@]}" write "$url" "$BOOTSTRAP_SERVERS" "$topic" 2000 >wanted
    reader >got 2>err
    [ ! -s err ]
    "${peer[@]}" sort <got | cmp - wanted
}

@test "AvroDeserializer reads what kcat-out writes" {
    SEED=2 "${peer[@]}" write "$url" "$BOOTSTRAP_SERVERS" "$topic" 2000 >wanted
    writer -s key=avro --key user_id --subject "$topic-value" --key-subject "$topic-key" -t "$topic-b" \
        <wanted 2>err
    [ ! -s err ]
    "${peer[@]}" read "$url" "$BOOTSTRAP_SERVERS" "$topic-b" | cmp - wanted
}

@test "what kcat-in reads, kcat-out writes again byte for byte" {
    SEED=3 "${peer[@]}" write "$url" "$BOOTSTRAP_SERVERS" "$topic" 2000 >wanted
    for unions in plain tagged; do
        copy=$(fresh_topic "c$unions")
        create_topic "$copy"
        reader --avro-unions $unions >lines
        kcat-out -t "$copy" -s value=avro -r "$url" --subject "$topic-value" --avro-unions $unions <lines
        for name in "$topic" "$copy"; do
            timeout 60 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$name" -f '%S %s\n' >"bytes.$name"
        done
        cmp "bytes.$topic" "bytes.$copy"
    done
}
