#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The marks of kcat-in: their contents, and what kcat-in commits when they come back.
#
# bats file_tags=kafka,long

load helpers
load delivery

@test "a stream begins with a hello mark and ends with an end mark, and each has a position" {
    make_topics 500
    read_topic "$topic" --marks -G "$group" --shard 0/1 >lines
    head -n 1 lines >hello
    tail -n 1 lines >end
    assert_eq "$(jq -c '[."@mark",.seq,.group,.shard,([.at[][2]]|add)]' hello)" \
        "[\"hello\",0,\"$group\",\"0/1\",0]"
    assert_eq "$(jq -c '[."@mark",.seq,([.at[][1]]|sort),([.at[][2]]|add)]' end)" \
        '["end",1,[0,1,2],500]'
    assert_eq "$(jq .run hello)" "$(jq .run end)"
    assert_match "$(jq -r .run hello)" '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
    assert_eq "$(grep -vc '^{"@mark"' lines)" 500
}

@test "all marks of a run have one token, which the group's metadata does not have" {
    create_topic "$topic"
    create_topic "$out"
    start bash -c "kcat-in -e '$topic' -G '$group' --shard 0/1 --marks | tee lines | kcat-out -t '$out' --exactly-once"
    await $!
    assert_eq "$(jq -r .token lines | sort -u | grep -cE '^[0-9a-f]{32}$')" 1
    read_offsets_topic '%k %s\n' | grep -a "$topic" >metadata
    grep -aq "$(jq -r .run lines | head -n 1)" metadata
    run -1 grep -a "$(jq -r .token lines | head -n 1)" metadata
}

@test "a mark covers exactly the records before it" {
    make_topics 20000
    slow_stage
    start bash -c "kcat-in '$topic' -e --marks=100ms | perl slow >lines"
    await $! 60
    [ "$(grep -c '^{"@mark":"mark"' lines)" -gt 3 ]
    awk '/^{"@mark"/ { print records + 0; next } { records++ }' lines >counted
    jq -n 'inputs | select(."@mark") | [.at[][2]] | add' lines | cmp - counted
}

@test "a mark is written after every 256 KiB, up to sixteen times in an interval" {
    make_topics 7800 # 3 MiB
    read_topic "$topic" --marks=10s >lines
    marks=$(grep -c '^{"@mark":"mark"' lines)
    [ "$marks" -ge 7 ]
    [ "$marks" -le 12 ]
    awk '/^{"@mark":"mark"/ && n < 256 * 1024 { exit 1 } /^{"@mark"/ { n = 0; next } { n += length() + 1 }' lines
    awk '/^{"@mark"/ { print records + 0; next } { records++ }' lines >counted
    jq -n 'inputs | select(."@mark") | [.at[][2]] | add' lines | cmp - counted
    make_topics 25000
    read_topic "$topic" --marks=10s >lines
    marks=$(grep -c '^{"@mark":"mark"' lines)
    [ "$marks" -ge 16 ]
    [ "$marks" -le 18 ] # on a very slow machine an interval may pass
    [ "$(tail -n 1 lines | jq .seq)" -eq $((marks + 1)) ]
}

@test "marks continue every five seconds while the topic is silent" {
    create_topic "$topic"
    start kcat-in "$topic" --marks=100ms >lines
    wait_until 8 has_lines 2 lines
    sleep 1
    assert_eq "$(wc -l <lines)" 2
}

@test "the watermark is the time up to which all partitions have been read" {
    seq 100 109 | jq -c '{timestamp: .}' | produce "$topic" --create=1
    read_topic "$topic" --marks | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 109000
    jq -nc '{ts: "2023-09-12T00:00:00Z"}' | produce "$topic"
    read_topic "$topic" --marks --time-field ts | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 1694476800000
    jq -nc '{at: {created: 7}}' | produce "$topic"
    read_topic "$topic" --marks --time-field at.created | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 7000
    # Without a time in the records there is no watermark; a guess would make other records late.
    read_topic "$topic" --marks --time-field no | tail -n 1 >end
    assert_eq "$(jq .watermark end)" null
}

@test "a time far in the future does not raise the watermark" {
    printf '{"timestamp":100}\n{"timestamp":9999999999}\n' | produce "$topic" --create=1
    read_topic "$topic" --marks | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 100000
}

@test "the slowest partition holds back the watermark until it has been read to its end" {
    jq -nc 'range(20000) | {timestamp: (1000 + .), pad: ("x" * 300)}' >one
    jq -nc '{timestamp: 5}' >other
    create_topic "$topic" 2
    produce_to 0 <one
    produce_to 1 <other
    slow_stage
    start bash -c "kcat-in '$topic' --marks=100ms | perl slow >lines"
    wait_until 20 has_lines 20003 lines
    wait_until 10 grep -q '"watermark":20999000' lines
    jq -n '[inputs.watermark // empty] | . == sort' lines | grep -qx true
}

@test "shards divide the partitions of all topics" {
    make_topics 1000
    for shard in 0/4 1/4 2/4; do
        read_topic "$topic" --shard $shard
    done | sed 's/.*"n":\([0-9]*\).*/\1/' >numbers
    assert_exactly_once 1000 numbers
    run -78 --separate-stderr read_topic "$topic" --shard 3/4
    assert_eq "$stderr" 'kcat-in: shard 3/4: no topic has a partition in this share'
    for bad in x 1 1/ 1/1 2/1 -1/2 0/0 '' 1/2/3; do
        run -64 read_topic "$topic" --shard "$bad"
    done
}

@test "a set of partitions has one name, whichever options select it" {
    create_topic "$topic" 6
    create_topic "$topic-2" 3
    while read -r options name; do
        # shellcheck disable=SC2086 # several options
        read_topic "$topic" --marks ${options//+/ } | head -n 1 >hello
        assert_eq "$options $(jq -r .shard hello)" "$options $name"
    done <<END
--shard=00/2 0/2
--shard=1/002 1/2
-p+0-5 0/1
--shard=0/1 0/1
--shard=00/1 0/1
-v 0/1
-p+4,2,0 0/2
-p+3 3/4
-p+1,0 0-1
-p+0-1 0-1
-p+05,3,2,0,1,1 0-3,5
$topic-2 0/1
-p+2,0+$topic-2 0,2
--shard=1/2+$topic-2 1/2
END
    read_topic "$topic" --marks -G "$group" | head -n 1 | jq -e '.shard == null'
}

@test "a cooperative assignment strategy is refused" {
    run -64 --separate-stderr kcat-in x -G g -X partition.assignment.strategy=range,cooperative-sticky
    assert_eq "$stderr" 'kcat-in: -X partition.assignment.strategy=range,cooperative-sticky: not supported; use range or roundrobin'
}

@test "conflicting options are usage errors" {
    run -64 kcat-in x --shard 0/2 -p 0
    run -64 kcat-in x --acks fifo
    run -64 kcat-in x --marks=99ms
    run -64 kcat-in x --marks=x
    run -64 kcat-out -t x --acks fifo --exactly-once
    run -64 kcat-out -t x --exactly-once --undelivered file
    run -64 kcat-out -t x --transactional-id id
    run -64 kcat-out -t x --tee --acks fifo
    run -64 kcat-out -t x --tee --exactly-once
}

@test "with fixed partitions and without --acks, kcat-in commits nothing" {
    make_topics 100
    read_topic "$topic" -G "$group" --shard 0/1 --marks -o end >lines
    assert_eq "$(wc -l <lines)" 2
    assert_eq "$(read_topic "$topic" -G "$group" --shard 0/1 --marks | grep -c '"n"')" 100
}

@test "with --acks, a group commits its starting position before the first record" {
    make_topics 100
    start kcat-in "$topic" -G "$group" --shard 0/1 --acks acks -o end >lines
    wait_until 10 has_lines 1 lines
    kill -KILL $!
    await $!
    seq 101 110 | jq -c '{n: .}' | produce "$topic"
    read_topic "$topic" -G "$group" --shard 0/1 --marks -o end | grep -v '^{"@mark"' >lines
    assert_eq "$(jq .n lines | sort -n | xargs)" "$(seq 101 110 | xargs)"
}

@test "a new partition is read from its beginning, even if the group started at the end" {
    for fixed in '' '--shard=0/1'; do
        create_topic "$topic"
        seq 10 | produce "$topic"
        assert_eq "$(read_topic "$topic" -G "$group" -o end $fixed)" ''
        "$BUILD_DIR/tests/alter_topic" grow "$topic" 2
        seq 100 109 | produce_to 1
        assert_eq "$(read_topic "$topic" -G "$group" -o end $fixed | xargs)" "$(seq 100 109 | xargs)"
        topic=$topic-2
    done
}

@test "a group does not continue in a topic that was deleted and created again" {
    seq 100 | produce "$topic" --create=1
    assert_eq "$(read_topic "$topic" -G "$group" --shard 0/1 | wc -l)" 100
    start kcat-in "$topic" -G "$group" --shard 0/1 -v --wait 2s >lines 2>err
    reader=$!
    wait_until 10 grep -q 'from offset 100' err
    "$BUILD_DIR/tests/alter_topic" delete "$topic"
    seq 20 >new
    wait_until 10 remake_topic
    wait_until 60 is_gone $reader
    await $reader
    assert_eq "$(wc -l <lines)" 0
    # It depends on the moment what kcat-in notices first.
    assert_match "$status $(<err)" \
        '^78 .*\[0\](: ends at offset 20, but was read up to 100 already: | is gone: )'
}

@test "a group whose offset is beyond the end of its topic is refused" {
    seq 20 | produce "$topic" --create=1
    create_topic "$out"
    { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" && mark end 1 100; } >in
    kcat-out -t "$out" --exactly-once <in
    run -78 --separate-stderr read_topic "$topic" -G "$group" --shard 0/1 --marks --wait 2s
    assert_match "$stderr" ': ends at offset 20, but was read up to 100 already: '
}

@test "kcat-in exits if it fails to start while records arrive" {
    make_topics 20000
    touch acks
    for _ in 1 2 3; do
        run -73 --separate-stderr timeout -k 1 20 kcat-in "$topic" -G "$group" --shard 0/1 --acks acks
        assert_eq "$stderr" 'kcat-in: --acks: acks: exists and is not a FIFO'
    done
}

# all_are_left: the group has read none of the 100 records, and has no members any more.
all_are_left() {
    [ "$(read_topic "$topic" -G "$group" --shard 0/1 --marks 2>/dev/null | grep -c '"n"')" = 100 ]
}

@test "with marks, kcat-in commits nothing that is not acknowledged" {
    make_topics 100
    for _ in 1 2; do
        assert_eq "$(read_topic "$topic" -G "$group" --shard 0/1 --marks | grep -c '"n"')" 100
    done
    # Without acknowledgements it waits until it is told to stop, and then does not leave the group.
    start kcat-in "$topic" -G "$group" --acks acks -X session.timeout.ms=6000 >lines
    wait_until 20 has_lines 102 lines
    kill -TERM $!
    wait_until 10 has_let_go_of_signals $!
    kill -TERM $!
    await $!
    wait_until 20 all_are_left
}

@test "kcat-in commits a mark that comes back through the FIFO, with its seq" {
    make_topics 100
    keeping_stage
    mkfifo acks
    read_topic "$topic" -G "$group" --shard 0/1 --acks acks | perl keep kept acks
    assert_eq "$(wc -l <kept)" 100
    read_topic "$topic" -G "$group" --shard 0/1 --acks acks >lines &
    wait_until 20 has_lines 2 lines
    tail -n 1 lines >acks
    wait $!
    assert_eq "$(jq -c '[.seq,([.at[][2]]|add)]' lines | head -n 1)" '[1,100]'
    assert_eq "$(wc -l <lines)" 2
}

@test "kcat-in ignores malformed acknowledgements and those of another run" {
    make_topics 100
    mkfifo acks
    read_topic "$topic" -G "$group" --shard 0/1 --acks acks >lines 2>err &
    reader=$!
    wait_until 20 has_lines 102 lines
    {
        tail -n 1 lines | jq -c --arg run "$RUN" '.run = $run'
        echo nonsense
    } >acks
    wait_until 10 grep -q 'ignored a line that is not a mark' err
    sleep 0.5
    run ! is_gone $reader
    tail -n 1 lines >acks
    wait $reader
}

@test "--acks refuses a file that is not a FIFO" {
    touch acks
    run -73 --separate-stderr kcat-out -t "$topic" --create --acks acks </dev/null
    assert_eq "$stderr" 'kcat-out: --acks: acks: exists and is not a FIFO'
}

@test "members hand over partitions after everything from them is acknowledged" {
    make_topics 20000
    keeping_stage
    mkfifo acks1 acks2
    touch kept1 kept2
    start bash -c "kcat-in '$topic' -G $group --marks=100ms --acks acks1 | perl keep kept1 acks1"
    wait_until 20 has_lines 1000 kept1
    start bash -c "kcat-in -v '$topic' -G $group --marks=100ms --acks acks2 2>log2 |
        perl keep kept2 acks2"
    wait_until 30 grep -q '[12] partitions assigned' log2
    seq 20001 20500 | jq -c '{n: .}' | produce "$topic" --key-jq '.n | tostring'
    wait_until 30 has_lines 20500 kept1 kept2
    [ -s kept2 ]
    sleep 1
    sed 's/.*"n":\([0-9]*\).*/\1/' kept1 kept2 >numbers
    assert_exactly_once 20500 numbers
}

@test "after a signal, kcat-in commits a last mark and the later stages end in order" {
    make_topics 2000
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --marks --acks acks | kcat-out -t '$out' --acks acks
echo "\${PIPESTATUS[*]}" >statuses
END
    start bash pipeline
    wait_until 20 out_has 2000
    pkill -TERM -s $! kcat-in
    await $!
    assert_eq "$(<statuses)" '0 0'
    assert_eq "$(read_topic "$topic" -G "$group" | wc -l)" 0
}
