#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --check: whether a tool or the pipeline could begin its work. On a real Kafka.
#
# bats file_tags=kafka

load helpers
load loginpipe

@test "kcat-in --check tells how many partitions each topic has, and reads nothing" {
    create_topic "$topic" 3
    create_topic "$topic-b"
    run -0 --separate-stderr kcat-in --check "$topic" "^$topic-.\$" -G "$topic" --marks
    assert_match "${lines[0]}" '^ok: kcat-in: broker: cluster .'
    assert_eq "${lines[*]:1}" "ok: kcat-in: topic $topic: 3 partitions ok: kcat-in: topic $topic-b: 1 partition \
ok: kcat-in: group $topic: its offsets can be read"
    assert_eq "$stderr" ''
    run -69 kcat-in --check "$topic-none" "$topic" '^no-such-topic$'
    assert_eq "${lines[1]}" "failed: kcat-in: topic $topic-none: does not exist; create it"
    assert_eq "${lines[2]}" "ok: kcat-in: topic $topic: 3 partitions"
    assert_match "${lines[3]}" '^failed: kcat-in: topic \^no-such-topic\$: no topic matches'
    # A name that no topic can have.
    run -78 kcat-in --check 'a b'
    assert_match "${lines[1]}" '^failed: kcat-in: topic a b: not a valid topic name'
}

@test "--check can ask for a number of partitions, and the first failure decides the status" {
    create_topic "$topic" 3
    run -0 kcat-in --check="$topic:3" "$topic"
    run -78 kcat-in --check="$topic:1" "$topic" "$topic-none"
    assert_eq "${lines[1]}" \
        "failed: kcat-in: topic $topic: has 3 partitions and must have 1; delete it and create it anew"
    run -69 kcat-in --check="$topic:1" "$topic-none" "$topic"
    for wrong in "$topic" "$topic:" :1 "$topic:0" "$topic:x" "$topic:=x" "$topic:x=" x=y; do
        run -64 kcat-in --check="$wrong" "$topic"
    done
}

@test "kcat-out --check writes and creates nothing" {
    create_topic "$topic" 2
    run -69 kcat-out --check -t "$topic" --route "reject=$topic-none" <<<'{}'
    assert_eq "${lines[2]}" "failed: kcat-out: topic $topic-none: does not exist; create it, or give --create"
    run -0 kcat-out --check -t "$topic" --route "reject=$topic-none" --create
    assert_eq "${lines[2]}" "ok: kcat-out: topic $topic-none: does not exist, and will be created"
    run -69 kcat-in --check "$topic-none"
    run -0 kcat-out --check -t "$topic" --exactly-once --transactional-id x --health health
    assert_eq "${lines[0]}" 'ok: kcat-out: --health: health can be written'
    run -73 kcat-out --check -t "$topic" --exactly-once --health none/health
    assert_eq "${lines[0]}" 'failed: kcat-out: --health: none/health: No such file or directory'
    assert_eq "$(read_topic "$topic")" ''
}

@test "--check warns if a topic has another setting than it should have, or does not tell" {
    create_topic "$topic"
    create_topic "$topic-b"
    check_both() {
        run -0 --separate-stderr kcat-out --check="$topic:cleanup.policy=compact" \
            --check="$topic-b:min.insync.replicas=1" -t "$topic" --route "insight=$topic-b"
        warnings=$(grep '^warning' <<<"$output" || true)
    }
    check_both
    assert_eq "$warnings" "warning: kcat-out: topic $topic: cleanup.policy is delete and should be compact; change it \
with kafka-configs.sh --alter --topic $topic --add-config cleanup.policy=compact"
    for policy in compact compact,delete; do
        configure_topic "$topic" "cleanup.policy=$policy"
        check_both
        assert_eq "$warnings" ''
    done
    run -0 kcat-out --check="$topic:no.such.setting=1" -t "$topic"
    assert_eq "${lines[2]}" "warning: kcat-out: topic $topic: cannot tell whether no.such.setting is 1; that needs \
DESCRIBE_CONFIGS on topic $topic"
}

@test "kcat-in --check warns of a record that is ahead of the clock" {
    create_topic "$topic" 2
    now=$(date +%s)
    for ahead in 0 590 1800; do
        echo "{\"value\":{},\"partition\":1,\"ts\":$(((now + ahead) * 1000))}" | kcat-out -J -t "$topic"
        run -0 kcat-in --check "$topic"
        if [ $ahead -le 590 ]; then
            [ ${#lines[@]} -eq 2 ]
        else
            assert_match "${lines[2]}" "^warning: kcat-in: topic $topic \[1\]: the record at offset 2 is more than 10 min \
ahead of this machine's clock, 20[0-9T:-]*Z; correct this clock or its producer's\$"
        fi
    done
    run -0 kcat-in --check "$topic" --ahead 1h
    [ ${#lines[@]} -eq 2 ]
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
    assert_match "$output" '^failed: kcat-in: broker: not reachable within 1s: .*Connection refused; start it, or correct BOOTSTRAP_SERVERS or -b$'
}

@test "--check on a full disk fails with 74" {
    create_topic "$topic"
    run -74 bash -c "kcat-in --check '$topic' >/dev/full"
}

# --- loginpipe --check ---

# check STATUS [OPTION]...: loginpipe --check ends with this status; its lines about brokers and its clock are left out.
check() {
    run "-$1" --separate-stderr loginpipe --check "${@:2}"
    checked=$(grep -vE '^ok: (kcat-[a-z]*: broker|loginpipe: clock): ' <<<"$output")
}

@test "loginpipe --check names each topic that is missing, and then that all is well" {
    check 69
    assert_eq "$checked" "ok: loginpipe: pipeline: found kcat-in, loginclean, loginagg, kcat-out
ok: loginpipe: STATE_DIR: $STATE_DIR/$topic.0of1 can be written
failed: kcat-in: topic $topic: does not exist; create it
ok: kcat-in: group $topic: its offsets can be read
failed: kcat-out: topic $topic-clean: does not exist; create it, or give --create
failed: kcat-out: topic $topic-insights: does not exist; create it, or give --create
failed: kcat-out: topic $topic-rejects: does not exist; create it, or give --create"
    [ ! -e "$STATE_DIR" ]
    make_topics 3 10
    check 0
    assert_eq "$(tail -n 6 <<<"$checked" | cut -d ';' -f 1)" "ok: kcat-in: topic $topic: 3 partitions
ok: kcat-in: group $topic: its offsets can be read
ok: kcat-out: topic $topic-clean: 1 partition
ok: kcat-out: topic $topic-insights: 1 partition
warning: kcat-out: topic $topic-insights: cleanup.policy is delete and should be compact
ok: kcat-out: topic $topic-rejects: 1 partition"
    assert_eq "$stderr" ''
    assert_eq "$(read_topic "$topic-clean")" ''
}

@test "loginpipe --check shows the clock, and asks for compaction of a topic that has insights only" {
    make_topics 1 1
    check 0
    assert_match "$output" '^ok: loginpipe: clock: 20[0-9T:-]*Z(, synchronised|, not synchronised, says the kernel; is it right\?)?'$'\n'
    assert_eq "$(grep -c '^warning: kcat-out:.*cleanup.policy' <<<"$output")" 1
    configure_topic "$INSIGHTS_TOPIC" cleanup.policy=compact
    for settings in DELIVERY=exactly-once ROLE=merge ROLE=worker "INSIGHTS_TOPIC=$PROCESSED_TOPIC"; do
        run -0 env "$settings" loginpipe --check
        assert_eq "$settings: $(grep '^warning' <<<"$output")" "$settings: "
    done
    check 0 --metrics m
    assert_match "$checked" '^ok: loginpipe: --metrics: m can be written'
    [ ! -e m ]
    METRICS_FILE=none/m check 73
    assert_match "$checked" $'^failed: loginpipe: --metrics: none/m: No such file or directory; name a file in a directory that can be written\n'
}

@test "loginpipe --check checks each role with the topics of that role" {
    make_topics 3 10
    PARTIALS_TOPIC=$topic-few
    ROLE=worker check 69
    assert_match "$checked" "failed: kcat-out: topic $topic-few: does not exist; create it with partitions=1, or give --create"
    run ! grep -e STATE_DIR -e insights <<<"$checked"
    ROLE=worker check 0 --create
    ROLE=merge check 69 --create
    assert_match "$checked" "failed: kcat-in: topic $topic-few: does not exist; create it with partitions=1, or first start what writes it, with --create"
    check 0 -n 2 --create
    assert_match "$checked" 'ok: loginpipe: worker 1: .*ok: loginpipe: merger: found kcat-in, loginagg, kcat-out'
    create_topic "$topic-few" 2
    for role in worker merge; do
        ROLE=$role check 78
        assert_match "$checked" "failed: kcat-(in|out): topic $topic-few: has 2 partitions and must have 1;"
    done
    check 78 -n 2
}

@test "loginpipe --check uses the options of the stages, and the first failure decides the status" {
    make_topics 1 1
    touch file
    STATE_DIR=$PWD/file/states KCAT_OUT_OPTS='-b 127.0.0.1:1 --wait 1s' check 73
    assert_match "$checked" "failed: loginpipe: STATE_DIR: $PWD/file/states/$topic.0of1: Not a directory; name a directory that can be written"
    assert_match "$checked" "ok: kcat-in: topic $topic: 1 partition.*failed: kcat-out: broker: not reachable within 1s: "
    KCAT_IN_OPTS=--no-such-option check 64
    assert_match "$stderr" '^kcat-in: --no-such-option: '
    HEALTH_FILE=none/health check 73
    assert_match "$checked" 'failed: kcat-out: --health: none/health: No such file or directory'
    DELIVERY=none check 0
    DELIVERY=none HEALTH_FILE=health check 64
    assert_match "$stderr" '^loginpipe: HEALTH_FILE: requires DELIVERY=exactly-once or at-least-once'
    run -74 bash -c 'loginpipe --check >/dev/full'
}

@test "with HEALTH_FILE, loginpipe keeps the time of a file, and of one for each member of -n" {
    make_topics 2 100
    export HEALTH_FILE=$PWD/health
    start_loginpipe
    wait_until 20 [ -e health ]
    kill -TERM "$pid"
    await "$pid"
    start_loginpipe -n 2
    for i in 1 2 3; do
        wait_until 30 [ -e health-$i ]
    done
    kill -TERM "$pid"
    await "$pid" 40
}
