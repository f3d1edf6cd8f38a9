#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --check: whether a tool or the pipeline could begin its work. On a real Kafka.
#
# bats file_tags=kafka

load helpers

setup() {
    begin
    need_kafka
}


@test "kcat-in --check tells how many partitions each topic has, and reads nothing" {
    create_topic "$topic" 3
    create_topic "$topic-b"
    run -0 --separate-stderr kcat-in --check "$topic" "^$topic-.\$" -G "$topic" --marks
    assert_match "${lines[0]}" '^ok: broker: cluster .'
    assert_eq "${lines[*]:1}" "ok: topic $topic: 3 partitions ok: topic $topic-b: 1 partition"
    assert_eq "$stderr" ''
    run -69 kcat-in --check "$topic-none" "$topic" '^no-such-topic$'
    assert_eq "${lines[1]}" "failed: topic $topic-none: does not exist; create it"
    assert_eq "${lines[2]}" "ok: topic $topic: 3 partitions"
    assert_match "${lines[3]}" '^failed: topic \^no-such-topic\$: no topic matches'
    # A name that no topic can have.
    run -78 kcat-in --check 'a b'
    assert_match "${lines[1]}" '^failed: topic a b: not a valid topic name'
}

@test "--check can ask for a number of partitions, and the first failure decides the status" {
    create_topic "$topic" 3
    run -0 kcat-in --check="$topic:3" "$topic"
    run -78 kcat-in --check="$topic:1" "$topic" "$topic-none"
    assert_eq "${lines[1]}" \
        "failed: topic $topic: has 3 partitions and must have 1; delete it and create it anew"
    run -69 kcat-in --check="$topic:1" "$topic-none" "$topic"
    for wrong in "$topic" "$topic:" :1 "$topic:0" "$topic:x"; do
        run -64 kcat-in --check="$wrong" "$topic"
    done
}

@test "kcat-out --check writes and creates nothing" {
    create_topic "$topic" 2
    run -69 kcat-out --check -t "$topic" --route "reject=$topic-none" <<<'{}'
    assert_eq "${lines[2]}" "failed: topic $topic-none: does not exist; create it, or give --create"
    run -0 kcat-out --check -t "$topic" --route "reject=$topic-none" --create
    assert_eq "${lines[2]}" "ok: topic $topic-none: does not exist, and will be created"
    run -69 kcat-in --check "$topic-none"
    run -0 kcat-out --check -t "$topic" --exactly-once --transactional-id x --health health
    assert_eq "${lines[0]}" 'ok: --health: health can be written'
    run -73 kcat-out --check -t "$topic" --exactly-once --health none/health
    assert_eq "${lines[0]}" 'failed: --health: none/health: No such file or directory'
    assert_eq "$(read_topic "$topic")" ''
}

@test "--check disturbs no pipeline that is running" {
    create_topic "$topic" 1
    create_topic "$topic-out"
    cat >pipeline <<END
kcat-in '$topic' -G '$topic' --shard 0/1 --marks=100ms |
    kcat-out -t '$topic-out' --exactly-once --transactional-id '$topic' --stats stats
END
    start bash pipeline
    seq 10 | produce "$topic"
    wait_until 20 has_records 10 "$topic-out"
    run -0 kcat-in --check "$topic" -G "$topic" --shard 0/1 --marks
    run -0 kcat-out --check -t "$topic-out" --exactly-once --transactional-id "$topic"
    seq 10 | produce "$topic"
    wait_until 20 has_records 20 "$topic-out"
}

@test "--check without a broker fails with 69 and says why" {
    run -69 --separate-stderr kcat-in --check "$topic" -b 127.0.0.1:1 --wait 1s
    assert_match "$output" '^failed: broker: not reachable within 1s: .*Connection refused$'
}

@test "--check on a full disk fails with 74" {
    create_topic "$topic"
    run -74 bash -c "kcat-in --check '$topic' >/dev/full"
}
