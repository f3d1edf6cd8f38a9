#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out --health: a file whose time says when a mark was last handled. On a real Kafka.
#
# bats file_tags=kafka,long

load helpers
load delivery

teardown_file() {
    stop_own_kafka
}

# Whether the file health was updated since `age`.
is_alive() {
    find health -mmin -2 2>/dev/null | grep -q .
}

# Makes the file old, as if no mark had been handled for a long time. It is updated once a second.
age() {
    sleep 1
    touch -d '1 hour ago' health
}

# stays_old SECONDS: the file is not updated for so long.
stays_old() {
    ! wait_until "$1" is_alive || {
        echo "updated too early" >&2
        return 1
    }
}

# start_sink OPTION...: kcat-out that has read a hello mark of a group.
start_sink() {
    start_own_kafka
    create_topic "$topic"
    mkfifo feed.acks
    start_fed kcat-out -t "$topic" --health health "$@"
    wait_until 20 is_ready
    [ ! -e health ]
    mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" | write_to_feed
}

# Whether a file that the sink opens early is there; before that it checks the file health.
is_ready() {
    [ -e stats ]
}

# freeze: stops the broker, as if it had died.
freeze() {
    broker=$(<"$BATS_FILE_TMPDIR/kafka/pid")
    kill -STOP "$broker"
    wait_until 10 is_stopped "$broker"
}

@test "with --acks, the file of --health is updated once the broker has all lines before a mark" {
    start_sink --acks acks --stats stats
    { echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 20 is_alive
    # A mark with no line before it needs nothing of the broker.
    age
    mark mark 2 1 | write_to_feed
    wait_until 20 is_alive
    freeze
    age
    { echo 2 && mark mark 3 2; } | write_to_feed
    stays_old 3
    kill -CONT "$broker"
    wait_until 20 is_alive
    # A line without a mark says nothing. Nor does time.
    age
    echo 3 | write_to_feed
    stays_old 2
    mark end 4 3 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    is_alive
}

@test "with --exactly-once, the file of --health is updated once a mark is committed" {
    start_sink --exactly-once --stats stats --commit-every 0
    { echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 20 is_alive
    # The source is idle, so its marks give kcat-out nothing to commit.
    age
    mark mark 2 1 | write_to_feed
    wait_until 20 is_alive
    age
    echo 2 | write_to_feed
    stays_old 2
    freeze
    mark mark 3 2 | write_to_feed
    stays_old 3
    kill -CONT "$broker"
    wait_until 20 is_alive
    kill -KILL "$pid"
    age
    stays_old 2
}

@test "with --exactly-once, a mark whose commit is not due does not update the file of --health" {
    start_sink --exactly-once --stats stats --commit-every 20s
    { echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 20 is_alive
    age
    # The lines that follow each mark keep it from being committed early.
    { echo 2 && mark mark 2 2 && echo 3; } | write_to_feed
    stays_old 2
    { mark end 3 3; } | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    is_alive
}

@test "a file of --health that cannot be written is an error at the start" {
    start_own_kafka
    create_topic "$topic"
    run -73 --separate-stderr kcat-out -t "$topic" --acks acks --health none/health </dev/null
    assert_eq "$stderr" 'kcat-out: --health: none/health: No such file or directory'
    mkdir folder
    run -73 --separate-stderr kcat-out -t "$topic" --acks acks --health folder </dev/null
    assert_eq "$stderr" 'kcat-out: --health: folder: Is a directory'
    run -64 --separate-stderr kcat-out -t "$topic" --health health </dev/null
    assert_match "$stderr" '^kcat-out: --health: needs --acks or --exactly-once'
}

@test "a folder of --health that disappears is warned about once" {
    mkdir folder
    start_own_kafka
    create_topic "$topic"
    start_fed kcat-out -t "$topic" --acks acks --health folder/health
    mark hello 0 0 | write_to_feed
    wait_until 20 [ -e folder/health ]
    rm -r folder
    sleep 1
    mark mark 1 1 | write_to_feed
    wait_until 20 grep -q 'health: No such' err
    sleep 1
    mark mark 2 1 | write_to_feed
    sleep 1
    mkdir folder
    { mark end 3 1; } | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(<err)" 'kcat-out: --health: folder/health: No such file or directory'
    [ -e folder/health ]
}
