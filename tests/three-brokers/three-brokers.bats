#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/docker/three-brokers.yml: brokers with its settings, without docker: make test-three-brokers.
# KAFKA_TOPICS may name Kafka's own kafka-topics.sh, which creates the topics then.

load ../helpers

# broker VERB NAME
broker() {
    "$BATS_TEST_DIRNAME/../broker/kafka" "$1" "$PWD/$2"
}

# Brokers that are started together wait for each other.
start_brokers() {
    local name jobs=()

    for name; do
        LOGINPIPE_KAFKA_CONFIG=$PWD/$name.properties broker start "$name" >"$name.env" &
        jobs+=($!)
    done
    for name in "${jobs[@]}"; do wait "$name"; done
}

setup() {
    begin
    settings=$("$BATS_TEST_DIRNAME/settings" "$PWD")
    { read -r BOOTSTRAP_SERVERS && read -r LOGINPIPE_KAFKA_CLUSTER; } <<<"$settings"
    export BOOTSTRAP_SERVERS LOGINPIPE_KAFKA_CLUSTER
    start_brokers kafka kafka-2 kafka-3
    printf '#!/bin/sh\nexec "%s/../python" "%s/kafka-topics" "$@"\n' "$BATS_TEST_DIRNAME" "$BATS_TEST_DIRNAME" >kafka-topics
    chmod +x kafka-topics
    KAFKA_TOPICS=${KAFKA_TOPICS:-$PWD/kafka-topics} bash topics.sh
    export DELIVERY=exactly-once STATE_DIR=$PWD/state KAFKA_GROUP=three
}

teardown() {
    stop_started
    for name in kafka kafka-2 kafka-3; do
        broker stop $name
    done
}

# --- How far everything is ---

# lag: the records that the pipeline has not committed yet.
lag() {
    timeout 20 kcat-in -L -J -G three 2>/dev/null | jq -s 'map(.lag.lag // empty) | add'
}

lag_is_zero() {
    [ "$(lag)" = 0 ]
}

# in_sync COUNT: each partition has so many replicas in sync.
in_sync() {
    [ "$(timeout 20 kcat-in -L -J 2>/dev/null | jq -c '.partition // empty | .isr | length' | sort -u)" = "$1" ]
}

# clean: how many clean records there are.
clean() {
    timeout 30 kcat-in -e processed-logins | wc -l
}

@test "one broker may fail and nobody waits; while two are away all wait; nothing is lost or doubled" {
    # The topics are what the compose file says.
    kcat-in -L -J | jq -r '.topic // empty | [.topic, .partitions, .replicas] | join(" ")' | grep -v '^__' | sort >out
    diff out - <<'WANT'
login-insights 3 3
login-partials 1 3
login-rejects 3 3
processed-logins 12 3
user-login 12 3
WANT
    in_sync 3

    start loginpipe 2>log
    pipeline=$!
    logingen -n 2000 --seed 1 --bad 10 >events
    produce user-login <events
    wait_until 60 lag_is_zero

    # Without one broker, records come through.
    broker kill kafka-2
    logingen -n 2000 --seed 2 --bad 10 >next
    produce user-login <next
    cat next >>events
    wait_until 60 lag_is_zero
    assert_eq "$(clean)" "$(loginclean --rejects /dev/null <events | wc -l)"

    # Without two, a writer waits, and so does the pipeline.
    logingen -n 2000 --seed 3 --bad 10 >next
    cat next >>events
    broker kill kafka-3
    start kcat-out -t user-login <next 2>writer.log
    writer=$!
    sleep 15
    kill -0 "$writer" "$pipeline"

    # When they are back, both continue.
    broker restart kafka-2 >/dev/null
    await "$writer" 120
    assert_eq "$status" 0
    wait_until 120 lag_is_zero
    broker restart kafka-3 >/dev/null
    wait_until 60 in_sync 3
    kill -TERM "$pipeline"
    await "$pipeline" 60

    loginclean --rejects rejects <events | sort >want
    kcat-in -e processed-logins | sort | cmp - want
    assert_eq "$(kcat-in -e login-rejects | wc -l)" "$(($(wc -l <events) - $(wc -l <want)))"
}
