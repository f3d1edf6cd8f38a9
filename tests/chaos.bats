#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The promises of delivery on a real Kafka of its own, in the short form of tests/chaos/run, and the
# example stage in Python.

load helpers

setup() {
    # shellcheck disable=SC2034 # helpers.bash uses it
    started=()
    cd "$BATS_TEST_TMPDIR" || return 1
    stage=$BATS_TEST_DIRNAME/../examples/python/stage.py
}

teardown() {
    stop_started
}

# chaos NAME=VALUE...: its line, with figures to look at by figure, is in the file out. Whatever
# happens it ends by itself, because its end stops the broker.
chaos() {
    need_kafka
    env "$@" timeout --kill-after=30 300 "$BATS_TEST_DIRNAME/chaos/run" >out 2>err || {
        cat out err >&2
        return 1
    }
    cat out
}

# figure NAME: of the line.
figure() {
    sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" out
}

@test "exactly-once: nothing is lost and nothing twice, whatever is killed, with a stage in Python too" {
    chaos MODE=exactly-once SEED=2 KILLS=7 STAGE="$stage"
    [ "$(figure restarts)" -gt 0 ]
    assert_eq "$(figure lost) $(figure duplicated)" '0 0'
}

@test "exactly-once: the final insights are those of a run that was not disturbed" {
    chaos MODE=exactly-once AGG=1 SEED=3 KILLS=5 FAULTS='kill_one kill_all stall'
    [ "$(figure restarts)" -gt 0 ]
    assert_eq "$(figure lost) $(figure duplicated)" '0 0'
}

@test "at-least-once: nothing is lost, but some arrives twice" {
    chaos MODE=at-least-once KILLS=4 FAULTS='kill_all kill_one'
    assert_eq "$(figure lost)" 0
    [ "$(figure duplicated)" -gt 0 ]
}

# The proof that the tests above can fail.
@test "without marks, records are lost when a pipeline is killed" {
    chaos MODE=none KILLS=3 SLOW=1500 FAULTS='kill_all'
    [ "$(figure lost)" -gt 0 ]
}

# --- The example stage ---

mark() {
    printf '{"@mark":"%s","run":"0f8fad5b-d9cb-469f-a165-70867728950e","seq":%d,"at":[["t",0,%d]]}\n' \
        "$1" "$2" "$2"
}

@test "the stage in Python changes records and keeps marks and rejects in their places" {
    {
        mark hello 1
        good_records | head -n 1
        mark mark 2
        echo '{"reject":"empty","raw":"x"}'
        mark end 3
    } >in
    "$stage" <in >out
    assert_eq "$(sed -n '1p;3,5p' out)" "$(sed -n '1p;3,5p' in)"
    assert_eq "$(sed -n 2p out | jq -c .)" "$(record_with '.network = "199.172.111"')"
}

@test "the stage in Python ends with 75 when a marked stream ends without its end" {
    mark hello 1 >in
    run -75 "$stage" <in
    # A last line without a newline is half of one, a mark too.
    { mark hello 1 && printf '{"ip":"1.2.3.4"}'; } >in
    run -75 --keep-empty-lines "$stage" <in
    assert_eq "$output" "$(mark hello 1)"$'\n'
    printf '{"@mark":"he' >in
    run -75 "$stage" <in
    assert_eq "$output" ''
}

@test "the stage in Python ends in order when its source was told to stop" {
    { mark hello 1 && mark mark 2 | sed 's/}$/,"stop":true}/'; } >in
    run -0 "$stage" <in
    assert_eq "$output" "$(<in)"
}

@test "the stage in Python takes a stream without marks to its end" {
    printf '{"ip":"1.2.3.4"}' >in
    run -0 "$stage" <in
    assert_eq "$output" '{"ip":"1.2.3.4","network":"1.2.3"}'
}

@test "the stage in Python prints no record that looks like a mark" {
    echo '{ "@mark":"end","ip":"1.2.3.4"}' >in
    run -0 "$stage" <in
    assert_eq "$output" '{ "@mark":"end","ip":"1.2.3.4","network":"1.2.3"}'
}

@test "the stage in Python writes what it has before it waits for more" {
    start_fed "$stage"
    mark hello 1 | write_to_feed
    good_records | write_to_feed
    wait_until 10 has_lines 3 out
    close_feed
    # shellcheck disable=SC2154 # start_fed sets pid
    await "$pid"
    assert_eq "$status" 75
}
