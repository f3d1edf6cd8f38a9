#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: lines become messages in the right topics, or rejects.
#
# bats file_tags=kafka

load helpers
load kcat-out

# --- Lines become messages ---

@test "each line becomes a message, and the ledger counts the delivered ones" {
    seq 20000 >in
    create_topic "$topic" 3
    run -0 --separate-stderr produce "$topic" --stats stats <in
    assert_eq "$output$stderr" ''
    dump '%s\n' | sort -n | cmp - in
    assert_eq "$(ledger stats '[.in,.out,.rejected,.undelivered]')" '[20000,20000,0,0]'
    assert_ledger_adds_up stats
}

@test "empty input is a success" {
    create_topic "$topic"
    run -0 --separate-stderr produce "$topic" --stats stats </dev/null
    assert_eq "$output$stderr" ''
    assert_eq "$(ledger stats '[.in,.out]')" '[0,0]'
}

@test "a last line without a newline becomes a message" {
    printf '{"a":1}\n{"a":2}' | produce "$topic" --create
    assert_eq "$(dump '%s;')" '{"a":1};{"a":2};'
}

@test "lines that are not JSON, or contain NUL bytes or bad UTF-8, pass byte for byte" {
    printf 'a\0b\n\xff\xfe\n\0\nnot json\r\n {"a": 1} \n\n"end"\n' >in
    produce "$topic" --create --stats stats <in
    dump '%s\n' | cmp - in
    assert_eq "$(dump '%S,')" '3,2,1,9,10,0,5,'
    assert_eq "$(ledger stats .out)" 7
}

@test "a line is delivered at once, before the next one arrives" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" <pipe 5>&-
    for i in 1 2 3; do
        echo $i >&5
        wait_until 5 has_come "$i"
    done
    exec 5>&-
    await $!
    assert_eq $status 0
}

@test "a jq program selects and changes lines" {
    seq 6 | produce "$topic" --create -j 'select(. > 3) | {n: .}' --stats stats
    assert_eq "$(dump '%s ')" '{"n":4} {"n":5} {"n":6} '
    assert_eq "$(ledger stats '[.in,.filtered,.out]')" '[6,3,3]'
    printf 'bad\n1\n' >in
    run -0 --separate-stderr produce "$topic" -j 'select(. > 3)' <in
    assert_eq "$(jq -c '[.reject,.raw,.line]' <<<"$stderr")" '["not_json","bad",1]'
}

# --- Headers, codecs, topics ---

@test "-H adds headers" {
    printf 'x\ny\n' | produce "$topic" --create -H a=1 -H 'b=x=y z' -H empty= -H null -H a=2 -k k
    headers='a=1,b=x=y z,empty=,null=NULL,a=2'
    assert_eq "$(dump '%h %k %s;')" "$headers k x;$headers k y;"
}

@test "-z compresses with each codec" {
    seq 20000 >in
    number=0
    for codec in gzip snappy lz4 zstd; do
        number=$((number + 1))
        produce "$topic-$codec" --create -z $codec <in
        read_topic "$topic-$codec" | cmp - in
        # The codec's number is in the low bits of the attributes, at byte 22 of a record batch.
        log=("$KAFKA_TEST_DIR/data/$topic-$codec-0"/*.log)
        assert_eq "$codec $(od -An -tu1 -j22 -N1 "${log[0]}" | tr -d ' ')" "$codec $number"
    done
}

partitions_of() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -L -J -t "$1" | jq '.topics[0].partitions | length'
}

@test "--create creates missing topics and leaves existing ones unchanged" {
    run -0 --separate-stderr produce "$topic" --create=5 --route a="$topic-a" </dev/null
    assert_eq "$output$stderr" ''
    assert_eq "$(partitions_of "$topic") $(partitions_of "$topic-a")" '5 5'
    echo 1 | produce "$topic" --create=2:1 --route b="$topic-b"
    assert_eq "$(partitions_of "$topic") $(partitions_of "$topic-b")" '5 2'
    assert_eq "$(dump %s)" 1
    echo 2 | produce "$topic-c" --create
    assert_eq "$(partitions_of "$topic-c")" 1
}

@test "a topic that cannot be created is an error" {
    run -78 --separate-stderr produce "$topic" --create=1:3 </dev/null
    assert_match "$stderr" "^kcat-out: topic $topic: cannot create it: .*[Rr]eplica"
    run -78 --separate-stderr produce 'no good name' --create </dev/null
    assert_match "$stderr" '^kcat-out: topic no good name: '
}

# is_compacted TOPIC: the broker refuses a record without a key.
is_compacted() {
    echo '"no key"' | produce "$1" -q --rejects - >refused
    grep -q '"not_delivered"' refused
}

@test "--topic-config sets what a created topic has, for all topics or for one" {
    echo 1 | produce "$topic" --create --route insight="$topic-insight" --route reject="$topic-reject" \
        --topic-config max.message.bytes=5000 --topic-config "$topic-insight:cleanup.policy=compact" \
        --topic-config "$topic-reject:max.message.bytes=90000"
    is_compacted "$topic-insight"
    run -1 is_compacted "$topic"
    run -1 is_compacted "$topic-reject"
    bytes 80000 >big
    produce "$topic" -q --rejects rejects <big
    produce "$topic-reject" -q --rejects rejects <big
    assert_eq "$(wc -l <rejects)" 1
    # An existing topic is not changed.
    produce "$topic" --create --topic-config cleanup.policy=compact </dev/null
    run -1 is_compacted "$topic"
    run -78 --separate-stderr produce "$topic-b" --create --topic-config nonsense=1 </dev/null
    assert_match "$stderr" "^kcat-out: topic $topic-b: cannot create it: .*nonsense"
}

@test "--topic-config gives a created topic its own number of partitions and replicas" {
    produce "$topic" --create=5:1 --route one="$topic-one" --route two="$topic-two" </dev/null \
        --topic-config "$topic-one:partitions=1" --topic-config "$topic-one:cleanup.policy=compact"
    assert_eq "$(partitions_of "$topic") $(partitions_of "$topic-one") $(partitions_of "$topic-two")" '5 1 5'
    is_compacted "$topic-one"
    # Without a number of its own, a topic gets the one for all. There is one broker, so one replica.
    produce "$topic-a" --create --topic-config partitions=3 --topic-config replication=1 </dev/null
    assert_eq "$(partitions_of "$topic-a")" 3
    run -78 produce "$topic-b" --create --topic-config "$topic-b:replication=3" </dev/null
    assert_match "$output" "^kcat-out: topic $topic-b: cannot create it: .*[Rr]eplica"
}

@test "--topic-config is checked before anything is created" {
    run -64 --separate-stderr produce "$topic" --topic-config a=b </dev/null
    assert_match "$stderr" '^kcat-out: --topic-config: needs --create'
    for wrong in a =b :a=b "$topic:=b"; do
        run -64 --separate-stderr produce "$topic" --create --topic-config "$wrong" </dev/null
        assert_match "$stderr" "^kcat-out: --topic-config: '$wrong' is not "
    done
    run -64 --separate-stderr produce "$topic" --create --topic-config other:a=b </dev/null
    assert_eq "$stderr" 'kcat-out: --topic-config: no line goes to a topic other'
    for wrong in partitions=0 partitions= "$topic:partitions=many" replication=1001; do
        run -64 --separate-stderr produce "$topic" --create --topic-config "$wrong" </dev/null
        assert_match "$stderr" "^kcat-out: --topic-config: $wrong: '.*' is not a number from 1 to 10+$"
    done
    run -69 --separate-stderr produce "$topic" --wait 300ms </dev/null
}

@test "a topic that is named twice is one topic, whose limit is known" {
    create_topic "$topic"
    { echo '{"insight":1,"key":"k"}' && echo '{"a":1}' && echo "{\"a\":$(bytes 2000000)}"; } >in
    run -0 --separate-stderr produce "$topic" --route insight="$topic" --rejects rejects -v --stats stats <in
    assert_eq "$(grep librdkafka <<<"$stderr")" ''
    dump '%s\n' | cmp - <(head -n 2 in)
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,2,1]'
    assert_eq "$(jq -r .line rejects)" 3
}

# --- Tombstones ---

@test "-Z writes a line that is null as a tombstone" {
    printf '{"a":1}\nnull\n"null"\n\nnull\n' >in
    run -0 --separate-stderr produce "$topic" --create -Z -k K --stats stats <in
    assert_eq "$output$stderr" ''
    # kcat prints the size of a null value as -1.
    assert_eq "$(dump '%k %S %s\n')" "$(printf 'K 7 {"a":1}\nK -1 \nK 6 "null"\nK 0 \nK -1 ')"
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[5,5,0]'
    # As kcat-in writes them.
    assert_eq "$(kcat-in -e "$topic" --rejects /dev/null)" "$(printf '{"a":1}\nnull\n"null"\nnull')"
    # With -H another call of librdkafka is used.
    echo null | produce "$topic-b" --create -Z --key-jq '"K"' -H a=b
    assert_eq "$(dump '%k %S %h' "$topic-b")" 'K -1 a=b'
}

@test "--tee passes a tombstone on as null" {
    printf 'null\n{"a":1}\n' >in
    produce "$topic" --create -Z -k K --tee <in >passed
    cmp passed in
}

@test "a tombstone without a key is a reject" {
    run -0 --separate-stderr produce "$topic" --create -Z --key user_id --stats stats \
        < <(printf 'null\n{"user_id":"a"}\n')
    assert_eq "$stderr" '{"reject":"no_key","stage":"kcat-out","line":1,"detail":"a tombstone needs a key","raw":"null"}'
    assert_eq "$(dump '%k %s')" 'a {"user_id":"a"}'
    assert_ledger_adds_up stats
    run -64 --separate-stderr produce "$topic" -Z <<<null
    assert_eq "$stderr" 'kcat-out: -Z: needs a key: -k, -K, --key or --key-jq (see kcat-out --help)'
}

@test "without -Z, null is written as text, with one warning" {
    run -0 --separate-stderr produce "$topic" --create -k K < <(printf '1\nnull\nnull\n')
    assert_eq "$stderr" 'kcat-out: line 2: null is written as the text null; with -Z it is a tombstone'
    assert_eq "$(dump '%S %s\n')" "$(printf '1 1\n4 null\n4 null')"
}

@test "a tombstone that could not be delivered is null in the file of --undelivered" {
    create_topic "$topic"
    create_topic "$topic-gone"
    start_fed kcat-out -t "$topic" --route "gone=$topic-gone" -Z -k K -X message.timeout.ms=1000 \
        -X topic.metadata.refresh.interval.ms=200 -X topic.metadata.propagation.max.ms=0 \
        --undelivered later
    echo null | write_to_feed
    wait_until 20 has_come 1
    "$BUILD_DIR/tests/alter_topic" delete "$topic"
    sleep 1
    echo null | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_eq "$(<later)" null
}

# --- Routes ---

@test "--route chooses the topic by the members of a record's top level" {
    cat >in <<'END'
{"user_id":"a"}
{"insight":"x","key":"k"}
{"other":{"insight":1}}
{"both":1,"insight":"y"}
{"insight":null}
END
    produce "$topic" --create --route both="$topic-both" --route insight="$topic-insight" \
        --stats stats <in
    dump '%s\n' | cmp - <(sed -n '1p;3p' in)
    dump '%s\n' "$topic-both" | cmp - <(sed -n '4p' in)
    dump '%s\n' "$topic-insight" | cmp - <(sed -n '2p;5p' in)
    assert_eq "$(ledger stats .out)" 5
}

@test "rejects among the lines are routed unchanged and counted as passed" {
    printf 'bad\n{"a":1}\n' >lines
    loginclean --rejects - <lines >in
    good_records >>in
    # The filter and the key do not apply to rejects.
    produce "$topic" --create --route reject="$topic-reject" --key user_id -j 'select(.ip)' \
        --stats stats <in
    dump '%s\n' "$topic-reject" | cmp - <(head -n 2 in)
    dump '%s\n' | cmp - <(good_records)
    assert_eq "$(ledger stats '[.in,.out,.passed]')" '[2,2,2]'
    # Without a route, rejects go to the same topic as the records.
    produce "$topic-b" --create <in
    dump '%s\n' "$topic-b" | cmp - in
}

# --- Lines that the broker does not take ---

@test "a line too large for the broker becomes a reject, and all others are delivered" {
    { seq 1000 && bytes 2000000 && seq 1001 2000 && bytes 3000000 && seq 2001 3000; } >in
    create_topic "$topic"
    run -0 --separate-stderr produce "$topic" --rejects rejects --stats stats <in
    # The rejects are in a file, so a warning says at once that there are some.
    assert_eq "$output$stderr" "kcat-out: topic $topic: line 1001 of 2000000 bytes is refused and becomes a reject: \
Broker: Message size too large
kcat-out: 2 lines were refused and became rejects"
    dump '%s\n' | cmp - <(seq 3000)
    assert_eq "$(jq -c '[.reject,.stage,.line,(.raw|length)]' rejects)" \
        '["not_delivered","kcat-out",1001,2000000]
["not_delivered","kcat-out",2002,3000000]'
    assert_match "$(jq -r .detail rejects | head -n 1)" 'Broker: Message size too large'
    assert_eq "$(ledger stats '[.in,.out,.rejected,.by_reason]')" \
        '[3002,3000,2,{"not_delivered":2}]'
    assert_ledger_adds_up stats
}

@test "a line that is larger than queue.buffering.max.kbytes becomes a reject" {
    { seq 1000 && bytes 3000 && seq 1001 2000; } >in
    create_topic "$topic"
    run -0 --separate-stderr timeout -k 1 20 kcat-out -t "$topic" --rejects rejects \
        -X queue.buffering.max.kbytes=2 <in
    assert_eq "$(jq -c '[.reject,.line]' rejects)" '["not_delivered",1001]'
    dump '%s\n' | cmp - <(seq 2000)
}

@test "a large line that compresses well is delivered" {
    bytes 3000000 >in
    produce "$topic" --create -z gzip <in
    read_topic "$topic" | cmp - in
}

@test "a line of 1 MB is delivered" {
    bytes 1000000 >in
    produce "$topic" --create <in
    dump '%s\n' | cmp - in
}

@test "small lines are delivered to a topic that refuses large batches" {
    create_topic "$topic"
    configure_topic "$topic" max.message.bytes=50000
    { seq 50000 && bytes 60000 && seq 50001 100000; } >in
    run -0 --separate-stderr produce "$topic" --stats stats <in
    read_topic "$topic" | grep -v x | sort -n | cmp - <(seq 100000)
    assert_match "$stderr" 'kcat-out: .* line 50001 of 60000 bytes is refused'
    assert_eq "$(grep '^{' <<<"$stderr" | jq -c '[.reject,.line]')" '["not_delivered",50001]'
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[100001,100000,1]'
}

@test "a line of 10 MB is delivered if the topic allows it" {
    create_topic "$topic"
    configure_topic "$topic" max.message.bytes=20000000
    { echo 1 && bytes 10000000 && echo 2; } >in
    produce "$topic" <in
    read_topic "$topic" | cmp - in
}

@test "a line longer than --max-line becomes a reject that keeps its beginning" {
    { echo 1 && bytes 20971520 && echo 2; } >in
    create_topic "$topic"
    run -0 --separate-stderr produce "$topic" --stats stats <in
    assert_eq "$(jq -c '[.reject,.line,(.raw|length)]' <<<"$stderr")" '["too_long",2,65536]'
    dump '%s\n' | cmp - <(seq 2)
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,2,1]'
}

# --- Several sinks ---

@test "--tee passes on each delivered line, in order" {
    logingen -n 20000 --seed 4 >in
    create_topic "$topic" 3
    produce "$topic" --tee --stats stats <in >passed
    cmp passed in
    read_topic "$topic" | sort | cmp - <(sort in)
    assert_ledger_adds_up stats
    # Lines that the broker refuses are not passed on, and jq's output is passed on as it is sent.
    { seq 5 && bytes 2000000 && seq 6 10; } >in
    produce "$topic" --tee --rejects rejects <in | cmp - <(seq 10)
    assert_eq "$(jq -c '[.reject,.line]' rejects)" '["not_delivered",6]'
    assert_eq "$(echo '{"a":1}' | produce "$topic" --tee -j '{"@mark":.a}, .a')" '{ "@mark":1}
1'
}

@test "--tee passes on a line before the next one arrives" {
    create_topic "$topic"
    start_fed kcat-out -t "$topic" --tee
    echo 1 | write_to_feed
    wait_until 10 has_lines 1 out
    close_feed
    await "$pid"
    assert_eq "$status" 0
}

@test "--tee exits when its reader exits" {
    create_topic "$topic"
    assert_eq "$(seq 100000 | { produce "$topic" --tee -q || echo $? >code; } | head -n 1)" 1
    assert_eq "$(<code)" 141
    run -74 bash -c "seq 10 | timeout 20 kcat-out -t $topic --tee >/dev/full"
    assert_eq "$output" 'kcat-out: stdout: No space left on device'
}
