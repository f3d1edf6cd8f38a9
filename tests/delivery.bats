#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What marks are for: nothing is lost, and with transactions nothing doubled, across a pipe whose
# stages are killed. On a real Kafka.

# shellcheck disable=SC2034,SC2154 # started is for helpers.bash, and $stderr is set by run

load helpers

RUN=01234567-89ab-4def-8123-456789abcdef

setup() {
    need_kafka
    started=()
    cd "$BATS_TEST_TMPDIR" || return 1
    topic=$(fresh_topic)
    out=$(fresh_topic out)
    group=g-$topic
}

teardown() {
    stop_started
}

teardown_file() {
    stop_own_kafka
}

# make_topics COUNT: fills $topic with so many numbered records, of 400 bytes so that a pipe does not
# hold them all, and makes $out.
make_topics() {
    awk -v count="$1" 'BEGIN {
        pad = sprintf("%380s", ""); gsub(/ /, "x", pad)
        for (i = 1; i <= count; i++) printf "{\"n\":%d,\"pad\":\"%s\"}\n", i, pad
    }' | produce "$topic" --create=3
    create_topic "$out" 2
}

# numbers_of TOPIC: of the records in it that are committed.
numbers_of() {
    read_topic "$1" | sed 's/.*"n":\([0-9]*\).*/\1/'
}

# Whether $out has so many different records, or more. A commit takes a moment to be seen.
out_has() {
    [ "$(numbers_of "$out" | sort -un | wc -l)" -ge "$1" ]
}

# mark KIND SEQ OFFSET [MEMBERS]: of $topic and partition 0.
mark() {
    printf '{"@mark":"%s","run":"%s","seq":%s,"at":[["%s",0,%s]]%s}\n' \
        "$1" "$RUN" "$2" "$topic" "$3" "${4:+,$4}"
}

# A stage that passes some 10000 lines a second.
slow_stage() {
    cat >slow <<'END'
while IFS= read -r line; do
    printf '%s\n' "$line"
    ((++n % 200)) || sleep 0.01
done
END
}

# A last stage that keeps lines in the file of its first argument and sends marks back through the
# second.
keeping_stage() {
    cat >keep <<'END'
while IFS= read -r line; do
    case $line in
    '{"@mark"'*) echo "$line" >"$2" ;;
    *) echo "$line" >>"$1" ;;
    esac
done
END
}

# --- kcat-in ---

@test "a stream begins with hello and ends with end, and marks say where it is" {
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

@test "a mark covers just the records before it" {
    make_topics 50000
    slow_stage
    start bash -c "kcat-in '$topic' -e --marks=100ms | bash slow >lines"
    await $! 60
    [ "$(grep -c '^{"@mark":"mark"' lines)" -gt 3 ]
    awk '/^{"@mark"/ { print records + 0; next } { records++ }' lines >counted
    jq -n 'inputs | select(."@mark") | [.at[][2]] | add' lines | cmp - counted
}

@test "marks come after each 256 KiB too, but only sixteen before their time" {
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

@test "marks come while nothing does, every five seconds" {
    create_topic "$topic"
    start kcat-in "$topic" --marks=100ms >lines
    wait_until 8 has_lines 2 lines
    sleep 1
    assert_eq "$(wc -l <lines)" 2
}

@test "the watermark is the time up to which all partitions are read" {
    seq 100 109 | jq -c '{timestamp: .}' | produce "$topic" --create=1
    read_topic "$topic" --marks | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 109000
    jq -nc '{ts: "2023-09-12T00:00:00Z"}' | produce "$topic"
    read_topic "$topic" --marks --time-field ts | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 1694476800000
    jq -nc '{at: {created: 7}}' | produce "$topic"
    read_topic "$topic" --marks --time-field at.created | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 7000
    # A time that the records do not have is not guessed: all others would be late.
    read_topic "$topic" --marks --time-field no | tail -n 1 >end
    assert_eq "$(jq .watermark end)" null
}

@test "a time far in the future is not believed" {
    printf '{"timestamp":100}\n{"timestamp":9999999999}\n' | produce "$topic" --create=1
    read_topic "$topic" --marks | tail -n 1 >end
    assert_eq "$(jq .watermark end)" 100000
}

@test "the partition that is behind holds the watermark back, until it is read to its end" {
    jq -nc 'range(20000) | {timestamp: (1000 + .), pad: ("x" * 300)}' >one
    jq -nc '{timestamp: 5}' >other
    create_topic "$topic" 2
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -p 0 -l one
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -p 1 -l other
    slow_stage
    start bash -c "kcat-in '$topic' --marks=100ms | bash slow >lines"
    wait_until 20 has_lines 20003 lines
    wait_until 10 grep -q '"watermark":20999000' lines
    jq -n '[inputs.watermark // empty] | . == sort' lines | grep -qx true
}

@test "shards divide the partitions of all topics among them" {
    make_topics 1000
    for shard in 0/4 1/4 2/4; do
        read_topic "$topic" --shard $shard
    done | sed 's/.*"n":\([0-9]*\).*/\1/' >numbers
    assert_exactly_once 1000 numbers
    run -78 --separate-stderr read_topic "$topic" --shard 3/4
    assert_eq "$stderr" 'kcat-in: shard 3/4: no topic has a partition for it'
    for bad in x 1 1/ 1/1 2/1 -1/2 0/0 '' 1/2/3; do
        run -64 read_topic "$topic" --shard "$bad"
    done
}

@test "a set of partitions has one name, however it is given" {
    create_topic "$topic" 6
    while read -r options name; do
        # shellcheck disable=SC2086 # several options
        read_topic "$topic" --marks ${options//+/ } | head -n 1 >hello
        assert_eq "$(jq -r .shard hello)" "$name"
    done <<'END'
--shard=00/2 0/2
--shard=1/002 1/2
-p+3 3
-p+1,0 0-1
-p+0-1 0-1
-p+05,3,2,0,1,1 0-3,5
END
}

@test "a group's partitions are not shared cooperatively" {
    run -64 --separate-stderr kcat-in x -G g -X partition.assignment.strategy=range,cooperative-sticky
    assert_eq "$stderr" 'kcat-in: partition.assignment.strategy: range,cooperative-sticky is not supported; use range or roundrobin'
}

@test "options that do not go together are wrong usage" {
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

@test "with a fixed set of partitions and no --acks, kcat-in commits nothing, not even the beginning" {
    make_topics 100
    read_topic "$topic" -G "$group" --shard 0/1 --marks -o end >lines
    assert_eq "$(wc -l <lines)" 2
    assert_eq "$(read_topic "$topic" -G "$group" --shard 0/1 --marks | grep -c '"n"')" 100
}

@test "with --acks where a group begins is kept before its first record" {
    make_topics 100
    start kcat-in "$topic" -G "$group" --shard 0/1 --acks acks -o end >lines
    wait_until 10 has_lines 1 lines
    kill -KILL $!
    await $!
    seq 101 110 | jq -c '{n: .}' | produce "$topic"
    read_topic "$topic" -G "$group" --shard 0/1 --marks -o end | grep -v '^{"@mark"' >lines
    assert_eq "$(jq .n lines | sort -n | xargs)" "$(seq 101 110 | xargs)"
}

@test "a partition that is new to a topic is read from its beginning, though the group began at the end" {
    for fixed in '' '--shard=0/1'; do
        create_topic "$topic"
        seq 10 | produce "$topic"
        assert_eq "$(read_topic "$topic" -G "$group" -o end $fixed)" ''
        "$BUILD_DIR/tests/alter_topic" grow "$topic" 2
        seq 100 109 | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -p 1
        assert_eq "$(read_topic "$topic" -G "$group" -o end $fixed | xargs)" "$(seq 100 109 | xargs)"
        topic=$topic-2
    done
}

# A topic takes a moment to be gone.
remake_topic() {
    produce "$topic" --create=1 <new 2>/dev/null
}

@test "a topic that was made anew is no place to go on in" {
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
    # 69 when it has asked for the topic while that was not there.
    assert_match "$status $(<err)" \
        '^(78 .*\[0\]: ends at offset 20, but was read up to 100 already: |69 .*topic )'
}

@test "a group that is beyond the end of its topic is no place to go on from" {
    seq 20 | produce "$topic" --create=1
    create_topic "$out"
    { mark hello 0 0 "\"group\":\"$group\",\"shard\":\"0/1\"" && mark end 1 100; } >in
    kcat-out -t "$out" --exactly-once <in
    run -78 --separate-stderr read_topic "$topic" -G "$group" --shard 0/1 --marks --wait 2s
    assert_match "$stderr" ': ends at offset 20, but was read up to 100 already: '
}

@test "a start that fails ends, though records were on their way" {
    make_topics 20000
    touch acks
    for _ in 1 2 3; do
        run -73 --separate-stderr timeout -k 1 20 kcat-in "$topic" -G "$group" --shard 0/1 --acks acks
        assert_eq "$stderr" 'kcat-in: --acks: acks: it is there and no FIFO'
    done
}

@test "with marks nothing is committed that nobody has acknowledged" {
    make_topics 100
    for _ in 1 2; do
        assert_eq "$(read_topic "$topic" -G "$group" --marks | grep -c '"n"')" 100
    done
    # Nobody answers, so it waits until it is told to stop. It does not leave the group then.
    start kcat-in "$topic" -G "$group" --acks acks -X session.timeout.ms=6000 >lines
    wait_until 20 has_lines 102 lines
    kill -TERM $!
    wait_until 10 has_let_go_of_signals $!
    kill -TERM $!
    await $!
    assert_eq "$(read_topic "$topic" -G "$group" --marks | grep -c '"n"')" 100
}

@test "what comes back through the FIFO is committed, with its seq" {
    make_topics 100
    keeping_stage
    mkfifo acks
    read_topic "$topic" -G "$group" --shard 0/1 --acks acks | bash keep kept acks
    assert_eq "$(wc -l <kept)" 100
    read_topic "$topic" -G "$group" --shard 0/1 --acks acks >lines &
    wait_until 20 has_lines 2 lines
    tail -n 1 lines >acks
    wait $!
    assert_eq "$(jq -c '[.seq,([.at[][2]]|add)]' lines | head -n 1)" '[1,100]'
    assert_eq "$(wc -l <lines)" 2
}

@test "acknowledgements of another run, and what is none, commit nothing" {
    make_topics 100
    mkfifo acks
    read_topic "$topic" -G "$group" --shard 0/1 --acks acks >lines 2>err &
    reader=$!
    wait_until 20 has_lines 102 lines
    {
        tail -n 1 lines | jq -c --arg run $RUN '.run = $run'
        echo nonsense
    } >acks
    wait_until 10 grep -q 'no mark is ignored' err
    sleep 0.5
    run ! is_gone $reader
    tail -n 1 lines >acks
    wait $reader
}

@test "a file that is no FIFO is refused" {
    touch acks
    run -73 --separate-stderr kcat-out -t "$topic" --create --acks acks </dev/null
    assert_eq "$stderr" 'kcat-out: --acks: acks: it is there and no FIFO'
}

@test "members of a group give partitions over when all of them is acknowledged" {
    make_topics 20000
    keeping_stage
    mkfifo acks1 acks2
    touch kept1 kept2
    start bash -c "kcat-in '$topic' -G $group --marks=100ms --acks acks1 | bash keep kept1 acks1"
    wait_until 20 has_lines 1000 kept1
    start bash -c "kcat-in -v '$topic' -G $group --marks=100ms --acks acks2 2>log2 |
        bash keep kept2 acks2"
    wait_until 30 grep -q '[12] partitions assigned' log2
    seq 20001 20500 | jq -c '{n: .}' | produce "$topic" --key-jq '.n | tostring'
    wait_until 30 has_lines 20500 kept1 kept2
    [ -s kept2 ]
    sleep 1
    sed 's/.*"n":\([0-9]*\).*/\1/' kept1 kept2 >numbers
    assert_exactly_once 20500 numbers
}

@test "a signal is answered by a last mark, which is committed, and ends the stages behind in order" {
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

# --- At least once ---

# Whether all threads of a process have taken its SIGSTOP, which is a while later on a busy machine.
is_stopped() {
    ! cat "/proc/$1"/task/*/status | grep '^State:' | grep -qv '[[:space:]]T'
}

@test "kcat-out acknowledges a mark when the broker has all before it, and not earlier" {
    start_own_kafka
    create_topic "$topic"
    mkfifo acks
    exec {acks}<>acks
    start_fed kcat-out -t "$topic" --acks acks
    mark hello 0 0 | write_to_feed
    read -r -t 20 -u "$acks" line
    assert_eq "$line" '' # where a writer before may have been cut short
    read -r -t 20 -u "$acks" line
    assert_eq "$line" "$(mark hello 0 0)"
    broker=$(<"$BATS_FILE_TMPDIR/kafka/pid")
    kill -STOP "$broker"
    wait_until 10 is_stopped "$broker"
    { echo 1 && mark mark 1 1 && mark mark 2 1; } | write_to_feed
    if read -r -t 2 -u "$acks" line; then
        echo "early: $line" >&2
        false
    fi
    kill -CONT "$broker"
    read -r -t 20 -u "$acks" line
    assert_eq "$line" "$(mark mark 2 1)"
    mark end 3 1 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    read -r -t 20 -u "$acks" line
    assert_eq "$line" "$(mark end 3 1)"
    exec {acks}>&-
}

@test "with --tee lines and marks are passed on when the broker has all before them, and not earlier" {
    start_own_kafka
    create_topic "$topic"
    broker=$(<"$BATS_FILE_TMPDIR/kafka/pid")
    start_fed kcat-out -t "$topic" --tee
    { mark hello 0 0 && echo 1; } | write_to_feed
    wait_until 20 has_lines 2 out
    kill -STOP "$broker"
    wait_until 10 is_stopped "$broker"
    { echo 2 && mark mark 1 1 && echo 3; } | write_to_feed
    sleep 1
    assert_eq "$(wc -l <out)" 2
    kill -CONT "$broker"
    wait_until 20 has_lines 5 out
    mark end 2 2 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(<out)" "$(mark hello 0 0 && echo 1 && echo 2 && mark mark 1 1 && echo 3 && mark end 2 2)"
}

@test "in a stream with marks --tee passes nothing on behind a line that could not be delivered" {
    create_topic "$topic"
    create_topic "$topic-gone"
    start_fed kcat-out -t "$topic" --route "gone=$topic-gone" --tee -X message.timeout.ms=2000 \
        -X topic.metadata.refresh.interval.ms=200 -X topic.metadata.propagation.max.ms=0
    { mark hello 0 0 && echo 1; } | write_to_feed
    wait_until 20 has_lines 2 out
    "$BUILD_DIR/tests/alter_topic" delete "$topic-gone"
    sleep 1
    { echo '{"gone":1}' && mark mark 1 2 && echo 2; } | write_to_feed || true
    close_feed
    await "$pid"
    assert_eq "$status" 75
    assert_match "$(<err)" '^kcat-out: (.* not delivered: .*|--tee: a line was not delivered: .*)'
    assert_eq "$(<out)" "$(mark hello 0 0 && echo 1)"
}

@test "of a chain of sinks the last one acknowledges, and all have what was committed" {
    make_topics 20000
    create_topic "$out-2"
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms --acks acks | kcat-out -t '$out' --tee |
    bash slow | kcat-out -t '$out-2' --acks acks
END
    restart_and_kill 2 kcat-out
    sed -i 's/kcat-in/kcat-in -e/' pipeline
    start bash pipeline
    await $! 60
    assert_eq "$status" 0
    for sink in "$out" "$out-2"; do
        numbers_of "$sink" >numbers
        assert_at_least_once 20000 numbers
    done
}

# restart_and_kill TIMES STAGE...: runs the script pipeline so often and kills a stage each time,
# when records are on their way.
restart_and_kill() {
    local times=$1 stages=("${@:2}") before

    for ((i = 0; i < times; i++)); do
        before=$(numbers_of "$out" | wc -l)
        start bash pipeline 2>>err
        wait_until 30 grows_beyond "$before"
        pkill -KILL -s $! "${stages[i % ${#stages[@]}]}"
        await $!
    done
}

grows_beyond() {
    [ "$(numbers_of "$out" | wc -l)" -gt "$1" ]
}

@test "with --acks nothing is lost when stages are killed, and much less is repeated than without" {
    make_topics 60000
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms --acks acks | bash slow | kcat-out -t '$out' --acks acks
END
    restart_and_kill 3 kcat-out kcat-in
    sed -i 's/kcat-in/kcat-in -e/' pipeline
    start bash pipeline
    await $! 60
    numbers_of "$out" >numbers
    assert_at_least_once 60000 numbers
    # It went on from where it was: the runs together have not written it all again.
    [ "$(wc -l <numbers)" -lt 120000 ]
}

@test "without marks records in the pipe are lost when a stage is killed" {
    make_topics 60000
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' | bash slow | kcat-out -t '$out'
END
    restart_and_kill 2 kcat-out
    sed -i 's/kcat-in/kcat-in -e/' pipeline
    start bash pipeline
    await $! 60
    [ "$(numbers_of "$out" | sort -un | wc -l)" -lt 60000 ]
}

# --- Exactly once ---

# The pipeline of most of these tests, with a slow stage in it. Without a transactional id that
# kcat-out knows from the start, one that is stopped in the middle of a commit can hold up the next
# one for a minute.
exactly_once_pipeline() {
    slow_stage
    cat >pipeline <<END
kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms $1 | bash slow |
    kcat-out -t '$out' --exactly-once --transactional-id '$group'
echo "\${PIPESTATUS[*]}" >statuses
END
}

@test "with --exactly-once each record is there once, though stages are killed" {
    make_topics 60000
    exactly_once_pipeline
    restart_and_kill 4 kcat-out kcat-in bash
    exactly_once_pipeline -e
    start bash pipeline
    await $! 60
    assert_eq "$(<statuses)" '0 0 0'
    wait_until 10 out_has 60000
    numbers_of "$out" >numbers
    assert_exactly_once 60000 numbers
}

@test "a pipeline that wakes up after its successor began is fenced, and doubles nothing" {
    make_topics 60000
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
    wait_until 60 out_has 60000
    pkill -TERM -s $second kcat-in
    await $second
    numbers_of "$out" >numbers
    assert_exactly_once 60000 numbers
}

@test "what is not committed by a mark is not seen, in any of the topics" {
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

has_records() {
    [ "$(read_topic "${@:2}" | wc -l)" -ge "$1" ]
}

@test "a stream that begins where the group is not is refused" {
    create_topic "$topic"
    create_topic "$out"
    read_topic "$topic" -G "$group" --shard 0/1 >/dev/null
    mark hello 0 5 "\"group\":\"$group\",\"shard\":\"0/1\"" >in
    run -75 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_eq "$stderr" "kcat-out: group $group: another pipeline has moved on: $topic [0] is committed up to 0, and this stream begins at 5"
}

@test "a stream that goes on with another mark than the group's last one is refused" {
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
        assert_match "$stderr" "^kcat-out: group $group: another pipeline has moved on: mark 3 of run $RUN "
    done
    { mark hello 3 5 "$members,\"from\":\"$RUN\"" && mark end 4 5; } >in
    kcat-out -t "$out" --exactly-once <in
}

@test "the beginning of a group that has no offsets is kept before the first record" {
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

@test "the beginning of a partition that is new to the group is kept too" {
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
    run -75 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" ': mark 0 of run none is committed, and this stream goes on with mark 1 of run '
}

@test "--exactly-once and --acks need marks, and the former a group and fixed partitions" {
    create_topic "$out"
    for option in --exactly-once --acks=fifo; do
        run -64 --separate-stderr kcat-out -t "$out" $option <<<1
        assert_match "$stderr" '^kcat-out: --[a-z-]*: the lines come without marks, '
        run -75 --separate-stderr kcat-out -t "$out" $option </dev/null
        assert_match "$stderr" '^kcat-out: stdin: ended without any mark'
    done
    mark hello 0 0 >in
    run -64 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" 'without a group'
    mark hello 0 0 '"group":"g"' >in
    run -64 --separate-stderr kcat-out -t "$out" --exactly-once <in
    assert_match "$stderr" 'no fixed partitions'
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

@test "a reject that is too large for its topic becomes one of kcat-out, and the others are committed" {
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

@test "lines for a topic that goes away are not committed as done" {
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

@test "the ledger counts what was not committed as undelivered" {
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

@test "two shards are two pipelines that do not get in each other's way" {
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

@test "marks say what kcat-out has committed" {
    make_topics 100
    start bash -c "kcat-in '$topic' -G '$group' --shard 0/1 --marks=100ms | tee lines |
        kcat-out -t '$out' --exactly-once"
    wait_until 20 grep -q '"committed":1}' lines
}

@test "a transactional id of one's own fences before the first mark" {
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

@test "grep, sed, awk and jq in the middle keep the guarantee when they keep marks" {
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
