#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Partitions that are added to a topic while kcat-in reads it, and shares without partitions.
#
# bats file_tags=kafka,long

load helpers
load delivery

SOON='-X topic.metadata.refresh.interval.ms=500'

# add_record PARTITION: the record 1000+number. Fails, and adds nothing, while the broker does not know
# the partition yet.
add_record() {
    echo "{\"n\":$((1000 + $1))}" | produce_to "$1"
}

# add_partitions COUNT: $topic then has that many, and the new ones have the record 1000+number each.
add_partitions() {
    local first

    first=$(read_topic "$topic" --marks | head -n 1 | jq '.at | length')
    "$BUILD_DIR/tests/alter_topic" grow "$topic" "$1"
    for ((p = first; p < $1; p++)); do
        wait_until 10 add_record $p
    done
}

# reads_from LINES OPTION...: starts kcat-in and waits until it has written that many lines.
reads_from() {
    # shellcheck disable=SC2086 # several options
    start kcat-in "$topic" $SOON "${@:2}" >lines 2>err
    reader=$!
    wait_until 20 has_lines "$1" lines
}

told_to_start_again() {
    await $reader
    assert_eq "$status" 75
    assert_match "$(<err)" "kcat-in: topic $topic: partitions were added \\(it had $1, and has $2\\); start again"
}

@test "added partitions end a stream with a stop mark and 75, and are read after a restart" {
    seq 10 | jq -c '{n: .}' | produce "$topic" --create=1
    create_topic "$out"
    cat >pipeline <<END
kcat-in '$topic' $SOON -G '$group' --shard 0/1 --marks 2>>err | tee lines | kcat-out -t '$out' --exactly-once
echo "\${PIPESTATUS[*]}" >statuses
END
    start bash pipeline
    wait_until 30 out_has 10
    add_partitions 3
    await $! 30
    assert_eq "$(<statuses)" '75 0 0'
    assert_match "$(tail -n 1 lines)" '"stop":true\}$'
    assert_match "$(<err)" 'partitions were added \(it had 1, and has 3\)'
    sed -i 's/kcat-in/& -e -o end/' pipeline
    bash pipeline
    assert_eq "$(<statuses)" '0 0 0'
    wait_until 10 out_has 12
    assert_eq "$(numbers_of "$out" | sort -n | xargs)" "$(seq 10 | xargs) 1001 1002"
}

@test "with --acks and without marks, added partitions end kcat-in with 75 too" {
    seq 10 | produce "$topic" --create=1
    mkfifo acks
    exec {acks}<>acks
    start bash -c "exec kcat-in '$topic' $SOON -G '$group' --shard 0/1 --acks acks >lines 2>err"
    reader=$!
    wait_until 20 has_lines 11 lines
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 2
    wait_until 20 grep -q '"stop":true' lines
    tail -n 1 lines >&"$acks"
    told_to_start_again 1 2
    assert_eq "$(read_topic "$topic" -G "$group" -p 0 | wc -l)" 0
    reads_from 10
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 3
    told_to_start_again 2 3
    assert_eq "$(wc -l <lines)" 10
}

@test "partitions outside the list or the share do not matter" {
    seq 10 | produce "$topic" --create=1
    reads_from 11 --marks -p 0
    listed=$reader
    reads_from 11 --marks --shard 0/2
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 2
    echo 11 | produce_to 0
    sleep 2
    run ! is_gone $reader
    run ! is_gone $listed
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 3
    told_to_start_again 1 3
    run ! is_gone $listed
}

@test "a bounded reader does not mind added partitions" {
    seq 400000 | produce "$topic" --create=1
    # The reader is slow, so that the partition is added meanwhile.
    cat >pipeline <<END
kcat-in -e '$topic' $SOON --marks 2>err | { read -r && touch begun && sleep 4 && cat; } >lines
echo "\${PIPESTATUS[0]}" >status
END
    start bash pipeline
    wait_until 20 test -e begun
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 2
    await $!
    assert_eq "$(<status) $(<err)" '0 '
    assert_eq "$(grep -vc '^{"@mark"' lines)" 400000
}

@test "a group reads added partitions without a restart" {
    seq 10 | produce "$topic" --create=1
    reads_from 10 -G "$group"
    add_partitions 3
    wait_until 30 grep -q 1002 lines
    run ! is_gone $reader
}

@test "a share without partitions waits until it has one" {
    seq 10 | produce "$topic" --create=1
    create_topic "$out"
    cat >pipeline <<END
kcat-in '$topic' $SOON -G '$group' --shard 1/2 --marks 2>>err | tee lines | kcat-out -t '$out' --exactly-once
echo "\${PIPESTATUS[*]}" >statuses
END
    start bash pipeline
    wait_until 20 has_lines 2 lines
    assert_eq "$(head -n 1 lines | jq -c '[.shard,.at]')" '["1/2",[]]'
    assert_match "$(<err)" 'kcat-in: shard 1/2: no topic has a partition in this share; waiting until one is added'
    add_partitions 2
    await $! 30
    assert_eq "$(<statuses)" '75 0 0'
    sed -i 's/kcat-in/& -e/' pipeline
    bash pipeline
    assert_eq "$(<statuses)" '0 0 0'
    assert_eq "$(read_topic "$out" | jq -c)" '{"n":1001}'
    # A bounded reader has nothing to wait for.
    assert_eq "$(read_topic "$topic" -G "$group" --shard 7/9 | wc -l)" 0
}
