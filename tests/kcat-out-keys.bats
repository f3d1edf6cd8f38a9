#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: the keys of messages, and the partitions that they choose.
#
# bats file_tags=kafka

load helpers
load kcat-out

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

@test "a key selects the partition that a Java client would select" {
    # The values that Kafka's own UtilsTest expects.
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

@test "lines with the same key keep their order" {
    seq 20000 | produce "$topic" --create=4 --key-jq '. % 9 | tostring'
    dump '%k %s %p\n' >all
    for key in 0 1 2 3 4 5 6 7 8; do
        awk -v key=$key '$1 == key' all >out
        assert_eq "$(cut -d' ' -f3 out | uniq | wc -l)" 1
        cut -d' ' -f2 out | sort -nc
        assert_eq "$(wc -l <out)" "$(seq 20000 | awk -v key=$key '$1 % 9 == key' | wc -l)"
    done
}

@test "-k sets the key of all lines" {
    printf 'x\ny\n' | produce "$topic" --create -k 'the key'
    assert_eq "$(dump '%k=%s;')" 'the key=x;the key=y;'
}

@test "--key uses a field: strings as they are, other scalars as JSON, no key if it is missing" {
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

@test "a numeric key keeps its digits" {
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

@test "--key rejects lines that are not JSON, or whose field is an array or an object" {
    printf '{"id":[1]}\nnonsense\n{"id":"ok"}\n' >in
    run -0 --separate-stderr produce "$topic" --create --key id --stats stats <in
    assert_eq "$(jq -c '[.reject,.field,.line]' <<<"$stderr")" '["wrong_type","id",1]
["not_json",null,2]'
    detail=$(jq -r 'select(.reject == "not_json").detail' <<<"$stderr")
    assert_eq "$detail" "$(loginclean <<<nonsense 2>&1 | jq -r .detail)"
    assert_match "$detail" '^[a-z, ]+$'
    assert_eq "$(dump '%k;')" 'ok;'
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,1,2]'
    assert_ledger_adds_up stats
}

@test "--key-jq computes the key from the whole record" {
    printf '%s\n' '{"a":"x","b":1}' '{"a":"y","b":2}' '{"a":null,"b":3}' >in
    run -0 --separate-stderr produce "$topic" --create --key-jq 'if .b == 2 then error("no") else
        select(.a) | "\(.a)/\(.b)" end' <in
    assert_eq "$(dump '%K:%k;')" '3:x/1;-1:;'
    assert_eq "$(jq -c '[.reject,.line]' <<<"$stderr")" '["filter_error",2]'
    dump '%s\n' | cmp - <(sed -n '1p;3p' in)
}

@test "insights are keyed by their own key unless --key or -k is given" {
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

@test "a field of --key that no line has is warned about once" {
    logingen -n 1500 >in
    run -0 --separate-stderr produce "$topic" --create --key userid <in
    assert_eq "$stderr" 'kcat-out: --key userid: none of 1000 lines has this field, so they have no key'
    run -0 --separate-stderr produce "$topic" --key userid < <(head -n 5 in)
    assert_eq "$stderr" 'kcat-out: --key userid: none of 5 lines has this field, so they have no key'
    # Not if one line has it, if only insights and partials lack it, or if there is no line.
    { head -n 1200 in && echo '{"userid":1}'; } >one
    tac one >first
    run -0 --separate-stderr produce "$topic" --key userid <first
    assert_eq "$stderr" ''
    for line in '{"insight":"logins","key":"a"}' '{"partial":"cover","lines":0}'; do
        run -0 --separate-stderr produce "$topic" --key userid <<<"$line"
        assert_eq "$stderr" ''
    done
    run -0 --separate-stderr produce "$topic" --key userid </dev/null
    assert_eq "$stderr" ''
    # With marks too.
    run_id=123e4567-e89b-42d3-a456-426614174000
    marked() {
        echo "{\"@mark\":\"hello\",\"run\":\"$run_id\",\"seq\":0,\"at\":[]}"
        head -n 5 in
        echo "{\"@mark\":\"end\",\"run\":\"$run_id\",\"seq\":1,\"at\":[]}"
    }
    run -0 --separate-stderr produce "$topic" --key userid < <(marked)
    assert_match "$stderr" 'userid: none of 5 lines has this field'
}

@test "lines without a key are spread over the partitions" {
    create_topic "$topic" 3
    seq 1000 >numbers
    split -n l/20 --filter='cat; sleep 0.05' numbers | produce "$topic"
    assert_eq "$(dump '%p\n' | sort -u | wc -l)" 3
}

# keyed FROM TO: lines whose key is their number.
keyed() {
    seq "$1" "$2" | jq -c '{key: tostring}'
}

@test "keys select among added partitions once librdkafka knows of them" {
    create_topic "$topic" 2
    {
        keyed 1 100
        wait_until 20 has_come 100
        "$BUILD_DIR/tests/alter_topic" grow "$topic" 7
        # The setting is librdkafka's, in ms. kcat-out follows it without being started again.
        sleep 2
        keyed 101 200
    } | produce "$topic" --key key -X topic.metadata.refresh.interval.ms=500
    dump '%p %k\n' >placed
    assert_eq "$(wc -l <placed)" 200
    while read -r partition key; do
        murmur2 "$key"
        assert_eq "$key in $partition" "$key in $(((hash & 0x7fffffff) % (key > 100 ? 7 : 2)))"
    done <placed
}

@test "lines without a key keep their order among the others in a partition" {
    seq 20000 | jq -c '{n: .} + if . % 3 == 0 then {key: tostring} else {} end' |
        produce "$topic" --create --key key
    dump '%s\n' | jq .n | sort -nc
}
