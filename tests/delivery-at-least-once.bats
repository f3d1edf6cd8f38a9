#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# At-least-once delivery on a real Kafka: nothing is lost when stages are killed.
#
# bats file_tags=kafka,long

load helpers
load delivery

teardown_file() {
    stop_own_kafka
}

@test "kcat-out acknowledges a mark only after the broker has all lines before it" {
    start_own_kafka
    create_topic "$topic"
    mkfifo acks
    exec {acks}<>acks
    start_fed kcat-out -t "$topic" --acks acks
    mark hello 0 0 | write_to_feed
    read -r -t 20 -u "$acks" line
    assert_eq "$line" '' # where a writer before may have been cut short
    read -r -t 20 -u "$acks" line
    assert_eq "$line" "$(mark hello 0 0)"
    broker=$(<"$BATS_FILE_TMPDIR/kafka/pid")
    kill -STOP "$broker"
    wait_until 10 is_stopped "$broker"
    { echo 1 && mark mark 1 1 && mark mark 2 1; } | write_to_feed
    if read -r -t 2 -u "$acks" line; then
        echo "early: $line" >&2
        false
    fi
    kill -CONT "$broker"
    read -r -t 20 -u "$acks" line
    assert_eq "$line" "$(mark mark 2 1)"
    mark end 3 1 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    read -r -t 20 -u "$acks" line
    assert_eq "$line" "$(mark end 3 1)"
    exec {acks}>&-
}

@test "--tee passes on a line or mark only after the broker has everything before it" {
    start_own_kafka
    create_topic "$topic"
    broker=$(<"$BATS_FILE_TMPDIR/kafka/pid")
    start_fed kcat-out -t "$topic" --tee
    { mark hello 0 0 && echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 20 has_lines 3 out
    kill -STOP "$broker"
    wait_until 10 is_stopped "$broker"
    { echo 2 && echo 3; } | write_to_feed
    sleep 1
    assert_eq "$(wc -l <out)" 3
    { mark mark 2 3 && echo 4; } | write_to_feed
    sleep 1
    assert_eq "$(wc -l <out)" 3
    kill -CONT "$broker"
    wait_until 20 has_lines 6 out # the last line is held until another follows
    mark end 3 4 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(<out)" "$(mark hello 0 0 && echo 1 && mark mark 1 1 && echo 2 && echo 3 &&
        mark mark 2 3 && echo 4 && mark end 3 4)"
}

@test "in a stream with marks, --tee passes on nothing after an undelivered line" {
    create_topic "$topic"
    create_topic "$topic-gone"
    start_fed kcat-out -t "$topic" --route "gone=$topic-gone" --tee -X message.timeout.ms=2000 \
        -X topic.metadata.refresh.interval.ms=200 -X topic.metadata.propagation.max.ms=0
    { mark hello 0 0 && echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 20 has_lines 3 out
    "$BUILD_DIR/tests/alter_topic" delete "$topic-gone"
    sleep 1
    { echo '{"gone":1}' && mark mark 2 2 && echo 2; } | write_to_feed || true
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_match "$(<err)" '^kcat-out: (.* not delivered: .*|--tee: a line was not delivered: .*)'
    assert_eq "$(<out)" "$(mark hello 0 0 && echo 1 && mark mark 1 1)"
}

@test "the last of several sinks acknowledges, and every sink has the committed records" {
    make_topics 20000
    create_topic "$out-2"
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms --acks acks | kcat-out -t '$out' --tee |
    perl slow | kcat-out -t '$out-2' --acks acks
END
    restart_and_kill 2 kcat-out
    read_the_rest
    start bash pipeline
    await $! 60
    assert_eq "$status" 0
    for sink in "$out" "$out-2"; do
        numbers_of "$sink" >numbers
        assert_at_least_once 40000 numbers
    done
}

@test "with --acks, killing stages loses nothing and repeats little" {
    make_topics 30000
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms --acks acks | perl slow | kcat-out -t '$out' --acks acks
END
    restart_and_kill 3 kcat-out kcat-in
    read_the_rest
    start bash pipeline
    await $! 60
    numbers_of "$out" >numbers
    assert_at_least_once 60000 numbers
    # Each run continued from the last commit instead of writing everything again.
    [ "$(wc -l <numbers)" -lt 120000 ]
}

@test "without marks, killing a stage loses the records in the pipe" {
    make_topics 40000
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' | perl slow | kcat-out -t '$out'
END
    restart_and_kill 2 kcat-out
    read_the_rest
    start bash pipeline
    await $! 60
    [ "$(numbers_of "$out" | sort -un | wc -l)" -lt 60000 ]
}

# --- Tools in the middle that complete half a line ---

# no_half_lines TOPIC: each of its records is whole.
no_half_lines() {
    read_topic "$1" --rejects half >/dev/null
    assert_eq "$(cat half)" ''
}

@test "half a line to which awk has added a newline is dropped, and neither delivered nor acknowledged" {
    create_topic "$topic"
    for option in '--acks fifo' --tee ''; do
        # shellcheck disable=SC2086 # two words
        run -75 kcat-out -t "$topic" $option --stats stats \
            < <(mark hello 0 0 && echo '{"n":1}' && mark mark 1 1 && echo '{"n":2}' && echo '{"n":')
        assert_ledger_adds_up stats
        assert_eq "$(ledger stats '[.in,.out,.rejected,.undelivered]')" '[2,2,0,0]'
    done
    no_half_lines "$topic"
    # Half a mark is no reason to call the stream malformed.
    run -75 kcat-out -t "$topic" --acks fifo < <(mark hello 0 0 && echo '{"@mark":"mark","run":"01')
    # Only the last line is held, and a mark brings it.
    start_fed kcat-out -t "$topic" --acks fifo --stats stats
    { mark hello 0 0 && echo '{"n":3}' && echo '{"n":4}'; } | write_to_feed
    wait_until 20 has_records 7 "$topic"
    mark mark 1 1 | write_to_feed
    wait_until 20 has_records 8 "$topic"
    close_feed
    await "$pid"
    assert_eq "$status" 75
}

@test "when kcat-in is killed, grep and awk behind it bring no half line into a topic" {
    make_topics 30000
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms --acks acks | grep --line-buffered '^{' |
    awk -W interactive '{ print }' | perl slow | kcat-out -t '$out' --acks acks
END
    # The pipe behind kcat-in is full, so it is killed in the middle of a line.
    restart_and_kill 3 kcat-in
    no_half_lines "$out"
    read_the_rest
    start bash pipeline
    await $! 60
    assert_eq "$status" 0
    no_half_lines "$out"
    numbers_of "$out" >numbers
    assert_at_least_once 60000 numbers
}

@test "awk -W interactive passes each record and mark on at once" {
    create_topic "$topic"
    create_topic "$out"
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms --acks acks | awk -W interactive '{ print }' |
    kcat-out -t '$out' --acks acks
END
    start bash pipeline
    wait_until 20 group_has_committed "$group" "$topic" 1
    echo '{"n":1}' | produce "$topic"
    # Other records, which would push this one through a full buffer, do not follow.
    wait_until 4 out_has 1
    wait_until 4 group_has_committed "$group" "$topic" 2
    pkill -TERM -s $! kcat-in
    await $!
    assert_eq "$status" 0
}
