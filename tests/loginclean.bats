#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean: records that pass, values that are filled in or spelled anew, and options.

# shellcheck disable=SC2016 # the dollar signs are jq's

load helpers
load loginclean

# --- Passing and filling in ---

@test "good records pass byte for byte" {
    loginclean <good >out
    cmp good out
}

@test "a record keeps its spacing, number formats and escapes" {
    cat >odd <<'END'
  { "user_id" : "\u0061\ud83d\ude00" , "app_version":"2","ip":"::1","locale":"\/","device_id":"d" ,"timestamp" : 1694479551 , "device_type":"web", "big":123456789012345678901234567890, "e":1.50E+02, "z":-0, "lone":"\ud800" }  
END
    loginclean <odd >out
    cmp odd out
}

@test "a missing device_type becomes unknown, and nothing else changes" {
    record_with 'del(.device_type)' >in
    run -0 loginclean <in
    assert_eq "$output" "$(sed 's/}$/,"device_type":"unknown"}/' in)"
}

@test "a null or empty device_type is replaced in place" {
    record_with '.device_type = null' >in
    record_with '.device_type = ""' >>in
    loginclean --stats stats <in >out
    assert_eq "$(jq -r .device_type out | sort -u)" unknown
    assert_eq "$(sed 's/"device_type":[^,]*/X/' in)" "$(sed 's/"device_type":[^,]*/X/' out)"
    assert_eq "$(ledger stats '.filled.device_type')" 2
    assert_eq "$(ledger stats .filled_from)" '{"null":1,"empty":1}'
}

@test "filling in a member keeps bytes that jq would change" {
    cat >in <<'END'
 {"user_id":"\u0061" , "app_version":"2","ip":"::1","locale":"x","device_id":"d","timestamp" : 1694479551, "device_type" : null ,"big":123456789012345678901234567890,"nested":{"device_type":null,"a":[1,{}]},"lone":"\ud800" } 
END
    sed 's/"device_type" : null/"device_type" : "unknown"/' in >want
    loginclean <in >out
    cmp want out
}

@test "a device_type is added to records that are nested or end in spaces" {
    printf '%s\n' '{"user_id":"{\"}"}' '{"user_id":"a","x":{"y":"}"} }  ' '{ "user_id":"b"	}	' >in
    printf '%s\n' '{"user_id":"{\"}","device_type":"unknown"}' \
        '{"user_id":"a","x":{"y":"}"},"device_type":"unknown" }  ' \
        '{ "user_id":"b","device_type":"unknown"	}	' >want
    loginclean --require user_id <in >out
    cmp want out
}

@test "an object without members gets its first one" {
    printf '{}\n{ }\n' | loginclean --optional user_id,app_version,ip,locale,device_id,timestamp >out
    printf '%s\n' '{"device_type":"unknown"}' '{"device_type":"unknown" }' | cmp - out
}

@test "--device-type sets the value for a missing device_type" {
    record_with 'del(.device_type)' >in
    loginclean --device-type 'a "new"\one' <in >out
    assert_eq "$(jq -r .device_type out)" 'a "new"\one'
}

@test "a --device-type or --datetime that is not UTF-8 is refused" {
    run -64 loginclean --device-type $'\xff' <good
    run -64 loginclean --datetime=$'\xff' <good
}

@test "--canonical changes known device types to their usual spelling and leaves others unchanged" {
    types=(ANDROID Android ios IOS WeB android iOS web Web2 Windows webOS)
    record_with ".device_type = $(texts "${types[@]}")" >in
    loginclean --canonical <in >out
    assert_eq "$(jq -r .device_type out | paste -sd ' ')" \
        "android android iOS iOS web android iOS web Web2 Windows webOS"
    assert_eq "$(sed 's/"device_type":[^,]*/X/' in)" "$(sed 's/"device_type":[^,]*/X/' out)"
}

@test "without --canonical, device types keep their case" {
    record_with '.device_type = "IOS"' >in
    assert_passes
}

@test "--datetime appends a readable time" {
    loginclean --datetime <good >out
    sed '1s/}$/,"datetime":"2023-09-12T00:45:51Z"}/; 2s/}$/,"datetime":"2024-07-10T02:00:25Z"}/' \
        good | cmp - out
}

@test "--datetime replaces only the value of an existing member" {
    record_with '{datetime: "old"} + .' >in
    record_with '. + {datetime: null, more: [1.0]}' >>in
    loginclean --datetime <in >out
    sed -E 's/"datetime":("old"|null)/"datetime":"2023-09-12T00:45:51Z"/' in | cmp - out
}

@test "--datetime=NAME sets the name of the member" {
    loginclean --datetime='at "z"' <good >out
    assert_eq "$(head -n 1 out | jq -r '.["at \"z\""]')" 2023-09-12T00:45:51Z
    assert_eq "$(jq -c 'del(.["at \"z\""])' out)" "$(jq -c . good)"
}

@test "--datetime beside an object of the same name adds a member that takes precedence" {
    record_with '.datetime = {"a": 1}' >in
    loginclean --datetime <in >out
    assert_eq "$(jq -r .datetime out)" 2023-09-12T00:45:51Z
}

@test "--datetime and a missing device_type change one record in two places" {
    record_with 'del(.device_type)' >in
    loginclean --datetime <in >out
    sed 's/}$/,"device_type":"unknown","datetime":"2023-09-12T00:45:51Z"}/' in | cmp - out
}

@test "a record whose optional time is missing gets no datetime" {
    record_with 'del(.timestamp)' >in
    assert_passes --optional timestamp --datetime
}

@test "the last of two members with the same key counts" {
    sed 's/^{/{"ip":7,"device_type":null,/' good >in
    assert_passes
    sed 's/}$/,"ip":7}/' good | head -n 1 >in
    echo "wrong_type ip" >want
    assert_rejected
}

@test "the last of two device_type members is filled in" {
    sed 's/}$/,"device_type":null}/' good >in
    sed 's/}$/,"device_type":"unknown"}/' good >want
    loginclean <in >out
    cmp want out
}

@test "a key with escapes is the same key" {
    sed 's/"user_id"/"\\u0075ser_id"/; s/"ip"/"i\\u0070"/' good >in
    assert_passes
    head -n 1 in | sed 's/"device_type": "android"/"device\\u005ftype": null/' >escaped
    loginclean <escaped >out
    sed 's/null/"unknown"/' escaped | cmp - out
}

# --- Options ---

@test "unknown options and operands are usage errors" {
    run -64 loginclean --no-such-option
    assert_match "$output" '^loginclean: --no-such-option: unknown or ambiguous option \(see loginclean --help\)$'
    run -64 loginclean -Q
    assert_match "$output" '^loginclean: -Q: unknown option'
    run -64 loginclean file
    assert_match "$output" '^loginclean: file: takes no operands'
    run -64 loginclean --require
    assert_match "$output" 'needs an argument'
    run -64 loginclean --strict=yes
    assert_match "$output" 'takes no argument'
}
