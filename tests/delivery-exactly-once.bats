#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Exactly-once delivery on a real Kafka: nothing is lost or doubled when stages are killed.
#
# bats file_tags=kafka,long

load helpers
load delivery

# --- Exactly once ---

# Writes the script of most of these tests, a pipeline with a slow stage. Without an explicit
# transactional id, a pipeline that is stopped within a commit could delay the next one for a minute.
exactly_once_pipeline() {
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms | perl slow |
    kcat-out -t '$out' --exactly-once --transactional-id '$group'
echo "\${PIPESTATUS[*]}" >statuses
END
}

@test "with --exactly-once, each record arrives once although stages are killed" {
    make_topics 20000
    exactly_once_pipeline
    restart_and_kill 4 kcat-out kcat-in perl
    read_the_rest
    start bash pipeline
    await $! 60
    assert_eq "$(<statuses)" '0 0 0'
    wait_until 10 out_has 60000
    numbers_of "$out" >numbers
    assert_exactly_once 60000 numbers
}

@test "a pipeline that resumes after its successor started is fenced and doubles nothing" {
    make_topics 30000
    exactly_once_pipeline
    start bash pipeline 2>err1
    first=$!
    wait_until 30 out_has 1
    pkill -STOP -s $first
    mkdir second
    cp pipeline slow second
    start bash -c 'cd second && bash pipeline' 2>err2
    second=$!
    before=$(numbers_of "$out" | wc -l)
    wait_until 30 grows_beyond "$before"
    pkill -CONT -s $first
    await $first 60
    assert_eq "$(awk '{ print $3 }' statuses)" 75
    assert_match "$(<err1)" 'kcat-out: fenced by a newer pipeline with the same transactional id'
    wait_until 60 out_has 30000
    pkill -TERM -s $second kcat-in
    await $second
    numbers_of "$out" >numbers
    assert_exactly_once 30000 numbers
}

@test "records that no mark has committed are invisible in every topic" {
    seq 10 | produce "$topic" --create=1
    create_topic "$out"
    create_topic "$out-rejects"
    start_fed kcat-out -t "$out" --route "reject=$out-rejects" --exactly-once
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        echo 1
        echo '{"reject":"x"}'
    } | write_to_feed
    sleep 2
    assert_eq "$(read_topic "$out" "$out-rejects" | wc -l)" 0
    mark mark 1 7 | write_to_feed
    wait_until 10 has_records 2 "$out" "$out-rejects"
    echo 2 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_eq "$(read_topic "$out")" 1
    assert_eq "$(read_topic "$topic" -G "$group" --shard 0/1 --marks | head -n 1 | jq -c '[.seq,.at[0][2]]')" '[1,7]'
}

# --- Which marks are committed ---

# stream_of_marks [MEMBERS]: writes a hello mark, and 20 lines with a mark after each. The last mark
# is an end mark. All of it arrives at once.
stream_of_marks() {
    local i kind=mark

    mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"${1:+,$1}"
    for i in {1..20}; do
        [ "$i" != 20 ] || kind=end
        echo "$i" && mark "$kind" "$i" "$i"
    done
}

# commits: how often the group has committed, its start included.
commits() {
    read_offsets_topic '%k\n' | grep -ac "$group.*$topic"
}

# committed_mark: the mark of the group's offsets, and the offset.
committed_mark() {
    read_topic "$topic" -G "$group" --shard 0/1 --marks | head -n 1 | jq -c '[.seq,.at[0][2]]'
}

@test "marks that come sooner than --commit-every are skipped, but not the last one" {
    seq 20 | produce "$topic" --create=1
    create_topic "$out"
    for option in '' --commit-every=0; do
        group=g$option-$topic
        # shellcheck disable=SC2086 # may be no word
        stream_of_marks | kcat-out -t "$out" --exactly-once $option
        assert_eq "$(commits)" 21
    done
    group=g2-$topic
    stream_of_marks | kcat-out -t "$out" --exactly-once --commit-every 10s --stats stats
    assert_eq "$(commits)" 3
    assert_eq "$(ledger stats .out)" 20
    assert_eq "$(committed_mark)" '[20,20]'
    wait_until 10 has_records 60 "$out"
}

@test "kcat-out commits as often as the hello mark says, unless --commit-every says otherwise" {
    seq 20 | produce "$topic" --create=1
    create_topic "$out"
    assert_eq "$(read_topic "$topic" --marks=250ms | jq -c 'select(."@mark")?|.interval')" $'250\nnull'
    stream_of_marks '"interval":10000' | kcat-out -t "$out" --exactly-once
    assert_eq "$(commits)" 3
    group=g2-$topic
    stream_of_marks '"interval":10000' | kcat-out -t "$out" --exactly-once --commit-every 0
    assert_eq "$(commits)" 21
    group=g3-$topic
    stream_of_marks '"interval":10000' | sed 's/"end"\(.*\)}/"mark"\1,"stop":true}/' |
        kcat-out -t "$out" --exactly-once
    assert_eq "$(committed_mark)" '[20,20]'
}

@test "a skipped mark is committed once no line follows it, and not if one does" {
    seq 9 | produce "$topic" --create=1
    create_topic "$out"
    start_fed kcat-out -t "$out" --exactly-once --commit-every 30s
    { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" && echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 10 has_records 1 "$out"
    { echo 2 && mark mark 2 2 && echo 3 && mark mark 3 3; } | write_to_feed
    wait_until 10 has_records 3 "$out"
    { echo 4 && mark mark 4 4 && echo 5; } | write_to_feed
    sleep 2
    assert_eq "$(read_topic "$out" | wc -l)" 3
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_eq "$(committed_mark)" '[3,3]'
    assert_eq "$(read_topic "$out" | wc -l)" 3
}

@test "--commit-every needs --exactly-once, and is at most half of the transaction's timeout" {
    run -64 --separate-stderr kcat-out -t x --commit-every 1s
    assert_match "$stderr" '--commit-every: needs --exactly-once'
    run -64 --separate-stderr kcat-out -t x --exactly-once --commit-every 31s
    assert_match "$stderr" '--commit-every: at most half of transaction.timeout.ms, which is 60000 ms'
    run -64 kcat-out -t x --exactly-once --commit-every 3s -X transaction.timeout.ms=5000
}

@test "marks that are further apart than half of the transaction's timeout are refused" {
    seq 20 | produce "$topic" --create=1
    create_topic "$out"
    for option in '' --transactional-id=id-$topic --commit-every=0; do
        stream_of_marks '"interval":30001' >stream
        # shellcheck disable=SC2086 # may be no word
        run -64 --separate-stderr kcat-out -t "$out" --exactly-once $option <stream
        assert_eq "$stderr" "kcat-out: --exactly-once: the marks of kcat-in are 30001 ms apart \
(--marks): at most half of transaction.timeout.ms, which is 60000 ms"
    done
    kcat-out -t "$out" --exactly-once -X transaction.timeout.ms=60002 <stream
    group=g2-$topic
    stream_of_marks '"interval":30000' | kcat-out -t "$out" --exactly-once
    wait_until 10 has_records 40 "$out"
}

# --- Where a stream begins ---

@test "a stream that does not begin at the group's offsets is refused" {
    create_topic "$topic"
    create_topic "$out"
    read_topic "$topic" -G "$group" --shard 0/1 >/dev/null
    mark hello 0 5 "\"group\":\"$group\",\"shard\":\"0/1\"" >in
    run -75 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_eq "$stderr" "kcat-out: group $group: another pipeline has committed meanwhile: $topic [0] is committed up to 0, and this stream begins at 5"
}

@test "a stream that does not continue from the group's last mark is refused" {
    create_topic "$topic"
    create_topic "$out"
    members="\"group\":\"$group\",\"shard\":\"0/1\""
    other=${RUN/0123/1123}
    { mark hello 0 0 "$members" && mark end 3 5; } >in
    kcat-out -t "$out" --exactly-once <in
    for hello in "2 5 \"from\":\"$RUN\"" "3 5 \"from\":\"$other\"" '0 5 "x":0'; do
        read -r seq at from <<<"$hello"
        mark hello "$seq" "$at" "$members,$from" >in
        run -75 --separate-stderr kcat-out -t "$out" --exactly-once <in
        assert_match "$stderr" "^kcat-out: group $group: another pipeline has committed meanwhile: mark 3 of run $RUN "
    done
    { mark hello 3 5 "$members,\"from\":\"$RUN\"" && mark end 4 5; } >in
    kcat-out -t "$out" --exactly-once <in
}

@test "a group without offsets commits its starting position before the first record" {
    make_topics 100
    start bash -c "kcat-in '$topic' -G '$group' --shard 0/1 --marks -o end |
        kcat-out -t '$out' --exactly-once"
    wait_until 20 group_has_committed "$group" "$topic" 3
    pkill -KILL -s $! kcat
    await $!
    seq 101 110 | jq -c '{n: .}' | produce "$topic"
    read_topic "$topic" -G "$group" --shard 0/1 --marks -o end >lines
    assert_eq "$(head -n 1 lines | jq -c '[.seq,.from]')" '[0,null]'
    assert_eq "$(jq '.n // empty' lines | sort -n | xargs)" "$(seq 101 110 | xargs)"
}

@test "a group commits the starting position of a partition that is new to it" {
    seq 10 | produce "$topic" --create=1
    seq 10 | produce "$out" --create=1
    members="\"group\":\"$group\",\"shard\":\"0/1\""
    { mark hello 0 0 "$members" && mark end 3 5; } >in
    kcat-out -t "$out" --exactly-once <in
    mark hello 3 5 "$members,\"from\":\"$RUN\"" | sed "s/\"at\":\[/&[\"$out\",0,7],/" >in
    run -75 kcat-out -t "$out" --exactly-once <in
    read_topic "$topic" "$out" -G "$group" --shard 0/1 --marks | head -n 1 >hello
    assert_eq "$(jq -c '[.seq,.from,([.at[][2]]|sort)]' hello)" "[3,\"$RUN\",[5,7]]"
}

@test "a group that has lost its offsets is refused" {
    create_topic "$topic"
    create_topic "$out"
    mark hello 1 0 "\"group\":\"$group\",\"shard\":\"0/1\",\"from\":\"$RUN\"" >in
    run -78 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" 'the offsets from which this stream continues are gone: .*; start again to '
}

@test "--acks needs marks; --exactly-once also needs a group, whose partitions are fixed or fenced" {
    create_topic "$out"
    for option in --exactly-once --acks=fifo; do
        run -64 --separate-stderr kcat-out -t "$out" $option --stats stats <<<1
        assert_ledger_adds_up stats
        assert_match "$stderr" '^kcat-out: --[a-z-]*: the input has no marks; '
        run -75 --separate-stderr kcat-out -t "$out" $option </dev/null
        assert_match "$stderr" '^kcat-out: stdin: ended without any mark'
    done
    mark hello 0 0 >in
    run -64 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" 'without a group'
    mark hello 0 0 '"group":"g"' >in
    run -64 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" 'kcat-in shares the partitions with its group, and commits for itself'
}

@test "input and output on two clusters are refused" {
    create_topic "$out"
    echo 1 | produce "$topic" --create
    kcat-in -e --marks "$topic" >stream
    cluster=$(head -n 1 stream | jq -r .cluster)
    assert_match "$cluster" '^[A-Za-z0-9_-]{22}$'
    # The second mark carries no cluster, because the stream has but one.
    assert_eq "$(sed -n '$p' stream | jq .cluster)" null
    for id in '' --transactional-id=id-$topic; do
        { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\",\"cluster\":\"other\"" && echo 1; } >in
        # shellcheck disable=SC2086 # may be no word
        run -78 --separate-stderr kcat-out -t "$out" --exactly-once $id <in
        assert_eq "$stderr" "kcat-out: --exactly-once: input and output must be on one cluster, but \
kcat-in reads from other and this is $cluster; --acks works with two"
    done
    assert_eq "$(read_topic "$out")" ''
    # At least once needs no common cluster, and an unknown one is not compared.
    { cat in && mark end 1 1; } | kcat-out -t "$out" --acks fifo
    { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" && echo 2 && mark end 1 1; } |
        kcat-out -t "$out" --exactly-once
    wait_until 10 has_records 2 "$out"
}

@test "a record that is too large becomes a reject, and the others are committed" {
    create_topic "$topic"
    create_topic "$out"
    { seq 10 && printf '"%01100000d"\n' 0 && seq 11 20; } >in
    kcat-out -t "$topic" -X message.max.bytes=1200000 <in >/dev/null 2>&1 || true
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        cat in
        mark end 1 21
    } >stream
    kcat-out -t "$out" --exactly-once --rejects rejects --stats stats <stream
    wait_until 10 has_records 20 "$out"
    assert_eq "$(jq -r '[.reject,.line]|@csv' rejects)" '"not_delivered",12'
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[21,20,1]'
    assert_ledger_adds_up stats
}

@test "a reject too large for its topic becomes a reject of kcat-out; the others are committed" {
    create_topic "$topic"
    create_topic "$out"
    create_topic "$out-rejects"
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        echo '{"reject":"x","n":1}'
        printf '{"reject":"x","raw":"%01100000d"}\n' 0
        mark end 1 21
    } >stream
    kcat-out -t "$out" --route "reject=$out-rejects" --exactly-once --rejects rejects <stream
    wait_until 10 has_records 1 "$out-rejects"
    assert_eq "$(jq -r '[.reject,.line]|@csv' rejects)" '"not_delivered",3'
    assert_eq "$(jq -r '.raw|fromjson.reject' rejects)" x
}

@test "lines for a deleted topic are not committed" {
    seq 10 | produce "$topic" --create=1
    create_topic "$out"
    create_topic "$out-rejects"
    start_fed kcat-out -t "$out" --route "reject=$out-rejects" --exactly-once \
        -X topic.metadata.refresh.interval.ms=200 -X topic.metadata.propagation.max.ms=0
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        echo 1
        echo '{"reject":"x"}'
        mark mark 1 2
    } | write_to_feed
    wait_until 20 has_records 1 "$out-rejects"
    "$BUILD_DIR/tests/alter_topic" delete "$out-rejects"
    sleep 2
    echo '{"reject":"y"}' | write_to_feed
    sleep 1
    create_topic "$out-rejects"
    mark end 2 3 | write_to_feed || true # it may be gone by then
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_match "$(<err)" 'transaction: line '
    assert_eq "$(read_topic "$topic" -G "$group" --shard 0/1 --marks | head -n 1 | jq -c '[.seq,.at[0][2]]')" '[1,2]'
}

@test "the ledger counts uncommitted lines as undelivered" {
    create_topic "$topic"
    create_topic "$out"
    {
        mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\""
        seq 10
        mark mark 1 10
        seq 11 15
    } >stream
    run -75 --separate-stderr kcat-out -t "$out" --exactly-once --stats stats <stream
    assert_eq "$(ledger stats '[.in,.out,.undelivered]')" '[15,10,5]'
    assert_ledger_adds_up stats
}

@test "two shards are independent pipelines" {
    make_topics 3000
    for shard in 0/2 1/2; do
        start bash -c "kcat-in -e '$topic' -G '$group' --shard $shard --marks |
            kcat-out -t '$out' --exactly-once"
        await $!
        assert_eq "$status" 0
    done
    wait_until 10 out_has 3000
    numbers_of "$out" >numbers
    assert_exactly_once 3000 numbers
}

@test "marks report what kcat-out has committed" {
    make_topics 100
    start bash -c "kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms | tee lines |
        kcat-out -t '$out' --exactly-once"
    wait_until 20 grep -q '"committed":1}' lines
}

@test "an explicit transactional id fences before the first mark" {
    create_topic "$topic"
    create_topic "$out"
    start_fed kcat-out -t "$out" --exactly-once --transactional-id "id-$topic"
    mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" | write_to_feed
    { echo 1 && mark mark 1 1; } | write_to_feed
    wait_until 10 has_records 1 "$out"
    mkfifo other
    start kcat-out -t "$out" --exactly-once --transactional-id "id-$topic" <>other
    wait_until 10 has_caught_signals $!
    sleep 3
    { echo 2 && mark mark 2 2; } | write_to_feed
    await "$pid"
    assert_eq "$status" 75
    assert_match "$(<err)" 'fenced by a newer pipeline'
    assert_eq "$(read_topic "$out")" 1
}

# --- Plain tools in the middle ---

@test "grep, sed, awk and jq between the stages keep the guarantee if they keep the marks" {
    make_topics 1000
    cat >pipeline <<END
kcat-in -e '$topic' -G '$group' --shard 0/1 --marks=100ms |
    grep --line-buffered '^{' | sed -u 's/x*"}/"}/' | awk '{ print; fflush() }' |
    jq -c --unbuffered 'if ."@mark" then . else .n |= -. end' |
    kcat-out -t '$out' --exactly-once
END
    start bash pipeline
    await $! 30
    assert_eq "$status" 0
    wait_until 10 has_records 1000 "$out"
    numbers_of "$out" >/dev/null
    read_topic "$out" | jq '-.n' >numbers
    assert_exactly_once 1000 numbers
}
