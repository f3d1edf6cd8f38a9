#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The promises of delivery on a Kafka of its own, in the short form of tests/chaos/run.
#
# bats file_tags=kafka,long

load helpers
load chaos

stage=$BATS_TEST_DIRNAME/../examples/python/stage.py

chaos() {
    inject run "$@"
}

@test "exactly-once: killing any process, with a Python stage too, loses and doubles no record" {
    chaos MODE=exactly-once SEED=2 KILLS=7 STAGE="$stage"
    [ "$(figure restarts)" -gt 0 ]
    assert_eq "$(figure lost) $(figure duplicated)" '0 0'
}

@test "exactly-once: the final insights equal those of an undisturbed run" {
    chaos MODE=exactly-once AGG=1 SEED=3 KILLS=5 FAULTS='kill_one kill_all stall'
    [ "$(figure restarts)" -gt 0 ]
    assert_eq "$(figure lost) $(figure duplicated)" '0 0'
}

@test "at-least-once: the final insights equal those of an undisturbed run" {
    chaos MODE=at-least-once AGG=1 SEED=5 KILLS=4 FAULTS='kill_one kill_all'
    [ "$(figure restarts)" -gt 0 ]
    assert_eq "$(figure lost)" 0
}

# A slow sink keeps the pipes full, so that much is lost with each stage.
@test "at-least-once: no record is lost behind a slow sink, but some arrive twice" {
    chaos MODE=at-least-once KILLS=10 SLOW=1500 FAULTS='kill_all kill_one'
    assert_eq "$(figure lost)" 0
    [ "$(figure duplicated)" -gt 0 ]
}

# This shows that the tests above can fail.
@test "without marks, killing a pipeline loses records" {
    chaos MODE=none KILLS=3 SLOW=1500 FAULTS='kill_all'
    [ "$(figure lost)" -gt 0 ]
}
