#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean: the rules for each field, and --require, --optional, --earliest and --latest.

load helpers
load loginclean

@test "loginclean gives every reason of the manual for every field that it applies to" {
    # A reason, the jq program that causes it in the field f, and the fields.
    while IFS=: read -r reason change fields; do
        for field in $fields; do
            expect "$reason" "$field" ".session = 1 | ${change/f/$field}"
        done
    done <<'END'
missing_field:del(.f):user_id app_version device_type ip locale device_id timestamp session
wrong_type:.f = null:user_id app_version device_type ip locale device_id timestamp session
empty:.f = "":user_id app_version device_type ip locale device_id timestamp
bad_ip:.f = "10.0.0.256":ip
bad_timestamp:.f = "soon":timestamp
END
    expect filter_error - '.locale = "fail"'
    expect_line not_json - '{"user_id":'
    expect_line not_object - '["user_id"]'
    expect_line too_long - "$(long_record 1000)"
    assert_rejected --require user_id,app_version,device_type,ip,locale,device_id,timestamp,session \
        --max-line 1000 --stats stats \
        -j 'if type == "object" and .locale == "fail" then error("no") else . end'
    sed -n '/^\.It Cm missing_field/,/^\.El/s/^\.It Cm //p' \
        "$BATS_TEST_DIRNAME/../man/loginclean.1" | tr -s ' ,' '\n' | sort >manual
    cut -d ' ' -f 1 want | sort -u | diff manual -
    assert_ledger_adds_up stats
    cut -d ' ' -f 1 want | sort | uniq -c | awk '{ print $2, $1 }' >counts
    ledger stats '.by_reason | to_entries | sort_by(.key)[] | "\(.key) \(.value)"' | diff counts -
    jq -r '"\(.stage) \(.line)"' rejects | diff <(seq -f 'loginclean %g' "$(wc -l <in)") -
}

@test "the detail of a reject says what was found and what was expected" {
    good_records | jq -c --arg long "$(printf 'ä%.0s' {1..60})" 'select(.user_id) | [limit(1; .)][] |
        del(.locale), (.user_id = ""), (.device_id = null), (.app_version = [1]), (.ip = "1.2\u0000"),
        (.ip = $long + "x"), (.timestamp = 1e99), (.timestamp = -1), (.timestamp = "2000-01-01T00:00:00Z\t")' |
        head -n 9 >in
    loginclean --latest 2030-01-01T00:00:00Z --rejects - <in >out
    run -0 jq -r .detail out
    assert_eq "$output" "found nothing, expected a string that is not empty
found \"\", expected a string that is not empty
found null, expected a string that is not empty
found an array, expected a string that is not empty
found \"1.2\u0000\", expected an IPv4 or IPv6 address
found \"$(printf 'ä%.0s' {1..50})\"..., expected an IPv4 or IPv6 address
found a number that is no integer, expected a time from 2000-01-01T00:00:00Z to 2030-01-01T00:00:00Z
found -1, which is 1969-12-31T23:59:59Z, expected a time from 2000-01-01T00:00:00Z to 2030-01-01T00:00:00Z
found \"2000-01-01T00:00:00Z\\t\", expected a time from 2000-01-01T00:00:00Z to 2030-01-01T00:00:00Z"
    assert_match "$(jq -c '.timestamp = 99999999999' <(good_records | head -n 1) | loginclean --rejects - | jq -r .detail)" \
        'which is .*, expected a time from 2000-01-01T00:00:00Z to 3600 s ahead of the clock$'
}

@test "the reject of a missing field names it" {
    for field in user_id app_version ip locale device_id timestamp; do
        expect missing_field "$field" "del(.$field)"
    done
    assert_rejected
}

@test "the reject of a field of the wrong type names it" {
    for field in user_id app_version ip locale device_id; do
        for value in null true 7 1.5 '[]' '{}'; do
            expect wrong_type "$field" ".$field = $value"
        done
    done
    for value in null false '["1694479551"]' '{"a":1}'; do
        expect wrong_type timestamp ".timestamp = $value"
    done
    for value in true 7 '["web"]' '{}'; do
        expect wrong_type device_type ".device_type = $value"
    done
    assert_rejected
}

@test "the reject of an empty field names it" {
    for field in user_id app_version ip locale device_id timestamp; do
        expect empty "$field" ".$field = \"\""
    done
    assert_rejected
}

@test "the reason is the first broken rule, in the order of the manual" {
    expect missing_field user_id '{}'
    expect empty app_version '.app_version = "" | .ip = "x" | del(.timestamp)'
    expect wrong_type device_type '.device_type = 1 | .ip = "x"'
    expect bad_ip ip '.ip = "x" | .timestamp = "x"'
    assert_rejected
}

@test "addresses that inet_pton refuses are rejected as bad_ip" {
    for ip in localhost 1.2.3 1.2.3.4.5 256.1.1.1 1.2.3.4:80 ' 1.2.3.4' '1.2.3.4 ' 0x7f.1 \
        1..2.3 -1.2.3.4 1.2.3.04x ::1::2 12345::1 '[::1]' fe80::1%eth0 ::1/64 1:2:3:4:5:6:7 \
        1:2:3:4:5:6:7:8:9 : ::ffff:1.2.3.456 g::1; do
        expect bad_ip ip ".ip = \"$ip\""
    done
    expect bad_ip ip '.ip = "1.2.3.4\u0000"'
    expect bad_ip ip '.ip = "::1\u0000x"'
    expect bad_ip ip '.ip = "1" * 100'
    assert_rejected
}

@test "all forms of IPv4 and IPv6 addresses are accepted" {
    ips=(0.0.0.0 255.255.255.255 10.1.2.3 :: ::1 fe80::1 2001:db8::8a2e:370:7334
        2001:0DB8:0000:0000:0000:8A2E:0370:7334 ::ffff:192.0.2.128 64:ff9b::192.0.2.33
        1:2:3:4:5:6:7:8 1::8 ABCD:EF01:2345:6789:ABCD:EF01:2345:6789
        ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255)
    record_with ".ip = $(texts "${ips[@]}")" >in
    assert_passes
}

@test "times that are not integers, digits or RFC 3339 are rejected as bad_timestamp" {
    for time in '"soon"' '"1694479551.0"' '"-1694479551"' '"+1694479551"' '" 1694479551"' \
        '"1694479551 "' '"0x65000000"' '"2023-09-12T00:45:51"' '"1694479551\u0000"' 1694479551.5; do
        expect bad_timestamp timestamp ".timestamp = $time"
    done
    for time in 1694479551.0 1.694479551e9 18446744073709551615 99999999999999999999 1e999 \
        9223372036854775807 -9223372036854775808 '"9223372036854775807"' \
        '"99999999999999999999"' '"9223372036854775808"' '"18446744073709553310"'; do
        expect_line bad_timestamp timestamp \
            "$(head -n 1 good | sed "s/\"1694479551\"/$time/")"
    done
    assert_rejected
}

@test "times may be in any unit that their magnitude tells, or in RFC 3339" {
    for time in 1694479551 '"1694479551123"' 1694479551123 1694479551123456 1694479551123456789 \
        '"2023-09-12T00:45:51Z"' '"2023-09-12T02:45:51.123+02:00"'; do
        record_with ".device_type = \"web\"" | sed "s/\"1694479551\"/$time/"
    done >in
    assert_passes
    loginclean --datetime <in | jq -r .datetime | cut -c 1-19 | sort -u >seen
    assert_eq "$(<seen)" 2023-09-12T00:45:51
}

@test "--time-unit says the unit of times that are numbers" {
    for unit in s:1000000000 ms:1000000000000 us:1000000000000000 ns:1000000000000000000; do
        good_records | head -n 1 | sed "s/\"1694479551\"/${unit#*:}/" | loginclean --time-unit "${unit%:*}" --datetime >out
        assert_eq "$(jq -r .datetime out)" 2001-09-09T01:46:40Z
        record_with ".timestamp = \"${unit#*:}\"" | loginclean --time-unit "${unit%:*}" --datetime >out
        assert_eq "$(jq -r .datetime out)" 2001-09-09T01:46:40Z
    done
    # Without the option, this would be a time in milliseconds.
    expect bad_timestamp timestamp '.timestamp = 1694479551123'
    assert_rejected --time-unit us
    run -64 --separate-stderr loginclean --time-unit m
    assert_match "$stderr" "^loginclean: --time-unit: 'm' is not a unit: s, ms, us, ns or auto"
}

@test "times from the year 2000 to an hour ahead of the clock are accepted" {
    now=$(date +%s)
    record_with ".timestamp = (946684800, \"946684800\", \"0000000000946684800\", $now,
        $((now + 3500)))" >in
    assert_passes
    rm in
    for time in 946684799 '"946684799"' 0 -1 $((now + 3700)); do
        expect bad_timestamp timestamp ".timestamp = $time"
    done
    assert_rejected
}

@test "--ahead says how far ahead of the clock a time may be" {
    now=$(date +%s)
    record_with ".timestamp = ($now, $((now + 86000)))" >in
    assert_passes --ahead 1d
    rm in
    expect bad_timestamp timestamp ".timestamp = $((now + 100))"
    assert_rejected --ahead 1m
    run -64 --separate-stderr loginclean --ahead 1h --latest 2024-01-01
    assert_match "$stderr" '^loginclean: --latest, --ahead: only one of them can be given'
}

@test "the latest time moves with the clock while loginclean runs" {
    now=$(date +%s)
    start_fed loginclean --ahead 0
    record_with ".timestamp = $((now - 1))" | write_to_feed
    wait_until 10 has_lines 1 out
    # The clock passes this time only after loginclean has begun.
    later=$(($(date +%s) + 1))
    until [ "$(date +%s)" -gt "$later" ]; do sleep 0.1; done
    record_with ".timestamp = $later" | write_to_feed
    wait_until 10 has_lines 2 out
    close_feed
    await "$pid"
}

@test "--earliest and --latest change the accepted range, and are part of it" {
    bounds=(--earliest 1969-12-31T23:59:50Z --latest 1970-01-01T00:00:10+00:00)
    record_with '.timestamp = (-10, 0, 10, "10")' >in
    assert_passes "${bounds[@]}"
    loginclean --datetime "${bounds[@]}" <in >out
    assert_eq "$(jq -r .datetime out | head -n 1)" 1969-12-31T23:59:50Z
    rm in
    for time in -11 11 1694479551; do
        expect bad_timestamp timestamp ".timestamp = $time"
    done
    assert_rejected "${bounds[@]}"
}

@test "malformed or swapped --earliest and --latest are usage errors" {
    run -64 loginclean --earliest yesterday
    assert_match "$output" "loginclean: --earliest: 'yesterday' is not a time"
    run -64 loginclean --latest 2023-02-29
    run -64 loginclean --earliest 2024-01-02 --latest 2024-01-01
}

@test "--require names all required fields, and the others are still checked" {
    printf '%s\n' '{"user_id":"a"}' '{"user_id":"a","ip":"::1"}' >good
    loginclean --require user_id <good >out
    sed 's/}$/,"device_type":"unknown"}/' good | cmp - out
    expect_line missing_field user_id '{"ip":"::1"}'
    expect_line bad_ip ip '{"user_id":"a","ip":"x"}'
    expect_line empty locale '{"user_id":"a","locale":""}'
    assert_rejected --require user_id
}

@test "--require accepts any field name, and rejects a record where it is missing or null" {
    sed 's/}$/,"session":0,"é":""}/' good >in
    assert_passes --require user_id,session,é
    rm in
    expect missing_field session '.'
    expect wrong_type session '.session = null'
    expect missing_field é '.session = 1'
    assert_rejected --require session,é
}

@test "--optional allows fields to be missing, but checks those that are present" {
    record_with 'del(.ip, .locale)' >in
    assert_passes --optional ip,locale
    rm in
    expect bad_ip ip '.ip = "x"'
    expect wrong_type ip '.ip = null'
    assert_rejected --optional ip,locale
}

@test "a required device_type is not filled in" {
    expect missing_field device_type 'del(.device_type)'
    expect wrong_type device_type '.device_type = null'
    expect empty device_type '.device_type = ""'
    assert_rejected --require device_type
}

@test "empty names in a list of fields, and too many names, are usage errors" {
    for list in '' ',' 'a,' ',a' 'a,,b'; do
        run -64 loginclean --require "$list"
        run -64 loginclean --optional "$list"
    done
    run -64 loginclean --require "$(seq -s, 100)"
    assert_match "$output" 'more than 64 fields'
}
