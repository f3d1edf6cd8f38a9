#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause

# shellcheck disable=SC2154 # $stderr is set by run

load helpers

setup() {
    need_kafka
    started=()
    cd "$BATS_TEST_TMPDIR" || return 1
    topic=$(fresh_topic)
    group=g-$topic
}

teardown() {
    stop_started
}

teardown_file() {
    stop_own_kafka
}

# make_topic PARTITIONS COUNT: fills $topic with the numbers from 1.
make_topic() {
    seq "$2" | produce "$topic" --create="$1"
}

# --- What is read ---

@test "all records of a topic of several partitions come exactly once" {
    make_topic 4 20000
    read_topic "$topic" --stats stats >out
    assert_exactly_once 20000 out
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[20000,20000,0]'
    assert_ledger_adds_up stats
}

@test "within a partition the order is kept" {
    seq 1000 | produce "$topic" --create=3 --key-jq '. % 10 | tostring'
    for partition in 0 1 2; do
        read_topic "$topic" -p $partition >out
        [ -s out ]
        sort -nc out
    done
}

@test "an empty topic with -e is an empty output and success" {
    create_topic "$topic" 3
    run -0 --separate-stderr read_topic "$topic"
    assert_eq "$output$stderr" ''
}

@test "-e stops at the end as it was at the start, while the topic goes on" {
    # More than the pipe holds, so that it is still reading when new records come.
    yes '"0123456789012345678901234567890123456789012345678901234567890123456789"' | head -n 50000 |
        produce "$topic" --create=2
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -e -v >pipe 2>log 5>&-
    reader=$!
    wait_until 10 grep -q '\[1\]: from offset' log
    seq 10 | produce "$topic"
    timeout 20 cat <pipe 5>&- >out &
    exec 5>&-
    await $reader
    assert_eq $status 0
    wait_until 10 has_lines 50000 out
    assert_eq "$(wc -l <out)" 50000
    run ! grep -qx 1 out
}

@test "without -e it goes on with what comes later, at once" {
    make_topic 2 10
    start kcat-in "$topic" >out
    wait_until 10 has_lines 10 out
    seq 11 20 | produce "$topic"
    wait_until 5 has_lines 20 out
    assert_exactly_once 20 out
}

@test "-c stops after so many records" {
    make_topic 3 1000
    timeout 20 kcat-in "$topic" -c 10 >out
    assert_eq "$(sort -un out | wc -l)" 10
    timeout 20 kcat-in "$topic" -c 1000 >out
    assert_exactly_once 1000 out
}

@test "several topics are operands or given by -t" {
    other=$(fresh_topic b)
    make_topic 2 10
    seq 11 20 | produce "$other" --create
    read_topic "$topic" "$other" >out
    assert_exactly_once 20 out
    read_topic -t "$topic" "$other" >out
    assert_exactly_once 20 out
    read_topic -t "$topic" -t "$other" "$topic" >out
    assert_exactly_once 20 out
}

@test "a pattern stands for all topics that match it, with a group and without" {
    for name in "$topic-x" "$topic-y" "other-$topic"; do
        echo "\"$name\"" | produce "$name" --create
    done
    printf '"%s"\n' "$topic-x" "$topic-y" >expected
    read_topic "^$topic-[xy]" | sort | cmp - expected
    read_topic -G "$group" "^$topic-.*" | sort | cmp - expected
}

@test "a pattern that matches no topic, or is none, is an error" {
    run -69 --separate-stderr read_topic "^$topic-nothing"
    assert_eq "$stderr" "kcat-in: topic ^$topic-nothing: matches no topic"
    run -64 --separate-stderr read_topic '^a['
    assert_match "$stderr" '^kcat-in: topic \^a\[: '
    run -64 --separate-stderr read_topic -G "$group" '^a['
    assert_match "$stderr" '^kcat-in: '
}

@test "-p reads only these partitions" {
    seq 1000 | produce "$topic" --create=4 --key-jq tostring
    read_topic "$topic" -p 0 >out0
    read_topic "$topic" -p 1-2 >out12
    read_topic "$topic" -p 3 >out3
    [ -s out0 ] && [ -s out12 ] && [ -s out3 ]
    assert_exactly_once 1000 out0 out12 out3
    read_topic "$topic" -p 3,0-1,2,2 >out
    assert_exactly_once 1000 out
}

@test "-p with a partition that is not there says how many there are" {
    create_topic "$topic" 2
    run -69 --separate-stderr read_topic "$topic" -p 0,2
    assert_eq "$stderr" "kcat-in: topic $topic: no partition 2, it has 2"
}

@test "records of every codec are read" {
    create_topic "$topic" 1
    for codec in gzip snappy lz4 zstd none; do
        seq 500 | produce "$topic" -z $codec -k "$codec"
    done
    read_topic "$topic" >out
    for _ in 1 2 3 4 5; do seq 500; done | cmp - out
}

@test "a topic that ends with the marker of a transaction has an end" {
    create_topic "$topic" 1
    seq 10 | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -X transactional.id="$topic"
    # The coordinator writes the marker after it has answered.
    all_visible() { read_topic "$topic" >out && [ "$(wc -l <out)" -eq 10 ]; }
    wait_until 10 all_visible
    assert_exactly_once 10 out
    # A group gets over the marker too, and has nothing left.
    read_topic "$topic" -G "$group" >out
    assert_exactly_once 10 out
    assert_eq "$(read_topic "$topic" -G "$group")" ''
}

@test "records of an aborted transaction are not read, nor those of an open one waited for" {
    has_records() { [ "$(read_topic "$topic" -X isolation.level="$2" | wc -l)" -ge "$1" ]; }
    create_topic "$topic" 1
    mkfifo pipe
    exec 5<>pipe
    start kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -X transactional.id="$topic" \
        <pipe 5>&- 2>/dev/null
    writer=$!
    seq -f "%.0f000000" 200000 >&5 # kcat reads its stdin by the megabyte
    wait_until 10 has_records 1000 read_uncommitted
    seq 5 | produce "$topic"
    assert_eq "$(read_topic "$topic")" ''
    kill -KILL $writer
    exec 5>&-
    # The next producer of that name aborts what the killed one left.
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -X transactional.id="$topic" </dev/null
    wait_until 10 has_records 5 read_committed
    read_topic "$topic" >out
    assert_exactly_once 5 out
}

# --- Where it begins and ends ---

@test "-o takes offsets, tails and ranges" {
    make_topic 1 10
    while read -r offset expected; do
        run -0 read_topic "$topic" -o "$offset"
        assert_eq "$offset ${output//$'\n'/,}" "$offset $expected"
    done <<'TABLE'
beginning 1,2,3,4,5,6,7,8,9,10
end
0 1,2,3,4,5,6,7,8,9,10
7 8,9,10
10
1000
-3 8,9,10
-1000 1,2,3,4,5,6,7,8,9,10
2:5 3,4,5
5:2
:3 1,2,3
7: 8,9,10
-2: 9,10
-5:-3 6,7
beginning:2 1,2
beginning:end 1,2,3,4,5,6,7,8,9,10
:end 1,2,3,4,5,6,7,8,9,10
8:end 9,10
:-8 1,2
:1000 1,2,3,4,5,6,7,8,9,10
TABLE
}

@test "the end of a range stops it without -e" {
    seq 1000 | produce "$topic" --create=2 --key-jq tostring
    run -0 timeout 20 kcat-in "$topic" -o :end
    assert_eq ${#lines[@]} 1000
    run -0 timeout 20 kcat-in "$topic" -o 100:103
    assert_eq ${#lines[@]} 6
}

@test "-o takes moments: epoch milliseconds, RFC 3339 and durations ago" {
    create_topic "$topic" 2
    seq 3 | produce "$topic"
    sleep 0.05
    moment=$(date +%s%3N)
    sleep 0.05
    seq 4 6 | produce "$topic"
    rfc=$(date -u -d "@${moment%???}.${moment: -3}" +%FT%T.%3NZ)
    zoned=$(TZ=UTC-2 date -d "@${moment%???}.${moment: -3}" +%FT%T.%3N+02:00)

    while read -r offset expected; do
        run -0 read_topic "$topic" -o "$offset"
        output=$(sort -n <<<"$output")
        assert_eq "$offset ${output//$'\n'/,}" "$offset $expected"
    done <<TABLE
@$moment 4,5,6
@$rfc 4,5,6
@$zoned 4,5,6
@1h 1,2,3,4,5,6
@1h:@$moment 1,2,3
@1h:$moment 1,2,3
@1h:$rfc 1,2,3
:@$moment 1,2,3
:@$rfc 1,2,3
@2001-01-01T00:00:00Z:@$rfc 1,2,3
@$rfc:@$rfc
@$moment:end 4,5,6
@1h:end 1,2,3,4,5,6
@9999999999999
s@$moment 4,5,6
e@$moment 1,2,3
TABLE
    run -0 timeout 20 kcat-in "$topic" -o "s@$moment" -o "e@9999999999999"
    assert_eq "$(sort -n <<<"$output" | paste -sd,)" 4,5,6
}

# --- One value, one line ---

@test "a value of several lines becomes one line that means the same" {
    cat >value <<'JSON'
{
  "a": [1, 2,
        "two \n lines",	"tab \t and \r\n"],

  "b": {"c": null
       }
}

JSON
    sed 's/$/\r/' value >crlf
    create_topic "$topic"
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" value crlf
    printf '5\n' >number
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" number
    read_topic "$topic" >out
    assert_eq "$(wc -l <out)" 3
    run ! grep -q $'\r' out
    jq -cS . out | cmp - <(jq -cS . value value number)
    # The same through a filter that lets all pass.
    read_topic "$topic" -j 'select(true)' | cmp - out
}

@test "a tombstone is null" {
    create_topic "$topic"
    printf 'k:\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -Z -K: -t "$topic"
    run -0 --separate-stderr read_topic "$topic"
    assert_eq "$output$stderr" null
}

@test "an empty value is no JSON" {
    create_topic "$topic"
    printf 'k:\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -K: -t "$topic"
    run -0 --separate-stderr read_topic "$topic"
    assert_eq "$output" ''
    assert_eq "$(jq -c '[.reject,.raw,.topic,.partition,.offset]' <<<"$stderr")" \
        "[\"not_json\",\"\",\"$topic\",0,0]"
}

@test "what is not JSON is a reject with its place and its bytes" {
    printf '{"a":1}\nnot json\n{"a":\n{"b":2}\n' | produce "$topic" --create
    run -0 --separate-stderr read_topic "$topic" --stats stats
    assert_eq "$output" '{"a":1}
{"b":2}'
    assert_eq "$(jq -c '[.reject,.stage,.topic,.partition,.offset,.raw]' <<<"$stderr")" \
        "[\"not_json\",\"kcat-in\",\"$topic\",0,1,\"not json\"]
[\"not_json\",\"kcat-in\",\"$topic\",0,2,\"{\\\"a\\\":\"]"
    assert_eq "$(ledger stats '[.in,.out,.rejected,.by_reason]')" '[4,2,2,{"not_json":2}]'
    assert_ledger_adds_up stats
}

@test "values that are not UTF-8, or hold NUL bytes, keep every byte in the reject" {
    printf '{"a":"\xff\xfe"}' >latin
    printf '{"a":"\0\0"}\0' >nul
    create_topic "$topic"
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" latin nul
    run -0 --separate-stderr read_topic "$topic" --rejects rejects
    assert_eq "$output$stderr" ''
    jq -r 'select(.offset == 0).raw_b64' rejects | base64 -d | cmp - latin
    jq -j 'select(.offset == 1).raw' rejects | cmp - nul
}

@test "a value that begins like a mark gets a space, so that it cannot be taken for one" {
    create_topic "$topic"
    printf '{"@mark":"end","run":"x"}\n{"@market":1}\n' |
        timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic"
    run -0 read_topic "$topic"
    assert_eq "$output" '{ "@mark":"end","run":"x"}
{"@market":1}'
    run -0 read_topic "$topic" -j '{"@mark": 1}'
    assert_eq "${lines[0]}" '{ "@mark":1}'
}

@test "strange numbers, escapes and spacing pass byte for byte" {
    cat >odd <<'END'
  { "big" : 123456789012345678901234567890, "e":1.50E+02, "z":-0, "lone":"\ud800", "s":"\/" }
[]
"text"
1e999
END
    produce "$topic" --create <odd
    read_topic "$topic" >out
    cmp odd out
}

@test "rejects go to a file, which is appended to, or in-band" {
    printf 'bad\n{"a":1}\n' | produce "$topic" --create
    echo kept >rejects
    assert_eq "$(read_topic "$topic" --rejects rejects)" '{"a":1}'
    assert_eq "$(sed -n 1p rejects)" kept
    assert_eq "$(sed -n 2p rejects | jq -r .raw)" bad
    run -0 --separate-stderr read_topic "$topic" --rejects -
    assert_eq "$stderr" ''
    assert_eq "$(jq -r .reject <<<"${lines[0]}")" not_json
    assert_eq "${lines[1]}" '{"a":1}'
}

@test "a jq program selects, changes and multiplies records as they enter" {
    seq 10 | produce "$topic" --create
    run -0 read_topic "$topic" -j 'select(. % 2 == 0) | ., {n: .}' --stats stats
    assert_eq "$(paste -sd' ' <<<"$output")" \
        '2 {"n":2} 4 {"n":4} 6 {"n":6} 8 {"n":8} 10 {"n":10}'
    assert_eq "$(ledger stats '[.in,.made,.filtered,.out]')" '[10,5,5,10]'
    assert_ledger_adds_up stats
    run -0 --separate-stderr read_topic "$topic" -j 'if . == 3 then error("three") else empty end'
    assert_eq "$(jq -c '[.reject,.offset,.raw]' <<<"$stderr")" '["filter_error",2,"3"]'
}

@test "a record of 900 kB passes" {
    printf '{"x":"%s"}\n' "$(head -c 900000 /dev/zero | tr '\0' x)" >big
    produce "$topic" --create <big
    read_topic "$topic" | cmp - big
}

@test "a record over --max-line is a reject, and what follows passes" {
    {
        printf '{"x":"%s"}\n' "$(head -c 100000 /dev/zero | tr '\0' x)"
        echo '{"a":1}'
    } | produce "$topic" --create
    run -0 --separate-stderr read_topic "$topic" --max-line 90k
    assert_eq "$output" '{"a":1}'
    assert_eq "$(jq -c '[.reject,.offset,(.raw|length)]' <<<"$stderr")" '["too_long",0,65536]'
}

# --- Groups ---

@test "a group goes on where it stopped" {
    make_topic 3 1000
    read_topic "$topic" -G "$group" >out1
    assert_exactly_once 1000 out1
    assert_eq "$(read_topic "$topic" -G "$group")" ''
    seq 1001 1010 | produce "$topic"
    read_topic "$topic" -G "$group" >out2
    assert_exactly_once 1010 out1 out2
}

@test "a group's own offsets win over -o, which is for the first time" {
    make_topic 1 10
    assert_eq "$(read_topic "$topic" -G "$group" -o -2 | paste -sd,)" 9,10
    assert_eq "$(read_topic "$topic" -G "$group" -o beginning)" ''
    assert_eq "$(read_topic "$topic" -G "$group" -o stored)" ''
    assert_eq "$(read_topic "$topic" -G "$group-b" -o stored | wc -l)" 10
}

@test "a group that begins at the end has begun, though nothing came" {
    make_topic 2 10
    assert_eq "$(read_topic "$topic" -G "$group" -o end)" ''
    seq 11 20 | produce "$topic"
    assert_eq "$(read_topic "$topic" -G "$group" -o end | sort -n | paste -sd,)" \
        11,12,13,14,15,16,17,18,19,20
}

@test "a group that begins at the end skips nothing after a crash" {
    make_topic 1 3
    start kcat-in "$topic" -G "$group" -p 0 -o end -v >out1 2>log
    wait_until 10 grep -q 'from offset 3' log
    seq 4 6 | produce "$topic"
    wait_until 10 has_lines 3 out1
    kill -KILL $!
    wait_until 5 is_gone $!
    seq 7 9 | produce "$topic"
    read_topic "$topic" -G "$group" -p 0 -o end >out2
    assert_eq "$(sort -nu out1 out2 | paste -sd,)" 4,5,6,7,8,9
}

@test "a group with -p reads these partitions only, and commits them" {
    seq 1000 | produce "$topic" --create=2 --key-jq tostring
    read_topic "$topic" -G "$group" -p 1 >out1
    assert_eq "$(read_topic "$topic" -G "$group" -p 1)" ''
    read_topic "$topic" -G "$group" >out0
    [ -s out0 ] && [ -s out1 ]
    assert_exactly_once 1000 out0 out1
}

@test "-c with a group takes the records in slices" {
    make_topic 2 100
    for slice in 1 2 3 4; do
        timeout 20 kcat-in "$topic" -G "$group" -c 25 >"out$slice"
        assert_eq "$(wc -l <"out$slice")" 25
    done
    assert_exactly_once 100 out1 out2 out3 out4
}

@test "slices by -e cover all exactly once while records keep coming" {
    create_topic "$topic" 3
    seq 20000 >numbers
    start sh -c "split -n l/20 --filter='cat; sleep 0.1' numbers | kcat-out -t $topic"
    writer=$!
    until is_gone $writer; do
        read_topic "$topic" -G "$group" >>out
    done
    await $writer
    assert_eq $status 0
    read_topic "$topic" -G "$group" >>out
    assert_exactly_once 20000 out
}

# The last thing that the group said to a member: is_assigned LOG PARTITIONS
is_assigned() {
    [ "$(grep partitions "$1" | tail -n 1)" = "kcat-in: group $group: $2 partitions assigned" ]
}

@test "members share the partitions, and nothing is lost or doubled when one comes or goes" {
    create_topic "$topic" 4
    # shellcheck disable=SC2016 # that bash expands it
    start bash -c 'for ((i = 0; i < 1000 && ! done; i++)); do
            seq $((i * 2000 + 1)) $((i * 2000 + 2000))
            sleep 0.01
            [ ! -e enough ] || done=1
        done | tee numbers | kcat-out -t "$0" --key-jq tostring' "$topic"
    writer=$!
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >out1 2>log1
    first=$!
    wait_until 10 is_assigned log1 4
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >out2 2>log2
    second=$!
    wait_until 10 is_assigned log1 2
    wait_until 10 is_assigned log2 2
    wait_until 10 has_lines 100 out2
    kill -TERM $first
    await $first
    assert_eq $status 0
    wait_until 10 is_assigned log2 4
    touch enough
    await $writer
    count=$(wc -l <numbers)
    wait_until 20 has_lines "$count" out1 out2
    kill -TERM $second
    await $second
    assert_eq $status 0
    assert_exactly_once "$count" out1 out2
}

@test "SIGTERM and SIGINT stop it with success, and what was written is committed" {
    make_topic 2 1000
    start kcat-in "$topic" -G "$group" --stats stats >out
    wait_until 10 has_lines 1000 out
    kill -TERM $!
    await $!
    assert_eq $status 0
    assert_eq "$(ledger stats .out)" 1000
    seq 1001 1100 | produce "$topic"
    start kcat-in "$topic" -G "$group" >>out
    wait_until 10 has_lines 1100 out
    kill -INT $!
    await $!
    assert_eq $status 0
    assert_eq "$(read_topic "$topic" -G "$group")" ''
    assert_exactly_once 1100 out
    # Without a group it is the same.
    start kcat-in "$topic" >out
    wait_until 10 has_lines 1100 out
    kill -INT $!
    await $!
    assert_eq $status 0
}

@test "a member that is killed loses nothing" {
    make_topic 2 1000
    start kcat-in "$topic" -G "$group" -X session.timeout.ms=6000 >out
    wait_until 10 has_lines 1000 out
    # Two where it begins, and one where it has come to.
    wait_until 10 group_has_committed "$group" "$topic" 3
    seq 1001 100000 | produce "$topic"
    wait_until 10 has_lines 1200 out
    kill -KILL $!
    wait_until 5 is_gone $!
    # The last line may be cut off.
    sed -n '$!p' out >out1
    # The broker waits for the dead member until its session ends.
    read_topic "$topic" -G "$group" >out2
    [ "$(wc -l <out2)" -lt 100000 ] # something had been committed
    assert_at_least_once 100000 out1 out2
}

@test "what could not be written is not committed: a full disk" {
    make_topic 2 1000
    run -74 --separate-stderr bash -c "timeout 20 kcat-in $topic -G $group -e >/dev/full"
    assert_eq "$stderr" 'kcat-in: stdout: No space left on device'
    read_topic "$topic" -G "$group" >out
    assert_exactly_once 1000 out
}

@test "what could not be written is not committed: a limit in the middle" {
    make_topic 2 50000
    run -74 --separate-stderr bash -c "trap '' XFSZ; ulimit -f 100
        timeout 20 kcat-in $topic -G $group -e >out"
    assert_eq "$stderr" 'kcat-in: stdout: File too large'
    read_topic "$topic" -G "$group" >out2
    [ "$(wc -l <out2)" -lt 50000 ] # something had been committed
    sed -n '$!p' out >out1
    assert_at_least_once 50000 out1 out2
}

@test "a reader that leaves costs no more than the pipe held" {
    # A record is 100 bytes, a pipe 1 MiB.
    seq -f '{"n":%.0f,"x":"......................................................................"}' \
        100000 199999 >in
    produce "$topic" --create=2 <in
    run -0 bash -c "timeout 20 kcat-in $topic -G $group 2>err | head -n 3; echo \${PIPESTATUS[0]}"
    assert_eq "${lines[3]}" 141
    assert_eq "$(cat err)" ''
    read_topic "$topic" -G "$group" >out
    [ "$(wc -l <out)" -gt 85000 ]
}

@test "a reader that leaves ends it though no record comes" {
    make_topic 1 3
    start bash -c "kcat-in $topic | head -n 3 >out; exit \${PIPESTATUS[0]}"
    await $!
    assert_eq $status 141
    assert_exactly_once 3 out
}

@test "a reader that pauses for longer than the group's timeouts does not cost the membership" {
    # 100 MB in 8 partitions, of which a pipe and the bounded queues hold a third.
    filler=$(head -c 720 /dev/urandom | base64 -w 0)
    seq -f "{\"n\":%.0f,\"x\":\"$filler\"}" 100000 >in
    produce "$topic" --create=8 <in
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -G "$group" -X max.poll.interval.ms=6000 -X session.timeout.ms=6000 -v \
        >pipe 2>log 5>&-
    reader=$!
    wait_until 10 is_assigned log 8
    sleep 8
    memory=$(awk '/VmRSS/ {print $2}' /proc/$reader/status)
    start cat <pipe >out 5>&-
    exec 5>&-
    wait_until 60 has_lines 100000 out
    kill -TERM $reader
    await $reader
    assert_eq $status 0
    assert_eq "$(grep -c assigned log)" 1
    assert_eq "$(grep -ciE 'warn|error|max.poll|lost' log)" 0
    assert_eq "$(read_topic "$topic" -G "$group")" ''
    jq .n out >numbers
    assert_exactly_once 100000 numbers
    [ -n "${SAN:-}" ] || [ "$memory" -lt 90000 ]
}

@test "a member whose reader pauses lets others have their share" {
    filler=$(head -c 150 /dev/urandom | base64 -w 0)
    seq -f "{\"n\":%.0f,\"x\":\"$filler\"}" 20000 |
        produce "$topic" --create=4 --key-jq '.n | tostring'
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >pipe 2>log1 5>&-
    wait_until 10 is_assigned log1 4
    start kcat-in "$topic" -G "$group" -X heartbeat.interval.ms=300 -v >out2 2>log2 5>&-
    wait_until 10 is_assigned log2 2
    wait_until 10 is_assigned log1 2
    start cat <pipe >out1 5>&-
    exec 5>&-
    all_there() { [ "$(cat out1 out2 | sort -u | wc -l)" -eq 20000 ]; }
    wait_until 20 all_there
    kill -TERM "${started[0]}" "${started[1]}"
    await "${started[0]}"
    assert_eq $status 0
    await "${started[1]}"
    assert_eq $status 0
    assert_eq "$(read_topic "$topic" -G "$group")" ''
}

# --- Brokers and topics that are not there ---

@test "a topic that does not exist is an error after --wait" {
    for options in "" "-G $group" "-p 0" "-e"; do
        # shellcheck disable=SC2086 # the options are words
        run -69 --separate-stderr timeout 20 kcat-in "$topic" --wait 300ms $options
        assert_eq "$output" ''
        assert_eq "$stderr" "kcat-in: topic $topic: Broker: Unknown topic or partition"
    done
}

@test "a topic that is created meanwhile is read" {
    start kcat-in "$topic" --wait 20s -c 3 >out 2>log
    wait_until 10 grep -q 'waiting for it' log
    make_topic 1 3
    await $!
    assert_eq $status 0
    assert_exactly_once 3 out
    assert_eq "$(wc -l <log)" 1
}

@test "a signal ends the wait for a topic or broker" {
    for where in "$topic" "$topic -G $group" "$topic -b 127.0.0.1:1"; do
        # shellcheck disable=SC2086 # several words
        start kcat-in $where --wait 1m 2>log
        wait_until 10 grep -q 'waiting for it' log
        kill -TERM $!
        await $! 5
        assert_eq $status 75
        assert_match "$(tail -n 1 log)" '^kcat-in: .*told to stop'
    done
}

@test "a broker that cannot be reached is an error after --wait, in one line" {
    for broker in 127.0.0.1:1 no-such-host.invalid:9092; do
        run -69 --separate-stderr timeout 20 kcat-in -b "$broker" --wait 1s "$topic"
        assert_match "$(tail -n 1 <<<"$stderr")" '^kcat-in: broker: not reachable within 1s: .'
        [ "$(wc -l <<<"$stderr")" -le 2 ] # the warning that it waits may come before
    done
}

@test "a broker that goes away is waited for, with one warning" {
    start_own_kafka
    make_topic 2 10
    start kcat-in "$topic" -X reconnect.backoff.max.ms=500 -v >out1 2>log1
    alone=$!
    start kcat-in "$topic" -G "$group" -X reconnect.backoff.max.ms=500 >out2 2>log2
    member=$!
    wait_until 10 has_lines 10 out1
    wait_until 10 has_lines 10 out2
    own_kafka kill
    wait_until 10 grep -q 'not reachable, waiting for it' log1
    wait_until 10 grep -q 'not reachable, waiting for it' log2
    own_kafka restart
    seq 11 20 | produce "$topic"
    wait_until 30 has_lines 20 out1
    wait_until 30 has_lines 20 out2
    kill -TERM $alone
    await $alone
    assert_eq $status 0
    kill -TERM $member
    await $member
    assert_eq $status 0
    assert_exactly_once 20 out1
    assert_at_least_once 20 out2
    grep -q 'broker: reachable again' log1
    assert_eq "$(grep -c 'not reachable' log1)" 1
    assert_eq "$(grep -c 'not reachable' log2)" 1
}

# --- Usage and configuration ---

@test "a wrong option is a usage error in one line" {
    create_topic "$topic"
    while read -r -a options; do
        run -64 --separate-stderr timeout 20 kcat-in "$topic" "${options[@]}"
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-in: '
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
    done <<'TABLE'
-o nowhere
-o @yesterday
-o 1:2:3
-o :stored
-o stored
-o :
-p x
-p 1-
-p 2-1
-p ,
-c 0
-c many
-X nonsense
-X no.such.setting=1
-X session.timeout.ms=soon
--wait soon
--max-line 0
--no-such-option
-j .[
--arg a b
--jq . --jq-file /dev/null
TABLE
    run -64 --separate-stderr timeout 20 kcat-in
    assert_match "$stderr" 'no topic'
}

@test "without any broker given it says how to give one" {
    unset BOOTSTRAP_SERVERS
    run -64 --separate-stderr timeout 20 kcat-in "$topic"
    assert_match "$stderr" '^kcat-in: no broker: .*BOOTSTRAP_SERVERS'
}

@test "settings come from the environment, files, -X and -b, the later the stronger" {
    broker() { kcat-in -X dump "$@" | sed -n 's/^metadata.broker.list = //p'; }
    mkdir .config
    export HOME=$PWD
    echo 'bootstrap.servers=home' >.config/kcat.conf
    echo 'metadata.broker.list = kcat-config' >kcat.conf
    printf '# comment\n\n bootstrap.servers = file \n' >file.conf

    unset BOOTSTRAP_SERVERS
    assert_eq "$(broker)" home
    assert_eq "$(KCAT_CONFIG=kcat.conf broker)" kcat-config
    export BOOTSTRAP_SERVERS=environment
    assert_eq "$(KCAT_CONFIG=kcat.conf broker)" environment
    assert_eq "$(broker -F file.conf)" file
    assert_eq "$(broker -F file.conf -X bootstrap.servers=x)" x
    assert_eq "$(broker -F file.conf -X bootstrap.servers=x -b b)" b
}

@test "-F, and KCAT_CONFIG, are enough to reach a broker" {
    make_topic 1 3
    echo "bootstrap.servers=$BOOTSTRAP_SERVERS" >conf
    unset BOOTSTRAP_SERVERS
    assert_eq "$(read_topic "$topic" -F conf | wc -l)" 3
    assert_eq "$(KCAT_CONFIG=conf read_topic "$topic" | wc -l)" 3
    assert_eq "$(read_topic "$topic" -b "$KAFKA" | wc -l)" 3
}

@test "a bad config file is named with the line" {
    printf 'bootstrap.servers=x\nno.such.setting=1\n' >unknown
    printf '\n\nnonsense\n' >malformed
    run -78 --separate-stderr timeout 20 kcat-in "$topic" -F unknown
    assert_match "$stderr" '^kcat-in: unknown:2: .*no\.such\.setting'
    run -78 --separate-stderr timeout 20 kcat-in "$topic" -F malformed
    assert_match "$stderr" '^kcat-in: malformed:3: '
    run -78 --separate-stderr timeout 20 kcat-in "$topic" -F missing
    assert_eq "$stderr" 'kcat-in: missing: No such file or directory'
    KCAT_CONFIG=missing run -78 --separate-stderr timeout 20 kcat-in "$topic"
    assert_eq "$stderr" 'kcat-in: missing: No such file or directory'
}

@test "secrets are hidden, and a file that shows one to everybody is warned about" {
    printf 'sasl.username=me\nsasl.password=hunter2\n' >conf
    chmod 644 conf
    run -0 --separate-stderr kcat-in -F conf -X ssl.key.password=hunter3 -X dump
    assert_match "$output" 'sasl.username = me'
    assert_match "$output" 'sasl.password = \(hidden\)'
    assert_match "$output" 'ssl.key.password = \(hidden\)'
    run ! grep -q hunter <<<"$output$stderr"
    assert_match "$(kcat-in -F conf -X dump 2>&1 >/dev/null)" \
        '^kcat-in: conf: holds a secret and can be read by everyone'
    chmod 600 conf
    run -0 --separate-stderr kcat-in -F conf -X dump
    assert_eq "$stderr" ''
    # Nor is one shown when it cannot be used.
    run -64 --separate-stderr timeout 20 kcat-in "$topic" -X sasl.nonsense.password=hunter2
    run ! grep -q hunter2 <<<"$stderr"
}

@test "-X list lists librdkafka's settings" {
    run -0 kcat-in -X list
    assert_match "$output" 'max.poll.interval.ms'
}

# --- Ends ---

@test "a full disk is an error for each way of output" {
    make_topic 1 10
    echo bad | produce "$topic"
    run -74 bash -c "timeout 20 kcat-in $topic -e >/dev/full"
    assert_match "$output" 'kcat-in: stdout: No space left on device'
    run -74 --separate-stderr read_topic "$topic" --rejects /dev/full
    assert_match "$stderr" '^kcat-in: /dev/full: No space left on device'
    run -74 bash -c "timeout 20 kcat-in $topic -e 2>/dev/full >/dev/null"
    run -74 bash -c "timeout 20 kcat-in $topic -e --rejects /dev/null >&-"
    run -73 --separate-stderr read_topic "$topic" --rejects /no/such/directory/file
    run -73 --separate-stderr read_topic "$topic" --stats /no/such/directory/file
}

@test "SIGUSR1 writes the ledger and goes on" {
    make_topic 1 10
    start kcat-in "$topic" --stats stats >out
    wait_until 10 has_lines 10 out
    kill -USR1 $!
    wait_until 10 test -s stats
    assert_eq "$(ledger stats .out)" 10
    seq 11 20 | produce "$topic"
    wait_until 10 has_lines 20 out
    kill -TERM $!
    await $!
    assert_eq $status 0
    assert_eq "$(wc -l <stats)" 2
    assert_eq "$(ledger stats .out)" 20
}

@test "a second signal ends it at once though its output is blocked" {
    yes '"0123456789012345678901234567890123456789012345678901234567890123456789"' | head -n 50000 |
        produce "$topic" --create
    mkfifo pipe
    exec 5<>pipe
    start kcat-in "$topic" -v >pipe 2>log 5>&-
    wait_until 10 grep -q 'from offset' log
    sleep 0.5 # for the pipe to fill
    kill -TERM $!
    wait_until 5 has_let_go_of_signals $!
    kill -TERM $!
    await $! 5
    assert_eq $status 143
    exec 5>&-
}

@test "it says what it is and how it is used" {
    run -0 kcat-in --version
    assert_match "$output" '^kcat-in .*[0-9]+\.[0-9]+'
    run -0 kcat-in --help
    for option in -t -G -p -o -e -c -b -X -F --jq --rejects --stats --max-line --wait; do
        grep -qE -- "(^|[ ,])$option([ ,]|\$)" <<<"$output"
    done
}

@test "it reads from the embedded broker too" {
    run -0 kcat-broker -t "$topic:3" -- bash -c "seq 1000 | kcat-out -t $topic &&
        timeout 20 kcat-in $topic -e"
    assert_eq ${#lines[@]} 1000
}
