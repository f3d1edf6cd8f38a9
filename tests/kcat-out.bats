#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause

# shellcheck disable=SC2154 # $stderr is set by run

load helpers

setup() {
    need_kafka
    # shellcheck disable=SC2034 # helpers.bash uses it
    started=()
    cd "$BATS_TEST_TMPDIR" || return 1
    topic=$(fresh_topic)
}

teardown() {
    stop_started
}

teardown_file() {
    stop_own_kafka
}

# What kcat reads of a topic, by its own format: dump FORMAT [TOPIC]
dump() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "${2:-$topic}" -f "$1"
}

# Whether so many records are in the topic.
has_come() {
    [ "$(read_topic "$topic" | wc -l)" -eq "$1" ]
}

# bytes COUNT: a JSON string of so many bytes
bytes() {
    printf '"%s"\n' "$(head -c $(($1 - 2)) /dev/zero | tr '\0' x)"
}

# --- Lines become messages ---

@test "each line is a message, and the ledger counts those that the broker has" {
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

@test "a last line without a newline is a message too" {
    printf '{"a":1}\n{"a":2}' | produce "$topic" --create
    assert_eq "$(dump '%s;')" '{"a":1};{"a":2};'
}

@test "lines are not looked into: NUL bytes, bad UTF-8 and no JSON pass byte for byte" {
    printf 'a\0b\n\xff\xfe\n\0\nnot json\r\n {"a": 1} \n\n"end"\n' >in
    produce "$topic" --create --stats stats <in
    dump '%s\n' | cmp - in
    assert_eq "$(dump '%S,')" '3,2,1,9,10,0,5,'
    assert_eq "$(ledger stats .out)" 7
}

@test "a line is delivered at once, though the next one does not come" {
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

@test "a jq program selects and changes lines as they enter" {
    seq 6 | produce "$topic" --create -j 'select(. > 3) | {n: .}' --stats stats
    assert_eq "$(dump '%s ')" '{"n":4} {"n":5} {"n":6} '
    assert_eq "$(ledger stats '[.in,.filtered,.out]')" '[6,3,3]'
    printf 'bad\n1\n' >in
    run -0 --separate-stderr produce "$topic" -j 'select(. > 3)' <in
    assert_eq "$(jq -c '[.reject,.raw,.line]' <<<"$stderr")" '["not_json","bad",1]'
}

# --- Keys ---

# Java's org.apache.kafka.common.utils.Utils.murmur2, in bash. Sets $hash.
murmur2() {
    local m=$((0x5bd1e995)) i k b=() len
    mapfile -t b < <(printf '%s' "$1" | od -An -v -tu1 -w1)
    len=${#b[@]}
    hash=$((0x9747b28c ^ len))
    for ((i = 0; i + 4 <= len; i += 4)); do
        k=$((b[i] | b[i + 1] << 8 | b[i + 2] << 16 | b[i + 3] << 24))
        k=$((k * m & 0xffffffff))
        k=$(((k ^ k >> 24) * m & 0xffffffff))
        hash=$(((hash * m & 0xffffffff) ^ k))
    done
    ((len % 4 < 3)) || hash=$((hash ^ b[i + 2] << 16))
    ((len % 4 < 2)) || hash=$((hash ^ b[i + 1] << 8))
    ((len % 4 < 1)) || hash=$(((hash ^ b[i]) * m & 0xffffffff))
    hash=$(((hash ^ hash >> 13) * m & 0xffffffff))
    hash=$((hash ^ hash >> 15))
}

@test "a key goes to the partition where a Java client would put it" {
    # The values that Kafka's own UtilsTest expects, as unsigned numbers.
    while read -r key expected; do
        murmur2 "$key"
        assert_eq "$key $((hash > 0x7fffffff ? hash - 0x100000000 : hash))" "$key $expected"
    done <<'TABLE'
21 -973932308
foobar -790332482
a-little-bit-long-string -985981536
a-little-bit-longer-string -1486304829
lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8 -58897971
abc 479470107
TABLE
    create_topic "$topic" 7
    jq -nc '"21", "foobar", "a-little-bit-long-string", "abc", "ключ", "é", "", (range(40) | tostring)
        | {key: .}' | produce "$topic" --key key
    dump '%p %k\n' >placed
    assert_eq "$(wc -l <placed)" 47
    assert_eq "$(cut -d' ' -f1 placed | sort -u | wc -l)" 7
    while read -r partition key; do
        murmur2 "$key"
        assert_eq "$key in $partition" "$key in $(((hash & 0x7fffffff) % 7))"
    done <placed
}

@test "lines of a key stay in order" {
    seq 20000 | produce "$topic" --create=4 --key-jq '. % 9 | tostring'
    dump '%k %s %p\n' >all
    for key in 0 1 2 3 4 5 6 7 8; do
        awk -v key=$key '$1 == key' all >out
        assert_eq "$(cut -d' ' -f3 out | uniq | wc -l)" 1
        cut -d' ' -f2 out | sort -nc
        assert_eq "$(wc -l <out)" "$(seq 20000 | awk -v key=$key '$1 % 9 == key' | wc -l)"
    done
}

@test "-k is the key of all" {
    printf 'x\ny\n' | produce "$topic" --create -k 'the key'
    assert_eq "$(dump '%k=%s;')" 'the key=x;the key=y;'
}

@test "--key takes a field: strings as they are, other scalars as JSON, none where it is missing" {
    cat >in <<'END'
{"id":"a\u0062\n"}
{"id":12}
{"id":-1.5}
{"id":true}
{"id":""}
{"id":null}
{"x":1}
{"x":{"id":"not this"},"id":"last","id":"really last"}
[1]
END
    produce "$topic" --create --key id <in
    assert_eq "$(dump '%K:%k;')" $'3:ab\n;2:12;4:-1.5;4:true;'\
'0:;-1:;-1:;11:really last;-1:;'
    dump '%s\n' | cmp - in
}

@test "a number that is a key has its digits as they were written" {
    cat >in <<'END'
{"id":9007199254740993}
{"id":18446744073709551615}
{"id":123456789012345678901234567890}
{"id":1.50}
{"id":1E3}
END
    produce "$topic" --create --key id <in
    assert_eq "$(dump '%k;')" \
        '9007199254740993;18446744073709551615;123456789012345678901234567890;1.50;1E3;'
}

@test "--key on a container or on what is no JSON is a reject" {
    printf '{"id":[1]}\nnonsense\n{"id":"ok"}\n' >in
    run -0 --separate-stderr produce "$topic" --create --key id --stats stats <in
    assert_eq "$(jq -c '[.reject,.field,.line]' <<<"$stderr")" '["wrong_type","id",1]
["not_json",null,2]'
    assert_eq "$(dump '%k;')" 'ok;'
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,1,2]'
    assert_ledger_adds_up stats
}

@test "--key-jq makes the key from the whole record" {
    printf '%s\n' '{"a":"x","b":1}' '{"a":"y","b":2}' '{"a":null,"b":3}' >in
    run -0 --separate-stderr produce "$topic" --create --key-jq 'if .b == 2 then error("no") else
        select(.a) | "\(.a)/\(.b)" end' <in
    assert_eq "$(dump '%K:%k;')" '3:x/1;-1:;'
    assert_eq "$(jq -c '[.reject,.line]' <<<"$stderr")" '["filter_error",2]'
    dump '%s\n' | cmp - <(sed -n '1p;3p' in)
}

@test "insights have their own key unless one is asked for" {
    cat >in <<'END'
{"insight":"logins","key":"1h/x/logins","logins":3}
{"user_id":"u","key":"not this"}
END
    produce "$topic" --create <in
    assert_eq "$(dump '%K:%k;')" '11:1h/x/logins;-1:;'
    produce "$topic-b" --create --key user_id <in
    assert_eq "$(dump '%K:%k;' "$topic-b")" '11:1h/x/logins;1:u;'
    produce "$topic-c" --create -k all <in
    assert_eq "$(dump '%k;' "$topic-c")" 'all;all;'
}

@test "lines without a key are spread over the partitions" {
    create_topic "$topic" 3
    seq 1000 >numbers
    split -n l/20 --filter='cat; sleep 0.05' numbers | produce "$topic"
    assert_eq "$(dump '%p\n' | sort -u | wc -l)" 3
}

# --- Headers, codecs, topics ---

@test "-H adds headers" {
    printf 'x\ny\n' | produce "$topic" --create -H a=1 -H 'b=x=y z' -H empty= -H a=2 -k k
    assert_eq "$(dump '%h %k %s;')" 'a=1,b=x=y z,empty=,a=2 k x;a=1,b=x=y z,empty=,a=2 k y;'
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

@test "--create makes the topics that are missing, and leaves others as they are" {
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
    run -69 --separate-stderr produce 'no good name' --create </dev/null
    assert_match "$stderr" '^kcat-out: topic no good name: '
}

@test "--route sends lines to topics by what is at their top level" {
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

@test "rejects that come in-band are routed as they are, and counted as passed" {
    printf 'bad\n{"a":1}\n' >lines
    loginclean --rejects - <lines >in
    good_records >>in
    # Neither the filter nor the key is for them.
    produce "$topic" --create --route reject="$topic-reject" --key user_id -j 'select(.ip)' \
        --stats stats <in
    dump '%s\n' "$topic-reject" | cmp - <(head -n 2 in)
    dump '%s\n' | cmp - <(good_records)
    assert_eq "$(ledger stats '[.in,.out,.passed]')" '[2,2,2]'
    # Without a route they go with the others.
    produce "$topic-b" --create <in
    dump '%s\n' "$topic-b" | cmp - in
}

# --- Lines that the broker does not take ---

@test "a line that is too large for the broker is a reject, and all others are delivered" {
    { seq 1000 && bytes 2000000 && seq 1001 2000 && bytes 3000000 && seq 2001 3000; } >in
    create_topic "$topic"
    run -0 --separate-stderr produce "$topic" --rejects rejects --stats stats <in
    assert_eq "$output$stderr" ''
    dump '%s\n' | cmp - <(seq 3000)
    assert_eq "$(jq -c '[.reject,.stage,.line,(.raw|length)]' rejects)" \
        '["not_delivered","kcat-out",1001,2000000]
["not_delivered","kcat-out",2002,3000000]'
    assert_match "$(jq -r .detail rejects | head -n 1)" 'Broker: Message size too large'
    assert_eq "$(ledger stats '[.in,.out,.rejected,.by_reason]')" \
        '[3002,3000,2,{"not_delivered":2}]'
    assert_ledger_adds_up stats
}

@test "a line that is large but compresses well is delivered" {
    bytes 3000000 >in
    produce "$topic" --create -z gzip <in
    read_topic "$topic" | cmp - in
}

@test "a line of 1 MB is delivered" {
    bytes 1000000 >in
    produce "$topic" --create <in
    dump '%s\n' | cmp - in
}

@test "small lines are delivered though the topic takes no large batches" {
    create_topic "$topic"
    configure_topic "$topic" max.message.bytes=50000
    { seq 50000 && bytes 60000 && seq 50001 100000; } >in
    run -0 --separate-stderr produce "$topic" --stats stats <in
    read_topic "$topic" | grep -v x | sort -n | cmp - <(seq 100000)
    assert_eq "$(jq -c '[.reject,.line]' <<<"$stderr")" '["not_delivered",50001]'
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[100001,100000,1]'
}

@test "a line of 10 MB is delivered where the topic takes it" {
    create_topic "$topic"
    configure_topic "$topic" max.message.bytes=20000000
    { echo 1 && bytes 10000000 && echo 2; } >in
    produce "$topic" <in
    read_topic "$topic" | cmp - in
}

@test "a line over --max-line is a reject that keeps its beginning" {
    { echo 1 && bytes 20971520 && echo 2; } >in
    create_topic "$topic"
    run -0 --separate-stderr produce "$topic" --stats stats <in
    assert_eq "$(jq -c '[.reject,.line,(.raw|length)]' <<<"$stderr")" '["too_long",2,65536]'
    dump '%s\n' | cmp - <(seq 2)
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,2,1]'
}

# --- Several sinks ---

@test "--tee passes each line on that the broker has, in its place" {
    logingen -n 20000 --seed 4 >in
    create_topic "$topic" 3
    produce "$topic" --tee --stats stats <in >passed
    cmp passed in
    read_topic "$topic" | sort | cmp - <(sort in)
    assert_ledger_adds_up stats
    # What the broker refuses is left out, and what jq makes is passed on as it is written.
    { seq 5 && bytes 2000000 && seq 6 10; } >in
    produce "$topic" --tee --rejects rejects <in | cmp - <(seq 10)
    assert_eq "$(jq -c '[.reject,.line]' rejects)" '["not_delivered",6]'
    assert_eq "$(echo '{"a":1}' | produce "$topic" --tee -j '{"@mark":.a}, .a')" '{ "@mark":1}
1'
}

@test "--tee passes a line on though the next one does not come" {
    create_topic "$topic"
    start_fed kcat-out -t "$topic" --tee
    echo 1 | write_to_feed
    wait_until 10 has_lines 1 out
    close_feed
    await "$pid"
    assert_eq "$status" 0
}

@test "--tee ends when nobody reads what it passes on" {
    create_topic "$topic"
    assert_eq "$(seq 100000 | { produce "$topic" --tee -q || echo $? >code; } | head -n 1)" 1
    assert_eq "$(<code)" 141
    run -74 bash -c "seq 10 | timeout 20 kcat-out -t $topic --tee >/dev/full"
    assert_eq "$output" 'kcat-out: stdout: No space left on device'
}

# --- Brokers and topics that are not there ---

@test "a topic that does not exist is an error after --wait" {
    run -69 --separate-stderr produce "$topic" --wait 300ms <<<1
    assert_eq "$output$stderr" "kcat-out: topic $topic: Broker: Unknown topic or partition"
    create_topic "$topic"
    run -69 --separate-stderr produce "$topic" --route a="$topic-a" --wait 300ms <<<1
    assert_eq "$output$stderr" "kcat-out: topic $topic-a: Broker: Unknown topic or partition"
}

@test "a broker that cannot be reached is an error after --wait" {
    for create in '' --create; do
        # shellcheck disable=SC2086 # no word where it is empty
        run -69 --separate-stderr produce "$topic" -b 127.0.0.1:1 --wait 1s $create <<<1
        assert_match "$(tail -n 1 <<<"$stderr")" '^kcat-out: broker: not reachable within 1s: .'
        [ "$(wc -l <<<"$stderr")" -le 2 ]
    done
}

# A writer of the numbers from 1 that stops when the file "enough" is there; they are in "in".
start_writer() {
    # shellcheck disable=SC2016 # that bash expands it
    start bash -c 'for ((i = 0; i < 600 && ! done; i++)); do
            seq $((i * 1000 + 1)) $((i * 1000 + 1000))
            sleep 0.05
            [ ! -e enough ] || done=1
        done | tee in | kcat-out "$@" 2>log' sh "$@"
}

@test "a broker that goes away is waited for, and each line is delivered once" {
    start_own_kafka
    create_topic "$topic" 2
    start_writer -t "$topic" --stats stats -X reconnect.backoff.max.ms=500 -v
    wait_until 10 has_lines 5000 in
    own_kafka kill
    wait_until 10 grep -q 'not reachable, waiting for it' log
    own_kafka restart
    wait_until 20 grep -q 'reachable again' log
    touch enough
    await $! 60
    assert_eq $status 0
    read_topic "$topic" >out
    sort -n out | cmp - in
    assert_eq "$(grep -c 'not reachable' log)" 1
    assert_eq "$(ledger stats '.in - .out')" 0
}

@test "a broker that does not come back leaves what it has not got in --undelivered" {
    start_own_kafka
    create_topic "$topic" 2
    echo kept >undelivered
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" --undelivered /dev/full -X message.timeout.ms=3000 <pipe 5>&- 2>full
    full=$!
    echo 1 >&5
    wait_until 10 has_come 1
    start_writer -t "$topic" --stats stats --undelivered undelivered -X message.timeout.ms=3000
    writer=$!
    wait_until 10 has_lines 5000 in
    own_kafka kill
    wait_until 10 grep -q 'not reachable, waiting for it' log
    touch enough
    echo 0 >&5
    exec 5>&-
    await $writer 30
    assert_eq $status 75
    await $full 30
    assert_eq $status 74 # what is undelivered could not even be kept
    assert_match "$(cat full)" 'kcat-out: /dev/full: No space left on device'
    count=$(wc -l <in)
    assert_eq "$(ledger stats '.in')" "$count"
    assert_ledger_adds_up stats
    undelivered=$(ledger stats .undelivered)
    assert_eq "$(head -n 1 undelivered)" kept
    sed -i 1d undelivered
    assert_eq "$(wc -l <undelivered)" "$undelivered"
    assert_match "$(tail -n 1 log)" \
        "^kcat-out: $undelivered lines not delivered: .*; they are in undelivered\$"

    own_kafka restart
    read_topic "$topic" >out
    # The broker may have stored what it could not confirm, so a line can be in both.
    sort -nu out undelivered | cmp - in
    [ "$(wc -l <out)" -ge "$(ledger stats .out)" ]
    assert_eq "$(sort -n out | uniq -d)" 1 # from both writers
}

@test "what waits for a broker that does not answer is bounded" {
    mkfifo pipe
    exec 5<>pipe
    start kcat-broker -t "$topic:2" >address 5>&-
    broker=$!
    wait_until 10 has_lines 1 address
    BOOTSTRAP_SERVERS=$(<address)
    start kcat-out -t "$topic" <pipe 5>&-
    writer=$!
    echo 1 >&5
    wait_until 10 has_come 1
    kill -STOP $broker
    # 300 MB, most of which the writer cannot take.
    filler=$(head -c 720 /dev/urandom | base64 -w 0)
    start bash -c "yes '$filler' | head -n 300000" >pipe 5>&-
    exec 5>&-
    sleep 2 # to fill what there is
    memory=$(awk '/VmRSS/ {print $2}' "/proc/$writer/status")
    [ -n "${SAN:-}" ] || [ "$memory" -lt 200000 ]
}

@test "a signal ends the wait for a topic" {
    for signal in TERM INT; do
        start kcat-out -t "$topic" --wait 1m </dev/null 2>log
        wait_until 10 grep -q 'waiting for it' log
        kill -$signal $!
        await $! 5
        assert_eq $status 75
        assert_match "$(tail -n 1 log)" '^kcat-out: .*told to stop'
    done
}

# --- Usage ---

@test "a wrong option is a usage error in one line" {
    while read -r -a options; do
        run -64 --separate-stderr produce "$topic" "${options[@]}" <<<1
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-out: '
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
    done <<'TABLE'
an-operand
--create=0
--create=many
--create=1:0
--create=1:
--route insight
--route =topic
--route insight=
-k a --key b
--key a --key-jq .b
--key-jq .[
-H nothing
-H =x
-z bzip2
-X nonsense
-X no.such.setting=1
--no-such-option
-j .[
--jq-file /dev/null -j .
--wait x
TABLE
    run -64 --separate-stderr timeout 20 kcat-out <<<1
    assert_match "$stderr" '^kcat-out: no topic'
    unset BOOTSTRAP_SERVERS
    run -64 --separate-stderr timeout 20 kcat-out -t "$topic" <<<1
    assert_match "$stderr" '^kcat-out: no broker: '
}

@test "a bad config file is named with the line" {
    printf 'bootstrap.servers=x\n\nno.such.setting=1\n' >conf
    run -78 --separate-stderr produce "$topic" -F conf <<<1
    assert_match "$stderr" '^kcat-out: conf:3: .*no\.such\.setting'
    run -78 --separate-stderr produce "$topic" -F missing <<<1
    assert_eq "$stderr" 'kcat-out: missing: No such file or directory'
}

@test "it is idempotent and waits for all replicas unless told otherwise" {
    kcat-out -X dump >settings
    grep -qx 'enable.idempotence = true' settings
    # Settings of topics are shown as kcat shows them.
    grep -qx 'partitioner = murmur2_random' settings
    grep -qx 'request.required.acks = -1' settings
    kcat-out -X dump -X enable.idempotence=false -X acks=1 -X sasl.password=hunter2 >settings
    grep -qx 'enable.idempotence = false' settings
    grep -qx 'request.required.acks = 1' settings
    run ! grep hunter2 settings
}

@test "it says what it is and how it is used" {
    run -0 kcat-out --version
    assert_match "$output" '^kcat-out .*[0-9]+\.[0-9]+'
    run -0 kcat-out --help
    for option in -t -k --key --key-jq --route -H -z --create --undelivered -b -X -F --rejects; do
        grep -qE -- "(^|[ ,])$option([ ,[]|\$)" <<<"$output"
    done
}

# --- Ends ---

@test "SIGTERM and SIGINT leave it to finish its input" {
    create_topic "$topic"
    mkfifo pipe
    count=0
    for signal in TERM INT; do
        exec 5<>pipe
        start kcat-out -t "$topic" --stats stats <pipe 5>&-
        seq $((count + 1)) $((count + 10)) >&5
        wait_until 10 has_come $((count + 10))
        kill -$signal $!
        seq $((count + 11)) $((count + 20)) >&5
        exec 5>&-
        await $!
        assert_eq $status 0
        count=$((count + 20))
    done
    dump '%s\n' | cmp - <(seq 40)
    assert_eq "$(ledger stats .out)" 20
}

@test "a second signal ends it at once" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" --stats stats <pipe 5>&-
    echo 1 >&5
    wait_until 10 has_come 1
    kill -TERM $!
    wait_until 5 has_let_go_of_signals $!
    kill -TERM $!
    await $! 5
    assert_eq $status 143
}

@test "SIGUSR1 writes the ledger and goes on" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start kcat-out -t "$topic" --stats stats <pipe 5>&-
    seq 10 >&5
    wait_until 10 has_come 10
    all_delivered() { kill -USR1 $! && [ "$(ledger stats '[.in,.out]')" = '[10,10]' ]; }
    wait_until 5 all_delivered
    seq 11 20 >&5
    exec 5>&-
    await $!
    assert_eq $status 0
    assert_eq "$(ledger stats '[.in,.out]')" '[20,20]'
}

@test "a full disk is an error for each way of output" {
    create_topic "$topic"
    bytes 2000000 >in
    run -74 --separate-stderr produce "$topic" --rejects /dev/full <in
    assert_match "$stderr" '^kcat-out: /dev/full: No space left on device'
    run -74 bash -c "timeout 20 kcat-out -t $topic --rejects - <in >/dev/full"
    assert_match "$output" '^kcat-out: stdout: No space left on device'
    run -74 bash -c "timeout 20 kcat-out -t $topic <in 2>/dev/full"
    run -73 --separate-stderr produce "$topic" --rejects /no/such/directory/file </dev/null
    run -73 --separate-stderr produce "$topic" --undelivered /no/such/directory/file </dev/null
    run -73 --separate-stderr produce "$topic" --stats /no/such/directory/file </dev/null
}

@test "an input that cannot be read is an error" {
    create_topic "$topic"
    run -74 --separate-stderr produce "$topic" </
    assert_match "$stderr" '^kcat-out: stdin: Is a directory'
    run -74 bash -c "timeout 20 kcat-out -t $topic <&-"
    assert_match "$output" '^kcat-out: stdin: '
}

@test "a stdout that nobody reads and nothing is written to is no reason to stop" {
    create_topic "$topic"
    mkfifo pipe
    exec 5<>pipe
    start bash -c "kcat-out -t $topic <pipe | true; exit \${PIPESTATUS[0]}" 5>&-
    echo 1 >&5
    wait_until 10 has_come 1
    sleep 0.3 # in which nothing comes, and it waits
    echo 2 >&5
    exec 5>&-
    await $!
    assert_eq $status 0
    wait_until 10 has_come 2
}

@test "it writes to the embedded broker too, whose topics need no creation" {
    run -0 kcat-broker -- bash -c "seq 1000 | kcat-out -t $topic --create=2 --stats stats &&
        timeout 20 kcat-in $topic -e"
    assert_eq ${#lines[@]} 1000
    assert_eq "$(ledger stats .out)" 1000
}
