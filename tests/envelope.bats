#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# -J: envelopes through all stages.
#
# bats file_tags=kafka

load helpers
load kcat-out

# Fills $topic, with 4 partitions, with messages of all kinds.
fill() {
    create_topic "$topic" 4
    printf '{"a": 1, "b":[1]}' | send -p 0 -k k -H h=1 -H h=2 -H none -H empty=
    printf 'text' | send -p 0 -k ''
    printf 'null' | send -p 1
    printf '\xff\0' | send -p 2 -k "$(printf 'k\xfe')" -H "$(printf 'h\xfd')=$(printf '\xfc')"
    printf ' {"a":\n1}' | send -D @ -p 3
    printf 'k:' | send -p 0 -Z -K:
}

send() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" "$@"
}

# envelopes TOPIC [OPTION]...: what is in a topic, sorted, without the topic's name.
envelopes() {
    read_topic "$@" -J | sed "s/\"topic\":\"$1\"/\"topic\":\"t\"/" | sort
}

@test "kcat-in -J shows all that a message has" {
    fill
    read_topic "$topic" -J >out
    assert_eq "$(jq -c 'select(.key == "k" and .value) | [.topic, .tstype, .headers, .value]' out)" \
        "[\"$topic\",\"create\",[[\"h\",\"1\"],[\"h\",\"2\"],[\"none\",null],[\"empty\",\"\"]],{\"a\":1,\"b\":[1]}]"
    grep -qF '"value":{"a": 1, "b":[1]}}' out
    assert_eq "$(jq -c 'select(.value_text) | [.key, .value_text]' out | sort)" '["","text"]
[null," {\"a\":\n1}"]
[null,"null"]'
    assert_eq "$(jq -c 'select(.value_b64) | [.partition, .offset, .key_b64, .value_b64]' out)" '[2,0,"a/4=","/wA="]'
    assert_eq "$(jq -c 'select(has("value") and .value == null) | [.key, .headers]' out)" '["k",[]]'
    # The timestamps are those that kcat shows.
    assert_eq "$(jq -r '"\(.partition) \(.offset) \(.ts)"' out | sort)" "$(dump '%p %o %T\n' | sort)"
}

@test "kcat-in -J | kcat-out -J makes an equal topic" {
    fill
    out=$(fresh_topic out)
    read_topic "$topic" -J | produce "$out" --create=4 -J
    envelopes "$topic" >a
    envelopes "$out" | cmp - a
    assert_eq "$(wc -l <a)" 6
}

@test "100,000 random messages are the same in a copy, as another client reads them" {
    need_python
    messages() { "$BATS_TEST_DIRNAME/python" "$BATS_TEST_DIRNAME/envelopes/messages.py" "$@"; }
    seed=$((16#$(head -c 4 /dev/urandom | od -An -tx4 | tr -d ' ')))
    echo "seed $seed" >&2
    out=$(fresh_topic out)
    create_topic "$topic" 5
    create_topic "$out" 7
    messages fill "$topic" 100000 "$seed"
    # The first half goes through transactions.
    timeout 120 kcat-in -b "$BOOTSTRAP_SERVERS" -c 50000 -G "$topic" --shard 0/1 --marks -J "$topic" |
        timeout 120 kcat-out -b "$BOOTSTRAP_SERVERS" -J -t "$out" --exactly-once
    timeout 120 kcat-in -b "$BOOTSTRAP_SERVERS" -e -G "$topic" --shard 0/1 -J "$topic" | produce "$out" -J
    assert_eq "$(messages compare "$topic" "$out")" '100000 messages'
}

@test "a partition that the other topic lacks is warned about, and the key decides" {
    fill
    out=$(fresh_topic out)
    read_topic "$topic" -J | produce "$out" --create=1 -J 2>err
    assert_match "$(<err)" "^kcat-out: topic $out has no partition [1-3]; such records go where their keys say\$"
    assert_eq "$(envelopes "$out" | jq -c 'del(.offset, .partition)' | sort)" \
        "$(envelopes "$topic" | jq -c 'del(.offset, .partition)' | sort)"
}

@test "kcat-out -J takes the key and the partition of its options before those of the envelope" {
    echo '{"partition":3,"key":"a","value":{"id":"b"}}' | tee in | produce "$topic" --create=4 -J --key id
    produce "$topic" -J --keep-partition=no <in
    printf '%s\n' a b | produce "$topic" -k b
    printf '%s\n' a b | produce "$topic" -k a
    partition() { dump '%k %p\n' | grep "^$1" | sort | uniq -c | awk '{print $1, $2, $3}'; }
    # Each key is in one partition, where its other records are.
    assert_match "$(partition a)" '^3 a [0-3]$'
    assert_match "$(partition b)" '^3 b [0-3]$'
    run -64 --separate-stderr kcat-out -J -t "$topic" --keep-partition=maybe
    assert_eq "$stderr" "kcat-out: --keep-partition: 'maybe' is neither yes nor no (see kcat-out --help)"
}

@test "kcat-out -J takes the lines of kcat -J" {
    fill
    out=$(fresh_topic out)
    # kcat writes bytes that are not UTF-8 as they are, which is no JSON.
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$topic" -J | grep -av $'\xff' | produce "$out" --create=4 -J
    envelopes "$topic" | grep -v _b64 >a
    envelopes "$out" | cmp - a
}

@test "kcat-out -J sends headers of -H after those of the envelope" {
    printf '%s\n' '{"headers":[["a","1"]],"value":1}' '{"value":2}' | produce "$topic" --create -J -H b=2
    assert_eq "$(dump '%s %h\n')" '1 a=1,b=2
2 b=2'
}

@test "a line that is no envelope becomes a reject of every stage" {
    create_topic "$topic"
    for stage in loginclean loginagg "kcat-out -t $topic"; do
        # shellcheck disable=SC2086 # the stage has options
        printf '%s\n' '{"user_id":"u"}' '{"value":' '{"value":1,"ts":"x"}' | timeout 20 $stage -J --rejects rejects
        assert_eq "$(jq -c '[.reject, .detail, .raw]' rejects)" \
            '["not_envelope","no value, value_text or value_b64; -J is for envelopes","{\"user_id\":\"u\"}"]
["not_json","malformed JSON","{\"value\":"]
["not_envelope","ts is not a number of ms since 1970","{\"value\":1,\"ts\":\"x\"}"]'
        rm rejects
    done
}

@test "loginclean -J checks the record, and keeps the rest of the envelope" {
    record_with '{key: "k", x: [1], value: ., headers: [["h", "v"]]}' >good
    assert_eq "$(loginclean -J <good)" "$(<good)"
    jq -c 'del(.value.device_type)' good | loginclean -J >out
    assert_eq "$(jq -cS . out)" "$(jq -cS '.value.device_type = "unknown"' good)"
    # A value that stands in the envelope as text is changed as JSON.
    jq -c '{key, value_text: (.value | del(.device_type) | tojson)}' good | loginclean -J >out
    assert_eq "$(jq -cS . out)" "$(jq -cS '{key, value} | .value.device_type = "unknown"' good)"
}

@test "a reject has the message of its record" {
    printf '%s\n' '{"topic":"t","partition":1,"offset":2,"ts":3,"tstype":"create","key":"k","headers":[["h",null]],"value":[ 1 ]}' \
        '{"value":null}' '{"value_b64":"/w=="}' | loginclean -J --rejects - | jq -c 'del(.first)' >out
    assert_eq "$(<out)" '{"reject":"not_object","stage":"loginclean","line":1,"topic":"t","partition":1,"offset":2,"ts":3,"tstype":"create","key":"k","headers":[["h",null]],"attempts":1,"detail":"expected an object","raw":"[ 1 ]"}
{"reject":"not_object","stage":"loginclean","line":2,"key":null,"headers":[],"attempts":1,"detail":"expected an object","raw":null}
{"reject":"not_json","stage":"loginclean","line":3,"key":null,"headers":[],"attempts":1,"detail":"not valid UTF-8","raw_b64":"/w=="}'
}

@test "a filter sees the envelope" {
    fill
    assert_eq "$(read_topic "$topic" -J -j 'select(.key == "k" and .value) | .value.a = .partition - .partition' |
        jq -c '[.value, .headers[0]]')" '[{"a":0,"b":[1]},["h","1"]]'
    # What it makes in kcat-in need not be an envelope.
    assert_eq "$(read_topic "$topic" -J -j 'select(.value) | .value + {key}')" '{"a":1,"b":[1],"key":"k"}'
    # In the other stages it must be one.
    read_topic "$topic" -J | loginclean -J -j 'select(.value) | .value' --rejects rejects
    assert_eq "$(jq -c '[.reject, .raw]' rejects)" '["not_envelope","{\"a\":1,\"b\":[1]}"]'
    # A program that fails leaves a reject with the record.
    read_topic "$topic" -J -j 'select(.value) | error("no")' --rejects rejects2
    assert_eq "$(jq -c '[.reject, .key, .detail, .raw]' rejects2)" '["filter_error","k","no","{\"a\": 1, \"b\":[1]}"]'
}

@test "a filter in several threads does the same with envelopes" {
    logingen -n 3000 --seed 1 | jq -c '{key: .user_id, value: .}' >in
    loginclean -J -j 'select(.key | test("a")) | .value.n = 1' <in >out
    loginclean -J --jobs 2 -j 'select(.key | test("a")) | .value.n = 1' <in | cmp - out
    [ -s out ]
}

@test "loginagg -J counts the records in envelopes" {
    logingen -n 500 --seed 1 >in
    loginagg --every 0 <in >out
    jq -c '{key: .user_id, value: .}' in | loginagg -J --every 0 | cmp - out
    # Insights are not in envelopes; records that are passed on are.
    jq -c '{key: .user_id, value: .}' in | tee in2 | loginagg -J --every 0 --tee >both
    grep -v '^{"insight"' both | cmp - in2
    grep '^{"insight"' both | cmp - out
}

@test "--time-field @ts takes the time of the message" {
    printf '{"ts":%d,"tstype":"create","value":{"timestamp":1}}\n' 1694479551000 1694483151000 |
        loginagg -J --every 0 --time-field @ts --count x | jq -r 'select(.insight == "logins").key' >out
    assert_eq "$(<out)" '1h/2023-09-12T00:00:00Z/logins
1h/2023-09-12T01:00:00Z/logins'
    echo '{"value":{"timestamp":1}}' | loginagg -J --time-field @ts --rejects rejects
    assert_eq "$(jq -c '[.reject, .field]' rejects)" '["bad_timestamp","@ts"]'
    run -64 --separate-stderr loginagg --time-field @ts </dev/null
    assert_eq "$stderr" 'loginagg: --time-field @ts: needs -J, since only an envelope has it (see loginagg --help)'
    # The watermark of marks is that of these times.
    echo '{"ts":1694479551000,"value":{"timestamp":1}}' | produce "$topic" --create -J
    assert_eq "$(read_topic "$topic" --marks --time-field @ts | jq -c 'select(."@mark" == "end").watermark')" 1694479551000
}

@test "marks, partials and rejects keep their place among envelopes" {
    logingen -n 300 --seed 1 --bad 5 | produce "$topic" --create
    read_topic "$topic" -J --marks | loginclean -J --rejects - | loginagg -J --partial --tee --rejects - >out
    read_topic "$topic" --marks --rejects - | loginclean --rejects - | loginagg --partial --tee --rejects - >plain
    shape() { sed -E 's/^\{"(@mark|partial|reject)".*/\1/; s/^\{"topic".*/record/; s/^\{.*/record/' "$1" | uniq -c; }
    assert_eq "$(shape out)" "$(shape plain)"
}

@test "a record with a member @mark cannot become a mark when it is taken out of its envelope" {
    create_topic "$topic"
    printf '%s\n' '{"@mark":"end"}' '{"a":1, "\u0040mark":"end"}' '{"\u00e9":2}' | send
    read_topic "$topic" -J --marks --rejects - >out
    assert_eq "$(grep -v '^{"@mark"' out | jq -c '[.value, .value_text]')" '[null,"{\"@mark\":\"end\"}"]
[null,"{\"a\":1, \"\\u0040mark\":\"end\"}"]
[{"é":2},null]'
    # What a jq program has taken out is rejected, as without -J.
    run -0 --separate-stderr read_topic "$topic" -J --marks -j '.value_text | select(.) | fromjson'
    assert_eq "$(jq -r .reject <<<"$stderr")" 'reserved
reserved'
}

@test "--max-line counts the record, not its envelope" {
    printf '"%s"\n' "$(head -c 98 /dev/zero | tr '\0' '\1')" | jq -Rc '{value_text: .}' >in
    [ "$(wc -c <in)" -gt 600 ]
    assert_eq "$(loginclean -J --max-line 100 --rejects - <in | jq -r .reject)" not_json
    assert_eq "$(loginclean -J --max-line 99 --rejects - <in | jq -r .reject)" too_long
}

@test "kcat-out -J keeps the envelope of an undelivered, passed or refused line" {
    echo '{"key":"k","ts":1694479551000,"tstype":"create","headers":[["h","v"]],"value":{"a":1}}' >in
    create_topic "$topic"
    assert_eq "$(timeout 20 kcat-out -J -t "$topic" --tee <in)" "$(<in)"
    undeliver -J <in
    cmp later in
    { printf '{"key":"k","value":'; bytes 2000 | tr -d '\n'; echo '}'; } >large
    timeout 20 kcat-out -J -t "$topic" -X message.max.bytes=1000 --rejects rejects <large
    assert_eq "$(jq -c '[.reject, .key, .attempts, (.raw | length)]' rejects)" '["not_delivered","k",1,2000]'
}
