#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out --own-topic: each envelope goes to the topic that it names.
#
# bats file_tags=kafka

load helpers
load kcat-out

@test "--own-topic writes each envelope to its topic, and rejects those of other topics" {
    other=$(fresh_topic other)
    create_topic "$topic" 2
    create_topic "$other" 2
    cat >in <<END
{"topic":"$topic","partition":1,"key":"a","headers":[],"value":{"reject":1}}
{"topic":"$other","partition":0,"key":"b","headers":[],"value_text":"text"}
{"topic":"elsewhere","key":"c","headers":[["h","v"]],"value":3}
{"key":"d","value":4}
{"topic":"$topic","partition":0,"key":"e","headers":[],"value":null}
{"topic":"$other","partition":1,"headers":[],"value_b64":"/w=="}
END
    timeout 20 kcat-out -J --own-topic -t "$topic" -t "$other" --route reject=nowhere-"$topic" --create=1 --rejects rejects --stats stats <in
    assert_eq "$(dump '%p %k %s\n' "$topic" | sort)" $'0 e \n1 a {"reject":1}'
    assert_eq "$(dump '%p %k %S\n' "$other" | sort)" $'0 b 4\n1  1'
    assert_eq "$(jq -c '[.reject, .field, .topic, .key, .headers, .attempts, .detail, .raw]' rejects)" \
        '["unknown_topic","topic","elsewhere","c",[["h","v"]],1,"no -t names the topic of the envelope","3"]
["unknown_topic","topic",null,"d",[],1,"the envelope names no topic","4"]'
    assert_ledger_adds_up stats
}

@test "--own-topic copies several topics at a time" {
    other=$(fresh_topic other)
    for t in "$topic" "$other"; do seq 100 | jq -c '{key: tostring, value: {t: "'"$t"'", n: .}}' | produce "$t" --create=2 -J; done
    kcat-in -e -J "$topic" "$other" >before
    timeout 20 kcat-out -J --own-topic -t "$topic" -t "$other" <before
    assert_eq "$(read_topic "$topic" | jq -r .t | sort | uniq -c | xargs)" "200 $topic"
    assert_eq "$(read_topic "$other" | jq -r .t | sort | uniq -c | xargs)" "200 $other"
}

@test "lines that are no envelopes go to the last -t, or where a route says" {
    other=$(fresh_topic other)
    create_topic "$topic"
    create_topic "$other"
    printf '%s\n' '{"insight":"x","key":"k"}' '{"reject":"x"}' "{\"topic\":\"$topic\",\"value\":1}" >in
    timeout 20 kcat-out -J --own-topic -t "$topic" -t "$other" <in
    assert_eq "$(dump '%s\n' "$other")" "$(head -n 2 in)"
    assert_eq "$(dump '%s\n')" 1
    timeout 20 kcat-out -J --own-topic -t "$other" -t "$topic" --route "reject=$other" <in
    assert_eq "$(dump '%s\n' "$other" | tail -n 1)" '{"reject":"x"}'
}

@test "--own-topic needs -J; without it the last -t counts" {
    run -64 --separate-stderr kcat-out --own-topic -t "$topic"
    assert_eq "$stderr" 'kcat-out: --own-topic: needs -J, since an envelope names its topic (see kcat-out --help)'
    run -64 --separate-stderr kcat-out -J --own-topic
    assert_match "$stderr" '^kcat-out: no topic: give it with -t'
    echo 1 | produce not-used-"$topic" -t "$topic" --create
    assert_eq "$(dump '%s\n')" 1
    run -69 --separate-stderr kcat-out -J --own-topic -t "$topic" -t missing-"$topic" --wait 1s </dev/null
    assert_match "$stderr" "missing-$topic"
}
