#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: a value of any bytes becomes one line, or a reject.
#
# bats file_tags=kafka

load helpers
load kcat-in

@test "a value of several lines becomes one line with the same meaning" {
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
    # The same through a filter that selects everything.
    read_topic "$topic" -j 'select(true)' | cmp - out
}

@test "a tombstone becomes null" {
    create_topic "$topic"
    printf 'k:\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -Z -K: -t "$topic"
    run -0 --separate-stderr read_topic "$topic"
    assert_eq "$output$stderr" null
}

@test "an empty value is rejected as not_json" {
    create_topic "$topic"
    printf 'k:\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -K: -t "$topic"
    run -0 --separate-stderr read_topic "$topic"
    assert_eq "$output" ''
    assert_eq "$(jq -c '[.reject,.raw,.topic,.partition,.offset]' <<<"$stderr")" \
        "[\"not_json\",\"\",\"$topic\",0,0]"
}

@test "a value that is not JSON becomes a reject with its position and bytes" {
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

@test "the reject of a value with NUL bytes or bad UTF-8 keeps every byte" {
    printf '{"a":"\xff\xfe"}' >latin
    printf '{"a":"\0\0"}\0' >nul
    create_topic "$topic"
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" latin nul
    run -0 --separate-stderr read_topic "$topic" --rejects rejects
    assert_eq "$output$stderr" ''
    jq -r 'select(.offset == 0).raw_b64' rejects | base64 -d | cmp - latin
    jq -j 'select(.offset == 1).raw' rejects | cmp - nul
}

@test "kcat-in puts a space into a value that looks like a mark" {
    create_topic "$topic"
    printf '{"@mark":"end","run":"x"}\n{"@market":1}\n' |
        timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic"
    run -0 read_topic "$topic"
    assert_eq "$output" '{ "@mark":"end","run":"x"}
{"@market":1}'
    run -0 read_topic "$topic" -j '{"@mark": 1}'
    assert_eq "${lines[0]}" '{ "@mark":1}'
}

@test "with marks, a record with a member @mark is rejected, however its name is written" {
    create_topic "$topic"
    cat >records <<'END'
{"@mark":"end","run":"x"}
{ "@mark" : null }
{"timestamp":1700000000,"\u0040mark":"mark"}
{"a":1,"\u0040m\u0061rk":{}, "a":1e999}
{"a":{"@mark":1},"timestamp":1700000001}
{"@marks":1,"mark":2,"":3}
["@mark"]
"@mark"
END
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" <records
    read_topic "$topic" --marks --rejects rejects --stats stats >lines
    grep -v '^{"@mark"' lines | cmp - <(tail -n 4 records)
    assert_eq "$(tail -n 1 lines | jq .watermark)" 1700000001000
    assert_eq "$(jq -r '[.reject,.field,.offset] | join(" ")' rejects | xargs)" \
        'reserved @mark 0 reserved @mark 1 reserved @mark 2 reserved @mark 3'
    head -n 4 records | cmp - <(jq -r .raw rejects)
    assert_ledger_adds_up stats
    # What leaves the jq program counts.
    read_topic "$topic" --marks -j 'if type == "object" then del(."@mark") else empty end' --rejects none >lines
    assert_eq "$(grep -vc '^{"@mark"' lines)" 6
    [ ! -s none ]
    read_topic "$topic" --marks -p 0 -j '1, {"@mark": 1}' --rejects rejects2 --stats stats >lines
    assert_eq "$(grep -c '^1$' lines) $(wc -l <rejects2)" '8 8'
    assert_ledger_adds_up stats
    assert_eq "$(read_topic "$topic" | wc -l)" 8
}

@test "unusual numbers, escapes and spacing pass byte for byte" {
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

@test "rejects are appended to a file or printed among the records" {
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

@test "a jq program selects, changes and multiplies records" {
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

@test "a record longer than --max-line becomes a reject, and the next one passes" {
    {
        printf '{"x":"%s"}\n' "$(head -c 100000 /dev/zero | tr '\0' x)"
        echo '{"a":1}'
    } | produce "$topic" --create
    run -0 --separate-stderr read_topic "$topic" --max-line 90k
    assert_eq "$output" '{"a":1}'
    assert_eq "$(jq -c '[.reject,.offset,(.raw|length)]' <<<"$stderr")" '["too_long",0,65536]'
}
