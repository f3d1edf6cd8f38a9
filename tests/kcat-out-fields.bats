#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: the partition (-p), the timestamp (--timestamp) and the headers (--header-jq) of messages.
#
# bats file_tags=kafka

load helpers
load kcat-out

# --- Partitions ---

@test "-p writes all messages to one partition, as in kcat" {
    create_topic "$topic" 4
    seq 100 | jq -c '{k: tostring}' | produce "$topic" -p 2 --key k
    seq 100 | produce "$topic" -p 2
    assert_eq "$(dump '%p\n' | sort | uniq -c | tr -s ' ')" ' 200 2'
    # Envelopes and rejects too.
    printf '%s\n' '{"partition":1,"value":1}' '{"reject":"x"}' | produce "$topic" -J -p 3
    assert_eq "$(dump '%p %s\n' | grep '^3' | sort)" $'3 1\n3 {"reject":"x"}'
    # As in kcat, -1 leaves it to the key.
    seq 100 | jq -c '{k: tostring}' | produce "$topic-b" --create=4 -p -1 --key k
    assert_eq "$(dump '%p\n' "$topic-b" | sort -u | wc -l)" 4
}

@test "a partition that does not exist is an error at the start" {
    create_topic "$topic-a" 4
    run -78 --separate-stderr kcat-out -t "$topic-a" -p 4 --check
    assert_match "$output" "failed: kcat-out: topic $topic-a: has no partition 4"
    run -0 kcat-out -t "$topic-a" -p 3 --check
    run -78 --separate-stderr produce "$topic" --create=4 -p 4 <<<1
    assert_eq "$stderr" "kcat-out: -p: topic $topic has no partition 4"
    produce "$topic-b" --create </dev/null
    run -78 --separate-stderr produce "$topic" --route insight="$topic-b" -p 3 <<<1
    assert_eq "$stderr" "kcat-out: -p: topic $topic-b has no partition 3"
    assert_eq "$(dump '%s')" ''
}

# --- Timestamps ---

@test "--timestamp takes the time from a field" {
    cat >in <<'END'
{"t":1694479551,"n":1}
{"t":"2023-09-12T00:45:51.25Z","n":2}
{"t":1694479551000000,"n":3}
{"t":"1694479551123","n":4}
END
    produce "$topic" --create --timestamp t <in
    assert_eq "$(dump '%T %s|')" "1694479551000 $(sed -n 1p in)|1694479551250 $(sed -n 2p in)|1694479551000 $(sed -n 3p in)|1694479551123 $(sed -n 4p in)|"
    echo '{"t":1694479551}' | produce "$topic-b" --create --timestamp t --time-unit ms
    assert_eq "$(dump '%T' "$topic-b")" 1694479551
}

@test "a record without a time, or with a bad one, is a reject" {
    cat >in <<'END'
{"t":"yesterday"}
{"x":{"t":1694479551}}
{"t":0}
{"t":-1694479551}
{"t":1e300}
{"t":null}
[1]
nonsense
{"t":1694479551}
END
    run -0 --separate-stderr produce "$topic" --create --timestamp t --stats stats <in
    assert_eq "$(jq -c '[.reject,.field,.detail]' <<<"$stderr")" '["bad_timestamp","t","neither RFC 3339 text nor an integer in range"]
["bad_timestamp","t","missing"]
["bad_timestamp","t","not after 1970-01-01T00:00:00Z"]
["bad_timestamp","t","not after 1970-01-01T00:00:00Z"]
["bad_timestamp","t","neither RFC 3339 text nor an integer in range"]
["bad_timestamp","t","neither RFC 3339 text nor an integer in range"]
["bad_timestamp","t","missing"]
["not_json",null,"a misspelt true, false or null"]'
    assert_eq "$(dump '%T %s')" '1694479551000 {"t":1694479551}'
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[9,1,8]'
}

@test "--timestamp wins over the time of an envelope, but a tombstone keeps it" {
    printf '%s\n' '{"key":"k","ts":5,"tstype":"create","value":{"t":77}}' \
        '{"key":"k","ts":5,"tstype":"create","value":null}' | produce "$topic" --create -J --timestamp t
    assert_eq "$(dump '%T %S,')" '77000 8,5 -1,'
    before=$(date +%s)000
    printf 'k:{"t":77}\nk:\n' | produce "$topic-b" --create -K : -Z --timestamp t
    dump '%T\n' "$topic-b" >stamps
    assert_eq "$(head -n 1 stamps)" 77000
    [ "$(tail -n 1 stamps)" -ge "$before" ]
}

# --- Headers ---

@test "--header-jq takes headers from an object or a list, after those of the envelope and before those of -H" {
    produce "$topic" --create -H fixed=1 --header-jq '.h' <<'END'
{"h":{"a":"x","b":null,"c":""}}
{"h":[["a","x"],["a","y"],["é",null]]}
{"h":["a","x","b","y"]}
{"h":[]}
{"h":null}
{"h":{}}
{"h":["a",1,"b",true,"c",1.5]}
END
    assert_eq "$(dump '%h;')" 'a=x,b=NULL,c=,fixed=1;a=x,a=y,é=NULL,fixed=1;a=x,b=y,fixed=1;fixed=1;fixed=1;fixed=1;a=1,b=true,c=1.5,fixed=1;'
    echo '{"headers":[["e","1"]],"value":{"id":7}}' |
        produce "$topic-b" --create -J -H f=2 --header-jq '{id: (.id | tostring)}, {no: "second"}'
    assert_eq "$(dump '%h' "$topic-b")" 'e=1,id=7,f=2'
    echo 'k:1' | produce "$topic-c" --create -K : --header-jq 'empty'
    assert_eq "$(dump '[%h]' "$topic-c")" '[]'
    echo '{"a":{"b64":"/wH+"}}' | produce "$topic-d" --create --header-jq .
    assert_eq "$(dump '%h' "$topic-d" | od -An -tx1)" ' 61 3d ff 01 fe'
}

@test "an output that is no headers is a reject" {
    run -0 --separate-stderr produce "$topic" --create --header-jq '.h | if . == 1 then error("no") else . end' <<'END'
{"h":"text"}
{"h":{"a":{"b":1}}}
{"h":{"a":[]}}
{"h":["a"]}
{"h":[["a","b","c"]]}
{"h":{"a":{"b64":"?"}}}
{"h":1}
nonsense
{"h":{"a":"ok"}}
END
    assert_eq "$(jq -r .reject <<<"$stderr" | sort | uniq -c | tr -s ' ')" ' 7 filter_error
 1 not_json'
    assert_eq "$(jq -r .detail <<<"$stderr" | sort -u | head -n 1)" \
        '--header-jq: the output is not {"name":"value"} or [["name","value"]]'
    assert_eq "$(dump '%h')" 'a=ok'
}
