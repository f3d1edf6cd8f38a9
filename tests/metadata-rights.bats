#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in -L and -Q: which rights they need, and what they show to a user who has only some.
#
# bats file_tags=kafka,long

load helpers

setup() {
    begin
    need_kafka
    export LOGINPIPE_KAFKA_SECURE=1
    start_own_kafka
    group=g-$topic
    seq 5 | produce "$topic" --create=1
    create_topic "$topic-b"
    read_topic -G "$group" -c 3 "$topic" >/dev/null
}

teardown_file() {
    stop_own_kafka
}

# allow RIGHT...: for alice, such as: READ topic "$topic"
allow() {
    "$BATS_TEST_DIRNAME/broker/acl" allow alice "$@"
}

# as_alice [OPTION]...: kcat-in as a user who has only the rights of `allow`.
as_alice() {
    (umask 077 && echo "sasl.password=${password:-alice-secret}" >settings)
    timeout 40 kcat-in -F settings -b "$KAFKA_SASL" -X security.protocol=SASL_PLAINTEXT \
        -X sasl.mechanism=PLAIN -X sasl.username=alice "$@"
}

# refused MESSAGE [OPTION]...: kcat-in ends with 77 and just this message.
refused() {
    run -77 --separate-stderr as_alice "${@:2}"
    assert_eq "$stderr" "kcat-in: not authorized: needs $1"
}

@test "-L and -Q name the right that is missing" {
    refused "DESCRIBE on topic $topic" -L -t "$topic"
    refused "DESCRIBE on topic $topic" -Q "$topic:0:1h"
    refused "DESCRIBE on topic $topic-none" -L -t "$topic-none"
    allow DESCRIBE topic "$topic"
    refused "DESCRIBE on group $group" -L -G "$group"
    refused "DESCRIBE on topic $topic-b" -L -t "$topic-b" -t "$topic"
    assert_eq "$(grep -c "^$topic " <<<"$output")" 2
}

@test "with DESCRIBE on topics and the group, -L and -Q show all of them" {
    allow DESCRIBE topic "$topic"
    assert_eq "$(as_alice -L -J -t "$topic" | jq -c '.partition // empty | [.beginning, .end]')" '[0,5]'
    assert_eq "$(as_alice -Q "$topic:0:1h")" "$topic [0] offset 0"
    allow DESCRIBE group "$group"
    assert_eq "$(as_alice -L -J -G "$group" | jq -c '.lag // empty | [.committed, .end, .lag]')" '[3,5,2]'
    assert_eq "$(as_alice -L -J -G "$group" | jq -c '.group // empty | [.state, .members]')" '["Empty",0]'
}

@test "-L leaves out topics and groups that the user may not describe" {
    allow DESCRIBE topic "$topic-b"
    as_alice -L -J >listing
    assert_eq "$(jq -r '.topic // empty | .topic' listing | grep "^$topic")" "$topic-b"
    run ! grep -q "$group" listing
    allow READ group "$group" # implies DESCRIBE
    assert_eq "$(as_alice -L -J | jq -r '.group // empty | .group' | grep -c "^$group\$")" 1
    # The group's offsets are in a topic that the user may not describe.
    assert_eq "$(as_alice -L -J -G "$group" | jq -c '.lag // empty' | wc -l)" 0
}

@test "-L with a wrong password ends at once with 77" {
    password=wrong run -77 --separate-stderr as_alice -L
    assert_eq "$output" ''
    assert_match "$stderr" '^kcat-in: .*uthenticat'
}
