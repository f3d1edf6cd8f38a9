#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion with the groups of a real Kafka; the broker in memory has none.
#
# bats file_tags=kafka

load helpers

@test "TAB completes the groups of a real Kafka" {
    need_kafka
    create_topic "$topic"
    kcat-in -G "$topic-workers" -t "$topic" -e
    timeout 60 "$BATS_TEST_DIRNAME/completion/press" bash "$BUILD_DIR/completion" \
        "$(printf 'kcat-in -G %s-w\t' "$topic")" >screen
    assert_eq "$(tail -n 1 screen)" "{kcat-in}{-G}{$topic-workers}"
}
