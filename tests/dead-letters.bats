#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Dead letters on a real Kafka: rejects keep the message of their record through all stages, go back to
# the topic that they came from, each exactly once, and are given up after a number of attempts.
#
# bats file_tags=kafka,long

load helpers
load delivery

setup() {
    begin
    need_kafka
    out=$(fresh_topic out)
    rejects=$(fresh_topic rejects) dead=$(fresh_topic dead)
    group=g-$topic
}

# make_topics PARTS: the topics of the tests.
make_topics() {
    create_topic "$topic" "$1"
    create_topic "$out" 1
    create_topic "$rejects" 1
    create_topic "$dead" 1
}

# Reads the rest of $topic; good records go to $out and rejects to $rejects.
clean() {
    kcat-in -e -J -G "clean-$topic" --shard 0/1 --marks "$topic" --rejects - | loginclean -J --rejects - |
        kcat-out -J --exactly-once -t "$out" --route "reject=$rejects" --keep-partition=no
}

# resend [OPTION]...: sends the rest of $rejects back; what is given up goes to $dead.
resend() {
    kcat-in -e -G "resend-$topic" --shard 0/1 --marks "$rejects" | loginresend --rejects - "$@" |
        kcat-out -J --own-topic --exactly-once -t "$topic" --route "reject=$dead"
}

# messages TOPIC: what is in a topic besides offsets and counted attempts, sorted.
messages() {
    read_topic "$1" -J | jq -c 'del(.offset, (.headers[] | select(.[0] | startswith("loginpipe."))))' | sort
}

@test "a rejected record goes back to where it was, and is given up after --max-attempts" {
    make_topics 3
    printf '%s\n' '{"key":"k","ts":1694479551000,"tstype":"create","headers":[["h","1"],["h",null]],"value":{"user_id":"u"}}' \
        '{"key_b64":"/w==","value_b64":"/wA="}' '{"partition":2,"key":"t","value":null}' '{"value_text":"no\njson"}' \
        "{\"value\":$(record_with .)}" | produce "$topic" -J
    messages "$topic" >before
    clean
    for attempt in 1 2 3; do
        assert_eq "$(read_topic "$rejects" | jq -s "map(select(.attempts == $attempt)) | length")" 4
        assert_eq "$(read_topic "$dead" | wc -l)" 0
        resend --max-attempts 3
        clean
    done
    assert_eq "$(read_topic "$rejects" | wc -l)" 12
    # Each attempt was equal to the first one.
    messages "$topic" | uniq -c | awk '{ print $1 }' | sort | uniq -c | xargs >counts
    assert_eq "$(<counts)" '1 1 4 3'
    messages "$topic" | uniq | cmp - before
    # What was given up can be told from the last reject only by its reason.
    same='del(.reject, .stage, .line, .field, .detail)'
    read_topic "$dead" | jq -c "$same" | sort >given-up
    read_topic "$rejects" | jq -c "select(.attempts == 3) | $same" | sort | cmp - given-up
    assert_eq "$(read_topic "$dead" | jq -r .reject | sort | uniq -c | xargs)" '4 gave_up'
    assert_eq "$(read_topic "$rejects" | jq -r .first | sort -u | wc -l)" "$(jq -r .first given-up | sort -u | wc -l)"
    assert_eq "$(read_topic "$out" | wc -l)" 1
}

@test "mended records go back too, by the filter of loginresend or of kcat-out" {
    make_topics 1
    for ip in x y z; do record_with ".ip = \"$ip\"" | jq -c '{key: .ip, value: .}'; done | produce "$topic" -J
    clean
    kcat-in -e "$rejects" >lines
    head -n 1 lines | loginresend -j '.raw |= (fromjson | .ip = "192.0.2.1" | tojson)' | kcat-out -J --own-topic -t "$topic"
    sed -n 2p lines | loginresend | kcat-out -J --own-topic -t "$topic" -j '.value.ip = "192.0.2.2"'
    sed -n 3p lines | loginresend | jq -c '.value.ip = "192.0.2.3"' | kcat-out -J --own-topic -t "$topic"
    clean
    read_topic "$out" -J | jq -c '[.key, .value.ip, .headers[0]]' >got
    assert_eq "$(<got)" '["x","192.0.2.1",["loginpipe.attempts","1"]]
["y","192.0.2.2",["loginpipe.attempts","1"]]
["z","192.0.2.3",["loginpipe.attempts","1"]]'
    assert_eq "$(read_topic "$rejects" | wc -l)" 3
}

# numbered_rejects FROM TO: rejects of records with these numbers. Every tenth one cannot be sent.
numbered_rejects() {
    awk -v from="$1" -v to="$2" -v topic="$topic" 'BEGIN {
        pad = sprintf("%380s", ""); gsub(/ /, "x", pad)
        for (n = from; n <= to; n++)
            printf "{\"reject\":\"bad_ip\",\"topic\":\"%s\",\"partition\":%d,\"key\":\"%d\",\"headers\":[]," \
                "\"attempts\":%d,\"first\":\"2026-11-22\",\"raw\":\"{\\\"n\\\":%d,\\\"pad\\\":\\\"%s\\\"}\"}\n",
                topic, n % 3, n, n % 10 == 0 ? 5 : 1, n, pad
    }'
}

# numbers: the number of each record in $topic and of each reject in $dead.
numbers() {
    read_topic "$topic" | jq .n
    read_topic "$dead" | jq '.raw | fromjson.n'
}

# has_come_back COUNT: at least that many are there.
has_come_back() {
    [ "$(numbers | wc -l)" -ge "$1" ]
}

@test "each reject goes back once although stages are killed" {
    make_topics 3
    slow_stage
    cat >pipeline <<END
kcat-in '$rejects' -G '$group' --shard 0/1 --marks=100ms | perl slow | loginresend --rejects - |
    kcat-out -J --own-topic -t '$topic' --route 'reject=$dead' --exactly-once --transactional-id '$group'
echo "\${PIPESTATUS[*]}" >statuses
END
    made=0
    for stage in kcat-out loginresend kcat-in perl; do
        numbered_rejects $((made + 1)) $((made + 5000)) | produce "$rejects"
        before=$(numbers | wc -l)
        start bash pipeline 2>>err
        wait_until 30 has_come_back $((before + 1))
        pkill -KILL -s $! "$stage"
        await $!
        made=$((made + 5000))
    done
    sed -i 's/kcat-in/kcat-in -e/; s/perl slow/cat/' pipeline
    start bash pipeline
    await $! 60
    assert_eq "$(<statuses)" '0 0 0 0'
    wait_until 10 has_come_back $made
    numbers >got
    assert_exactly_once $made got
    assert_eq "$(read_topic "$dead" | wc -l)" $((made / 10))
    # Those of a key, which are in one partition, are in order.
    for part in 0 1 2; do
        read_topic "$topic" -p $part | jq .n >order
        sort -n order | cmp - order
        assert_eq "$(awk -v part=$part '$1 % 3 != part' order | wc -l)" 0
    done
}

@test "rejects of all stages have the message of their record" {
    make_topics 1
    late=$(record_with '.timestamp = 1000000000')
    printf '%s\n' "{\"key\":\"good\",\"value\":$(record_with .)}" "{\"key\":\"late\",\"value\":$late}" \
        '{"key":"bad_ip","value":{"ip":"x"}}' '{"key":"not_json","value_text":"x"}' |
        jq -c '.headers = [["h", .key], ["loginpipe.attempts", "2"], ["loginpipe.first", "2026-01-01T00:00:00Z"]] | .ts = 7 | .tstype = "create"' |
        produce "$topic" -J
    {
        printf '{"key":"too_long","headers":[["h","too_long"]],"value":"%s"}\n' "$(head -c 3000 /dev/zero | tr '\0' x)"
        printf '{"key":"reserved","headers":[["h","reserved"]],"value":{"@mark":1}}\n'
    } | jq -c '.headers += [["loginpipe.attempts", "2"], ["loginpipe.first", "2026-01-01T00:00:00Z"]] | .ts = 7' | produce "$topic" -J
    # kcat-in without -J knows what it has read.
    for how in '' -J; do
        # shellcheck disable=SC2086 # may be no word
        kcat-in -e $how --marks --max-line 2000 --rejects kcat-in$how "$topic" >lines
    done
    assert_eq "$(jq -r .reject kcat-in | xargs)" 'not_json too_long reserved'
    assert_eq "$(jq -r .reject kcat-in-J | head -n 1)" too_long
    kcat-in -e -J "$topic" --rejects none |
        loginclean -J --max-line 2000 --require ip --optional user_id --rejects loginclean >clean
    { grep '"key":"good"' clean && grep '"key":"late"' clean; } >both
    { cat both && jq -c 'select(.key == "good") | .value = 1' both; } | loginagg -J --every 0 --rejects loginagg >/dev/null
    assert_eq "$(jq -r .reject loginagg | xargs)" 'late not_object'
    head -n 1 both | kcat-out -J -t "$topic" -X message.max.bytes=1000 -j '.value.pad = "x" * 2000' --rejects kcat-out
    assert_eq "$(jq -r .reject loginclean kcat-out | xargs)" 'bad_ip not_json too_long missing_field not_delivered'
    cat kcat-in kcat-in-J loginclean loginagg kcat-out >all
    jq -c '[.topic, .partition, .ts, .tstype, .attempts, .first, (.headers | length)]' all | sort | uniq -c >shapes
    assert_eq "$(wc -l <shapes)" 1
    assert_match "$(<shapes)" ',0,7,"create",3,"2026-01-01T00:00:00Z",3\]$'
    assert_eq "$(jq -r 'select(.key != .headers[0][1]) | .key' all)" ''
}

# supervise NAME: runs the script NAME again and again, until there is a file stop.
supervise() {
    start bash -c "while [ ! -e stop ]; do bash $1; done" 2>>"err-$1"
}

# is_given_up COUNT: at least that many records.
is_given_up() {
    [ "$(read_topic "$dead" | wc -l)" -ge "$1" ]
}

@test "each attempt is made once although stages are killed on the way there and back" {
    make_topics 3
    cat >clean <<END
kcat-in -J '$topic' -G 'clean-$topic' --shard 0/1 --marks=100ms --rejects - |
    loginclean -J --require ip --rejects - |
    kcat-out -J --exactly-once --transactional-id 'clean-$topic' -t '$out' --route 'reject=$rejects' --keep-partition=no
END
    cat >resend <<END
kcat-in '$rejects' -G 'resend-$topic' --shard 0/1 --marks=100ms | loginresend --max-attempts 3 --rejects - |
    kcat-out -J --own-topic --exactly-once --transactional-id 'resend-$topic' -t '$topic' --route 'reject=$dead'
END
    supervise clean
    cleaning=$!
    supervise resend
    resending=$!
    made=0
    for kill in "$cleaning kcat-out" "$resending loginresend" "$cleaning loginclean" "$resending kcat-out" \
        "$cleaning kcat-in" "$resending kcat-in"; do
        # Every third record is bad.
        seq $((made + 1)) $((made + 600)) | jq -c '{key: tostring, value: {n: ., ip: (if . % 3 == 0 then "x" else "::1" end)}}' |
            produce "$topic" -J
        made=$((made + 600))
        wait_until 120 is_given_up $((made / 3 - 199))
        # shellcheck disable=SC2086 # two words
        pkill -KILL -s $kill || true # it may have ended, with another stage
    done
    wait_until 120 is_given_up $((made / 3))
    touch stop
    pkill -TERM -s $cleaning kcat-in
    pkill -TERM -s $resending kcat-in
    await $cleaning 60
    await $resending 60
    seq 3 3 $made >bad
    read_topic "$dead" | jq '.raw | fromjson.n' | sort -n | cmp - bad
    for attempt in 1 2 3; do
        read_topic "$rejects" | jq "select(.attempts == $attempt).key | tonumber" | sort -n | cmp - bad
    done
    read_topic "$out" | jq .n | sort -n >good
    seq $made | awk '$1 % 3 != 0' | cmp - good
}
