#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Jobs that read a topic in slices and are killed, on a Kafka of its own; see tests/chaos/slices.
#
# bats file_tags=kafka,long

load helpers
load chaos

@test "50 slices with kills lose nothing and keep the order, and exactly-once doubles nothing" {
    inject slices SEED=1
    [ "$(figure once_repeated)" -gt 5 ]
    [ "$(figure acks_repeated)" -gt 5 ]
    assert_eq "$(figure once_lost) $(figure once_duplicated)" '0 0'
    assert_eq "$(figure shared_lost) $(figure shared_duplicated)" '0 0'
    assert_eq "$(figure acks_lost)" 0
    # This shows that the others can fail.
    [ "$(figure plain_lost)" -gt 0 ]
}
