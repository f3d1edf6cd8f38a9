#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean accepts what is JSON, rejects the rest, and keeps the bytes of records. The texts are those
# of unit/json_test.c, which tests the parser alone; here each is a line of input.

load helpers

setup() {
    begin
    "$BUILD_DIR/unit/json_test" valid >good
    "$BUILD_DIR/unit/json_test" invalid >bad
}

# With these rules, every object with a device_type is valid.
clean_any() {
    loginclean --optional user_id,app_version,ip,locale,device_id,timestamp "$@"
}

# Makes each text a member of an object, with spaces that would be lost if it were printed anew.
as_member() {
    LC_ALL=C sed 's/^/{ "device_type" : "x", "v": /; s/$/ }/' "$1"
}

@test "the list of JSON texts is long enough" {
    [ "$(wc -l <good)" -ge 120 ]
    [ "$(wc -l <bad)" -ge 150 ]
}

@test "loginclean accepts every valid text as JSON" {
    clean_any --rejects rejects <good >out
    assert_eq "$(jq -c 'select(.reject == "not_json")' rejects)" ''
}

@test "loginclean rejects every invalid text as not_json, with its bytes and the error" {
    clean_any --rejects rejects <bad >out
    assert_eq "$(<out)" ''
    assert_eq "$(wc -l <rejects)" "$(wc -l <bad)"
    assert_eq "$(jq -c 'select(.reject != "not_json" or (.detail | length) < 5)' rejects)" ''
    # "Cg==" is a newline.
    jq -r 'if .raw then .raw + "\n" | @base64 else .raw_b64, "Cg==" end' rejects | base64 -d |
        cmp - bad
}

@test "every valid text passes as a member byte for byte" {
    as_member good >in
    clean_any <in >out
    cmp in out
}

@test "every valid text passes select byte for byte" {
    as_member good >in
    clean_any -j 'select(.device_type == "x")' <in >out
    cmp in out
}

@test "filling in a member leaves every valid text beside it unchanged" {
    as_member good | sed 's/"device_type" : "x"/"device_type" : null/' >in
    clean_any <in >out
    sed 's/"device_type" : "unknown"/"device_type" : null/' out | cmp - in
    as_member good | sed 's/"device_type" : "x"/"Device_type":""/' >in
    clean_any <in >out
    sed 's/,"device_type":"unknown"//' out | cmp - in
}

@test "loginclean rejects every invalid text as a member" {
    as_member bad >in
    clean_any --rejects rejects <in >out
    assert_eq "$(<out)" ''
    assert_eq "$(jq -r .reject rejects | sort | uniq -c | xargs)" "$(wc -l <bad) not_json"
}

@test "a jq program sees every valid text as jq does" {
    # simdjson has no integer -0 and parses it as 0.
    as_member good | grep -v -- '-0[],e ]' >in
    clean_any -j '{device_type, v, more: 1}' <in >out
    # jq refuses some unpaired surrogates, so these cannot be compared. From version 1.7 on, it keeps
    # the digits of a number with which a program does not calculate.
    jq -cR '(try fromjson catch null) |
        if . == null then "refused"
        else {device_type, v: (.v | walk(if type == "number" then . * 1 else . end)), more: 1} end' \
        in >want
    [ "$(grep -c refused want)" -lt 20 ]
    paste -d '\n' want out | awk 'NR % 2 == 1 { want = $0; next }
        want != "\"refused\"" && want != $0 { print "jq: " want "\nbut: " $0; wrong = 1 }
        END { exit wrong }'
}
