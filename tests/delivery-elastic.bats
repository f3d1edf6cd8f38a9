#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Exactly-once delivery by workers that share the partitions of a topic, on a real Kafka.
#
# bats file_tags=kafka,long

load helpers
load delivery

# worker NAME [OPTION]...: starts a pipeline with a slow stage as a member of the group. Its files are
# in the directory NAME. $sink has more options of kcat-out, and $source what stands before kcat-in.
worker() {
    mkdir -p "$1"
    slow_stage
    mv slow "$1"
    cat >"$1/pipeline" <<END
${source:-} kcat-in '$topic' -G '$group' --marks=100ms -X session.timeout.ms=6000 ${*:2} -v 2>source.err |
    perl slow | kcat-out -t '$out' --exactly-once $sink 2>sink.err
echo "\${PIPESTATUS[*]}" >statuses
END
    start bash -c "cd '$1' && exec bash pipeline"
}

# holds WORKER COUNT: the worker has read from that many partitions by now.
holds() {
    [ "$(grep -c 'from offset' "$1/source.err")" -ge "$2" ]
}

finish_workers() {
    pkill -TERM -f "kcat-in $topic -G $group" || true
}

assert_each_once() {
    wait_until 90 out_has "$1"
    numbers_of "$out" >numbers
    assert_exactly_once "$1" numbers
}

@test "workers that come while others read take partitions over, and partitions change hands only when what was read from them is committed" {
    make_topics 60000
    worker a
    a=$!
    wait_until 30 out_has 1000
    worker b
    b=$!
    wait_until 30 holds b 1
    worker c
    c=$!
    assert_each_once 60000
    finish_workers
    for pid in "$a" "$b" "$c"; do
        await "$pid" 40
    done
    assert_eq "$(cat a/statuses b/statuses c/statuses)" $'0 0 0\n0 0 0\n0 0 0'
    holds c 1
}

@test "each record arrives once although workers are killed" {
    make_topics 30000
    # Until then, readers do not get beyond the transaction of a sink that was killed.
    sink='-X transaction.timeout.ms=10000'
    worker a
    worker b
    wait_until 30 holds b 1
    for stage in kcat-out kcat-in perl; do
        before=$(numbers_of "$out" | wc -l)
        more_records 10000
        worker "c-$stage"
        wait_until 40 grows_beyond "$before"
        pkill -KILL -s $! "$stage"
        await $!
    done
    assert_each_once 60000
}

@test "a worker that was stopped for too long is fenced and doubles nothing" {
    make_topics 20000
    # A line that is stopped for longer than this fails, whatever the group says.
    sink='-X transaction.timeout.ms=300000'
    worker a
    a=$!
    wait_until 30 out_has 1000
    pkill -STOP -s $a
    worker b
    wait_until 30 holds b 3
    pkill -CONT -s $a
    assert_each_once 20000
    await $a 60
    assert_match "$(<a/statuses)" '75$'
    assert_match "$(<a/sink.err)" \
        "kcat-out: group $group: has given this pipeline's partitions to another member"
}

@test "a worker keeps its partitions while its sink is slow, and others wait for them" {
    make_topics 20000
    worker a
    a=$!
    wait_until 30 out_has 100
    pkill -STOP -s $a kcat-out
    sleep 4
    worker b
    sleep 4
    run ! holds b 1
    assert_eq "$(grep -c revoked a/source.err || true)" 0
    pkill -CONT -s $a kcat-out
    assert_each_once 20000
    assert_eq "$(grep -c revoked a/source.err)" 1
    [ ! -e a/statuses ]
    finish_workers
}

@test "a worker whose sink does not commit in time ends with 75, and others read its records" {
    make_topics 300
    worker a
    a=$!
    wait_until 30 out_has 300
    pkill -STOP -s $a kcat-out
    awk 'BEGIN { for (i = 301; i <= 400; i++) printf "{\"n\":%d}\n", i }' | produce "$topic"
    worker b
    wait_until 60 grep -q 'is not committed yet' a/source.err
    pkill -CONT -s $a
    await $a 30
    assert_match "$(<a/statuses)" '^75 '
    assert_each_once 400
    finish_workers
}

@test "a worker that is told to stop leaves its group only when its last mark is committed" {
    make_topics 30000
    worker a
    a=$!
    wait_until 30 out_has 100
    pkill -TERM -s $a kcat-in
    await $a 40
    assert_eq "$(<a/statuses)" '0 0 0'
    before=$(numbers_of "$out" | wc -l)
    worker b -e
    await $! 60
    assert_eq "$(<b/statuses)" '0 0 0'
    assert_each_once 30000
    assert_eq "$(sed -n 's/.*: from offset //p' b/source.err | awk '{ sum += $1 } END { print sum }')" \
        "$before"
}

# loginagg says that the partitions end, which is a line without records.
@test "a worker that reads nothing leaves its group only when its last lines are committed" {
    make_topics 0
    for i in 1 2; do
        kcat-in -e "$topic" -G "$group" --marks | loginagg --partial | { sleep 2 && cat; } |
            kcat-out -t "$out" --exactly-once
    done
    assert_eq "$(read_topic "$out" | grep -c '"newest":"end"')" 2
}

@test "with group.instance.id, a restart within the session timeout moves no partitions" {
    make_topics 40000
    worker a -X group.instance.id=a
    a=$!
    wait_until 30 holds a 1
    worker b -X group.instance.id=b
    wait_until 30 holds b 1
    wait_until 30 out_has 1000
    pkill -TERM -s $a kcat-in
    await $a
    worker a -X group.instance.id=a
    assert_each_once 40000
    assert_eq "$(grep -c 'partitions assigned' a/source.err)" 1
    assert_eq "$(grep -c 'partitions assigned' b/source.err)" 1
    finish_workers
}

@test "a worker ends when another one has taken its group.instance.id, also while nothing comes" {
    make_topics 1000
    worker a -X group.instance.id=a
    a=$!
    assert_each_once 1000
    pkill -STOP -s $a kcat-in
    worker b -X group.instance.id=a
    wait_until 30 holds b 1
    pkill -CONT -s $a kcat-in
    await $a 30
    assert_match "$(<a/statuses)" '^75 '
    assert_match "$(<a/source.err)" \
        'kcat-in: fenced by another member of the group with the same group.instance.id'
    finish_workers
}

@test "partitions that are added are read by a worker without a restart" {
    make_topics 3000
    worker a
    wait_until 30 out_has 3000
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 4
    echo '{"n":3001}' | produce_to 3
    assert_each_once 3001
    [ ! -e a/statuses ]
}

@test "a worker reads the right partitions when its group is shared anew while it takes others" {
    make_topics 3000
    source="env LATE=8 LD_PRELOAD='$(preload late kcat-in)'"
    worker a -X topic.metadata.refresh.interval.ms=1000
    wait_until 20 grep -q 'partitions assigned' a/source.err
    source=''
    worker b
    "$BUILD_DIR/tests/alter_topic" grow "$topic" 5
    for partition in 3 4; do
        echo "{\"n\":$((2998 + partition))}" | produce_to $partition
    done
    assert_each_once 3002
    [ "$(grep -c 'partitions assigned' a/source.err)" -ge 2 ]
    [ ! -e a/statuses ]
    [ ! -e b/statuses ]
    finish_workers
}

@test "a worker that was stopped before it read anything goes on with what the group gives it" {
    make_topics 3000
    source="env LATE=5 LD_PRELOAD='$(preload late kcat-in)'"
    worker a
    a=$!
    wait_until 20 grep -q 'partitions assigned' a/source.err
    pkill -STOP -s $a kcat-in
    source=''
    worker b
    assert_each_once 3000
    pkill -CONT -s $a kcat-in
    wait_until 30 holds a 4
    pkill -KILL -s $! kcat-in
    seq -f '{"n":%g}' 3001 3300 | produce "$topic"
    assert_each_once 3300
    [ ! -e a/statuses ]
    finish_workers
}

# has_started PARTITION: the group has committed an offset of that partition of $topic, from 0 to 7.
has_started() {
    read_offsets_topic '%k\n' | LC_ALL=C grep -aqP "$group.*$topic\\x00\\x00\\x00\\x0$1"
}

# The other one has committed by then where it starts, which must not look as if the group had read.
# The ids of the clients give it the lower partitions.
@test "a worker that starts later than another one with -o end reads no old records" {
    make_topics 0
    for partition in 0 1 2; do
        echo '{"n":1}' | produce_to $partition
    done
    source="env LATE=5 LD_PRELOAD='$(preload late kcat-in)'"
    worker a -o end -X client.id=b
    source=''
    worker b -o end -X client.id=a
    for partition in 0 1 2; do
        wait_until 30 has_started $partition
    done
    seq -f '{"n":%g}' 2 300 | produce "$topic"
    wait_until 30 out_has 299
    numbers_of "$out" | sort -n >numbers
    diff numbers <(seq 2 300)
    finish_workers
}

@test "kcat-out refuses a membership in the format of another librdkafka" {
    create_topic "$out"
    printf '{"@mark":"hello","run":"%s","seq":0,"group":"g","librdkafka":"1.0.0","at":[]}\n' \
        "$RUN" >in
    run -78 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" 'kcat-in uses librdkafka 1.0.0, and this is [0-9.]+; use the same'
}

@test "kcat-out refuses to commit for a member that it cannot read" {
    create_topic "$out"
    version=$(kcat-out --version | sed -n 's/^librdkafka //p')
    for member in '' ',"member":"="' ',"member":"AAAA"'; do
        printf '{"@mark":"hello","run":"%s","seq":0,"group":"g","librdkafka":"%s","at":[]}
{"@mark":"assign","run":"%s","seq":1%s,"at":[["%s",0,0]]}\n' \
            "$RUN" "$version" "$RUN" "$member" "$topic" >in
        run -65 --separate-stderr kcat-out -t "$out" --exactly-once <in
        assert_match "$stderr" 'mark 1: its member is missing or wrong'
    done
}
