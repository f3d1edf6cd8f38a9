#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginresend: rejects become the messages that were rejected.

load helpers

FIRST=2026-11-22T13:00:00.500Z

# reject JQ: a reject, changed by a jq program.
reject() {
    jq -nc '{reject: "bad_ip", field: "ip", stage: "loginclean", line: 7, topic: "t", partition: 1, offset: 2,
        ts: 3, tstype: "create", key: "k", headers: [["h", "1"], ["h", null]], attempts: 2,
        first: "'$FIRST'", detail: "why", raw: "{\"ip\":\"x\"}"} | '"${1:-.}"
}

# rejects OPTION...: the rejects of loginresend, without their message.
rejects() {
    loginresend "$@" --rejects - | jq -c '[.reject, .field, .attempts, .first, .detail, .raw]'
}

@test "a reject becomes the message that was rejected, and headers count the attempts" {
    assert_eq "$(reject | loginresend)" '{"topic":"t","partition":1,"offset":2,"ts":3,"tstype":"create","key":"k","headers":[["h","1"],["h",null],["loginpipe.attempts","2"],["loginpipe.first","'$FIRST'"]],"value":{"ip":"x"}}'
}

@test "headers that counted earlier attempts are replaced" {
    reject '.headers = [["loginpipe.attempts", "1"], ["a", "b"], ["loginpipe.first", "x"], ["loginpipe.attempts", "9"]]' |
        loginresend | jq -c .headers >out
    assert_eq "$(<out)" '[["a","b"],["loginpipe.attempts","2"],["loginpipe.first","'$FIRST'"]]'
}

@test "any bytes come back: JSON, text, binary data, and no value" {
    {
        reject '.raw = "{\"a\": 1.50, \"b\":[]}"'
        reject '.raw = "not JSON\n\u0000"'
        reject '.raw = ""'
        reject '.raw = null'
        reject 'del(.raw) | .raw_b64 = "/wA="'
        reject 'del(.key) | .key_b64 = "/wA=" | .headers = [[{b64: "/w=="}, {b64: "/g=="}]]'
        reject 'del(.ts, .tstype) | .key = null'
    } | loginresend >out
    cut -d, -f1 out | uniq -c | grep -q ' 7 {"topic":"t"$'
    grep -qF '"value":{"a": 1.50, "b":[]}}' out
    assert_eq "$(jq -c '[.value, .value_text, .value_b64]' out)" '[{"a":1.5,"b":[]},null,null]
[null,"not JSON\n\u0000",null]
[null,"",null]
[null,null,null]
[null,null,"/wA="]
[{"ip":"x"},null,null]
[{"ip":"x"},null,null]'
    assert_eq "$(sed -n 4p out | jq 'has("value")')" true
    assert_eq "$(sed -n 6p out | jq -c '[.key_b64, .headers[0]]')" '["/wA=",[{"b64":"/w=="},{"b64":"/g=="}]]'
    assert_eq "$(sed -n 7p out | jq -c '[.ts, .key]')" '[null,null]'
}

@test "what stages reject with -J comes back as it was" {
    cat >in <<'END'
{"topic":"t","partition":1,"ts":3,"tstype":"logappend","key":"k","headers":[["h",null]],"value":[ 1 ]}
{"topic":"t","partition":0,"key":null,"headers":[],"value":null}
{"topic":"t","key_b64":"/w==","headers":[],"value_b64":"/w=="}
{"topic":"t","key":null,"headers":[],"value_text":"null"}
END
    loginclean -J --rejects - <in | loginresend | jq -c 'del(.headers[] | select(.[0] | startswith("loginpipe")))' >out
    sed 's/\[ 1 \]/[1]/' in | diff out -
    # A second attempt counts.
    loginclean -J --rejects - <in | loginresend | loginclean -J --rejects - | tee twice | jq -c .attempts | sort -u >out
    assert_eq "$(<out)" 2
    assert_eq "$(jq -r .first twice)" "$(loginresend <twice | jq -r '.headers | map(select(.[0] == "loginpipe.first"))[][1]')"
}

@test "a record whose filter fails comes back without its envelope" {
    echo '{"topic":"t","partition":1,"key":"k","headers":[],"value":{"a":1}}' >in
    # The last one makes JSON that is nested too deep.
    # shellcheck disable=SC2016 # a variable of jq
    for program in 'error("no")' '.value |= reduce range(2000) as $i (.; [.])'; do
        for jobs in 1 2; do
            loginclean -J -j "$program" --jobs $jobs --rejects - <in >rejects
            assert_eq "$(jq -c '[.reject, .topic, .raw]' rejects)" '["filter_error","t","{\"a\":1}"]'
            assert_eq "$(loginresend <rejects | jq -c 'del(.headers)')" "$(jq -c 'del(.headers)' in)"
        done
    done
}

@test "a reject that the filter cannot mend stays the reject of its record" {
    reject '.raw = "oops"' >in
    for jobs in 1 2; do
        loginresend --jobs $jobs -j '.raw |= (fromjson | tojson)' --rejects - <in >rejects
        assert_eq "$(jq -c 'del(.stage, .line, .detail, .reject)' rejects)" "$(jq -c 'del(.stage, .line, .detail, .reject)' in)"
        assert_match "$(jq -r '.reject, .detail' rejects | paste -s)" '^filter_error.*; bad_ip in loginclean: why$'
    done
    # So it can be sent back by another program.
    assert_eq "$(loginresend <rejects | jq -c '[.topic, .key, .value_text]')" '["t","k","oops"]'
    # The same for rejects in envelopes.
    jq -c '{topic: "login-rejects", key: "x", value: .}' in |
        loginresend -J -j '.value.raw |= (fromjson | tojson)' --rejects - | cmp - <(head -n 1 rejects)
}

@test "a record that was rejected --max-attempts times is given up, and nothing of it is lost" {
    reject '.attempts = 4' | loginresend | jq -c '.headers[2]' >out
    assert_eq "$(<out)" '["loginpipe.attempts","4"]'
    reject '.attempts = 5' | loginresend --rejects - >dead
    assert_eq "$(jq -c 'del(.stage, .line, .detail, .reject)' dead)" "$(reject '.attempts = 5 | del(.stage, .line, .detail, .reject)')"
    assert_eq "$(jq -c '[.reject, .stage, .line, .detail]' dead)" '["gave_up","loginresend",1,"bad_ip in loginclean: why"]'
    reject | rejects --max-attempts 2 >out
    assert_eq "$(<out)" '["gave_up","ip",2,"'$FIRST'","bad_ip in loginclean: why","{\"ip\":\"x\"}"]'
    # It can be sent after all, and keeps its first reason if not.
    loginresend --max-attempts 6 <dead | jq -c '[.topic, .headers[2]]' >out
    assert_eq "$(<out)" '["t",["loginpipe.attempts","5"]]'
    loginresend --rejects - <dead >again
    cmp again dead
}

@test "a reject without a topic is sent to --topic, or rejected" {
    reject 'del(.topic, .partition, .offset, .ts, .tstype, .key, .headers, .attempts, .first)' >in
    assert_eq "$(rejects <in)" '["no_origin","ip",null,null,"bad_ip in loginclean: why","{\"ip\":\"x\"}"]'
    loginresend --topic u <in >out
    assert_eq "$(jq -c '[.topic, .partition, .key, .headers[0], .value]' out)" '["u",null,null,["loginpipe.attempts","1"],{"ip":"x"}]'
    now=$(date +%s)
    first=$(jq '.headers[1][1] | sub("[.][0-9]+"; "") | fromdate' out)
    [ $((now - first)) -le 5 ] && [ $((now - first)) -ge -1 ]
    assert_eq "$(rejects --topic u --max-attempts 1 <in)" '["gave_up","ip",null,null,"bad_ip in loginclean: why","{\"ip\":\"x\"}"]'
    # A partition does not matter without a topic.
    reject 'del(.topic)' | loginresend --topic u | jq -c '[.topic, .partition, .key]' >out
    assert_eq "$(<out)" '["u",null,"k"]'
    reject | loginresend --topic u | jq -c .topic >out
    assert_eq "$(<out)" '"t"'
}

@test "a record of which only the beginning was kept cannot be sent" {
    bash -c 'printf "%s" "{\"topic\":\"t\",\"key\":\"k\",\"headers\":[],\"value\":{\"a\":\""; head -c 200000 /dev/zero | tr "\0" x; echo "\"}}"' >in
    loginclean -J --max-line 30000 --rejects - <in >whole
    assert_eq "$(loginresend <whole | jq -c '[.topic, (.value.a | length)]')" '["t",200000]'
    reject '.truncated = true | .length = 999 | .raw = "{\"ip\""' >in
    loginresend --rejects - <in >out
    assert_eq "$(jq -c '[.reject, .truncated, .length, .raw, .attempts, .detail]' out)" \
        '["truncated",true,999,"{\"ip\"",2,"bad_ip in loginclean: why"]'
}

@test "a line that is no reject becomes one" {
    {
        echo '{"user_id":"u"}'
        echo '{"reject":1,"raw":""}'
        echo '[]'
        echo '{"reject":'
        reject 'del(.raw)'
        reject '.raw_b64 = ""'
        reject 'del(.raw) | .raw_b64 = "?"'
        reject '.attempts = 0'
        reject '.attempts = "2"'
        reject '.first = "yesterday"'
        reject 'del(.attempts)'
        reject '.partition = "x"'
        reject '.headers = 1'
    } >in
    loginresend --rejects rejects --stats stats <in >out
    [ ! -s out ]
    assert_eq "$(jq -r .raw rejects)" "$(<in)"
    assert_eq "$(ledger stats .by_reason)" '{"not_reject":12,"not_json":1}'
    assert_ledger_adds_up stats
    jq -r .detail rejects | sort -u | diff - <(sort <<'END'
attempts is not a number from 1, or first is not a time
headers is not a list such as [["name","value"]]
it has neither a string raw nor raw_b64 in base64, or both
it is not an object with a string reject
malformed JSON
topic, partition or offset is malformed
END
    )
}

@test "-j chooses and mends rejects" {
    { reject && reject '.reject = "late"'; } | tee in | loginresend -j 'select(.reject == "bad_ip")' --stats stats | jq -c .value >out
    assert_eq "$(<out)" '{"ip":"x"}'
    assert_eq "$(ledger stats '[.in, .out, .filtered]')" '[2,1,1]'
    loginresend -j '.raw |= (fromjson | .ip = "192.0.2.1" | tojson)' <in | jq -c .value | sort -u >out
    assert_eq "$(<out)" '{"ip":"192.0.2.1"}'
    loginresend --jobs 2 -j 'select(.reject == "late")' <in | jq -c .topic >out
    assert_eq "$(<out)" '"t"'
}

@test "with -J the rejects are in envelopes, and other rejects are those of earlier stages" {
    reject | jq -c '{topic: "login-rejects", partition: 0, offset: 5, key: null, headers: [], value: .}' >in
    reject '.topic = "login-rejects"' >>in
    echo '{"topic":"login-rejects","key":null,"headers":[],"value":{"a":1}}' >>in
    loginresend -J --rejects - --stats stats <in >out
    assert_eq "$(sed -n 1p out | jq -c '[.topic, .offset, .value]')" '["t",2,{"ip":"x"}]'
    assert_eq "$(sed -n 2p out)" "$(sed -n 2p in)"
    assert_eq "$(sed -n 3p out | jq -c '[.reject, .topic, .raw]')" '["not_reject","login-rejects","{\"a\":1}"]'
    assert_eq "$(ledger stats '[.in, .out, .rejected, .passed]')" '[2,1,1,1]'
    loginresend -J -j 'select(.value.reject == "late")' <<<"$(head -n 1 in)" | cmp - /dev/null
}

@test "a reject may be longer than --max-line, like the record in it" {
    jq -nc '"\u0001" * 150 | {reject: "not_json", topic: "t", key: null, headers: [], raw: .}' >in
    [ "$(wc -c <in)" -gt 900 ]
    assert_eq "$(loginresend --max-line 200 <in | jq '.value_text | length')" 150
    # Only one that is eight times as long is cut.
    reject '.raw = "x" * 100000' | loginresend --max-line 200 --rejects - | jq -c '[.reject, .topic, .truncated]' >out
    assert_eq "$(<out)" '["too_long",null,true]'
}

@test "marks keep their place, and a stream that ends early fails" {
    run=01234567-89ab-4def-8123-456789abcdef
    {
        echo '{"@mark":"hello","run":"'$run'","seq":0,"at":[["t",0,0]]}'
        reject
        echo '{"@mark":"mark","run":"'$run'","seq":1,"at":[["t",0,1]]}'
        reject 'del(.topic)'
        reject
        echo '{"@mark":"end","run":"'$run'","seq":2,"at":[["t",0,3]]}'
    } >in
    loginresend --rejects - <in | sed -E 's/^\{"(topic|reject)".*/\1/; s/^\{"@mark":"([a-z]*).*/\1/' | xargs >out
    assert_eq "$(<out)" 'hello topic mark reject topic end'
    run -75 --separate-stderr loginresend --rejects - <<<"$(head -n 5 in)"
    assert_match "$stderr" 'without an end mark'
}

@test "loginresend takes an empty input, long lines, binary bytes and a missing newline" {
    loginresend </dev/null | cmp - /dev/null
    reject '.raw = "x" * 1048576' | loginresend | jq '.value_text | length' >out
    assert_eq "$(<out)" 1048576
    printf 'a\0b\n\377\n' | loginresend --rejects - | jq -r .reject | xargs >out
    assert_eq "$(<out)" 'not_json not_json'
    reject | tr -d '\n' | loginresend | jq -c .value >out
    assert_eq "$(<out)" '{"ip":"x"}'
}

@test "loginresend exits with 74 on a full disk, and silently when its reader exits" {
    reject >in
    run -74 bash -c 'loginresend <in >/dev/full'
    run -74 bash -c 'loginresend --rejects /dev/full <<<1'
    yes "$(<in)" | timeout 20 loginresend | head -n 1 | jq -c .topic >out
    assert_eq "$(<out)" '"t"'
}

@test "after a first signal loginresend finishes its input, and a second one ends it" {
    start_fed loginresend
    reject | write_to_feed
    wait_until 10 has_lines 1 out
    kill -INT "$pid"
    wait_until 10 has_let_go_of_signals "$pid"
    reject | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(wc -l <out)" 2
}

@test "operands and bad numbers are usage errors" {
    run -64 --separate-stderr loginresend in
    assert_match "$stderr" 'takes no operands; rejects come from stdin'
    run -64 loginresend --max-attempts 0
    run -64 loginresend --max-attempts x
    run -64 --separate-stderr loginresend --topic ''
    assert_match "$stderr" '--topic: is empty'
}
