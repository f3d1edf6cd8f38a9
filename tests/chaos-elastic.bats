#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Workers that share a topic exactly once, and come and go: the short form of tests/chaos/elastic, on a
# Kafka of its own.
#
# bats file_tags=kafka,long

load helpers
load chaos

elastic() {
    inject elastic "$@"
}

@test "workers that come, go, stand still and are killed lose and double nothing" {
    elastic SEED=1 EVENTS=20
    [ "$(figure restarts)" -gt 0 ]
    [ "$(figure covers)" -gt 0 ]
    assert_eq "$(figure lost) $(figure duplicated)" '0 0'
}

@test "a sink that goes on after its source has lost its partitions writes nothing twice" {
    elastic SEED=1 EVENTS=5 FAULTS=headless
    assert_eq "$(figure lost) $(figure duplicated)" '0 0'
}

# This shows that the tests above can fail. Now and then each sink goes on before others have read its
# records, which doubles nothing.
@test "without the fence of the broker, such a sink writes records twice" {
    [ -z "${SAN:-}" ] || skip "the sanitizers have to be preloaded first"
    for seed in 1 2 3; do
        run elastic SEED=$seed EVENTS=5 FAULTS=headless UNFENCED=1
        [ "$status" -eq 0 ] || break
    done
    assert_eq "$status" 1
    [ "$(figure duplicated)" -gt 0 ]
}
