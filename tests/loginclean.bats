#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# shellcheck disable=SC2016 # the dollar signs are jq's

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    good_records >good
    changes= # of expect, not yet made
}

teardown() {
    stop_started
}

# expect REASON FIELD JQ: adds a record changed by jq to `in` and what is to become of it to `want`.
expect() {
    changes+="${changes:+, }($3)"
    echo "$1 $2" >>want
}

make_changes() {
    [ -z "$changes" ] || record_with "$changes" >>in
    changes=
}

# The same for a line that jq cannot write.
expect_line() {
    make_changes
    printf '%s\n' "$3" >>in
    echo "$1 $2" >>want
}

# texts WORD...: a jq program that yields each of them.
texts() {
    local all

    all=$(printf '"%s", ' "$@")
    echo "(${all%, })"
}

# Runs loginclean on `in`: all lines are rejected, as `want` has it, and keep their bytes.
assert_rejected() {
    make_changes
    rm -f rejects
    loginclean --rejects rejects "$@" <in >out
    jq -r '.reject + " " + (.field // "-")' rejects >got
    diff want got
    assert_eq "$(<out)" ""
    jq -r .raw rejects | cmp in
}

# Runs loginclean on `in`: all lines pass as they are.
assert_passes() {
    loginclean "$@" <in >out
    cmp in out
}

# long_record BYTES: a good record, longer by so much.
long_record() {
    printf '{"extra":"%s",' "$(head -c "$1" /dev/zero | tr '\0' x)"
    head -n 1 good | cut -c 2-
}

# login DEVICE USER [TYPE]: a record of that device and that user.
login() {
    printf '{"user_id":"%s","device_id":"%s"%s,"app_version":"2","ip":"::1","locale":"RU",' \
        "$2" "$1" "${3:+,\"device_type\":\"$3\"}"
    echo '"timestamp":1694479551}'
}

# logins COUNT: web logins of so many devices and users, each once.
logins() {
    seq "$1" | sed "s/.*/$(login 'device-&' 'user-&' web)/"
}

# assert_types TYPE...: what the records in `out` have.
assert_types() {
    assert_eq "$(jq -r .device_type out | paste -sd ' ')" "$*"
}

# many COUNT: so many good records.
many() {
    yes "$(head -n 1 good)" | head -n "$1"
}

# --- Passing and filling in ---

@test "good records pass byte for byte" {
    loginclean <good >out
    cmp good out
}

@test "the spacing, number format and escapes of a record are kept" {
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

@test "a null or empty device_type is replaced where it stands" {
    record_with '.device_type = null' >in
    record_with '.device_type = ""' >>in
    loginclean --stats stats <in >out
    assert_eq "$(jq -r .device_type out | sort -u)" unknown
    assert_eq "$(sed 's/"device_type":[^,]*/X/' in)" "$(sed 's/"device_type":[^,]*/X/' out)"
    assert_eq "$(ledger stats '.filled.device_type')" 2
    assert_eq "$(ledger stats .filled_from)" '{"null":1,"empty":1}'
}

@test "filling in keeps the bytes that jq would change" {
    cat >in <<'END'
 {"user_id":"\u0061" , "app_version":"2","ip":"::1","locale":"x","device_id":"d","timestamp" : 1694479551, "device_type" : null ,"big":123456789012345678901234567890,"nested":{"device_type":null,"a":[1,{}]},"lone":"\ud800" } 
END
    sed 's/"device_type" : null/"device_type" : "unknown"/' in >want
    loginclean <in >out
    cmp want out
}

@test "a device_type is put into records that end in spaces or are nested" {
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

@test "--device-type says what a missing device_type becomes" {
    record_with 'del(.device_type)' >in
    loginclean --device-type 'a "new"\one' <in >out
    assert_eq "$(jq -r .device_type out)" 'a "new"\one'
}

@test "a --device-type or --datetime that is not UTF-8 is refused" {
    run -64 loginclean --device-type $'\xff' <good
    run -64 loginclean --datetime=$'\xff' <good
}

@test "--canonical spells the known device types as usual and leaves others alone" {
    types=(ANDROID Android ios IOS WeB android iOS web Web2 Windows webOS)
    record_with ".device_type = $(texts "${types[@]}")" >in
    loginclean --canonical <in >out
    assert_eq "$(jq -r .device_type out | paste -sd ' ')" \
        "android android iOS iOS web android iOS web Web2 Windows webOS"
    assert_eq "$(sed 's/"device_type":[^,]*/X/' in)" "$(sed 's/"device_type":[^,]*/X/' out)"
}

@test "without --canonical the case of device types stays" {
    record_with '.device_type = "IOS"' >in
    assert_passes
}

@test "--datetime adds the time for people at the end" {
    loginclean --datetime <good >out
    sed '1s/}$/,"datetime":"2023-09-12T00:45:51Z"}/; 2s/}$/,"datetime":"2024-07-10T02:00:25Z"}/' \
        good | cmp - out
}

@test "--datetime replaces the member of a record that has it already, and only its value" {
    record_with '{datetime: "old"} + .' >in
    record_with '. + {datetime: null, more: [1.0]}' >>in
    loginclean --datetime <in >out
    sed -E 's/"datetime":("old"|null)/"datetime":"2023-09-12T00:45:51Z"/' in | cmp - out
}

@test "--datetime=NAME gives the member another name" {
    loginclean --datetime='at "z"' <good >out
    assert_eq "$(head -n 1 out | jq -r '.["at \"z\""]')" 2023-09-12T00:45:51Z
    assert_eq "$(jq -c 'del(.["at \"z\""])' out)" "$(jq -c . good)"
}

@test "--datetime beside a member of that name that is an object makes one that counts" {
    record_with '.datetime = {"a": 1}' >in
    loginclean --datetime <in >out
    assert_eq "$(jq -r .datetime out)" 2023-09-12T00:45:51Z
}

@test "--datetime and a missing device_type change one record in two places" {
    record_with 'del(.device_type)' >in
    loginclean --datetime <in >out
    sed 's/}$/,"device_type":"unknown","datetime":"2023-09-12T00:45:51Z"}/' in | cmp - out
}

@test "a record without a time, where that is optional, gets no datetime" {
    record_with 'del(.timestamp)' >in
    assert_passes --optional timestamp --datetime
}

@test "of a key that is there twice the last one counts" {
    sed 's/^{/{"ip":7,"device_type":null,/' good >in
    assert_passes
    sed 's/}$/,"ip":7}/' good | head -n 1 >in
    echo "wrong_type ip" >want
    assert_rejected
}

@test "of a device_type that is there twice the last one is filled in" {
    sed 's/}$/,"device_type":null}/' good >in
    sed 's/}$/,"device_type":"unknown"}/' good >want
    loginclean <in >out
    cmp want out
}

@test "a key written with escapes is the same key" {
    sed 's/"user_id"/"\\u0075ser_id"/; s/"ip"/"i\\u0070"/' good >in
    assert_passes
    head -n 1 in | sed 's/"device_type": "android"/"device\\u005ftype": null/' >escaped
    loginclean <escaped >out
    sed 's/null/"unknown"/' escaped | cmp - out
}

# --- Inferring ---

@test "--infer takes a missing device_type from what the same device showed before" {
    { login d1 u1 iOS && login d2 u2 web && login d1 u3 && login d2 u4 && login d1 u5; } >in
    loginclean --infer <in >out
    assert_types iOS web iOS web iOS
    sed -e '3s/}$/,"device_type":"iOS"}/; 4s/}$/,"device_type":"web"}/' \
        -e '5s/}$/,"device_type":"iOS"}/' in | cmp - out
}

@test "--infer takes it from the same user when the device is new" {
    { login d1 u1 iOS && login d2 u2 web && login d3 u1 && login d4 u2 && login d5 u3; } >in
    loginclean --infer <in >out
    assert_types iOS web iOS web unknown
}

@test "--infer asks the device before the user" {
    { login d1 u1 iOS && login d2 u2 web && login d1 u2; } | loginclean --infer >out
    assert_types iOS web iOS
}

@test "--infer takes what a user, or a device, showed last" {
    { login d1 u1 iOS && login d2 u1 web && login d3 u1; } | loginclean --infer >out
    assert_types iOS web web
    { login d1 u1 iOS && login d1 u2 web && login d1 u1; } | loginclean --infer >out
    assert_types iOS web web
}

@test "--infer gives the default where neither the device nor the user has shown anything yet" {
    { login d1 u1 && login d1 u1 web && login d2 u2; } >in
    loginclean --infer <in >out
    assert_types unknown web unknown
    loginclean --infer --device-type 'a "new"\one' <in >out
    assert_types 'a "new"\one' web 'a "new"\one'
}

@test "--infer replaces null and empty where they stand, and keeps the bytes that jq would change" {
    cat >in <<'END'
{"user_id":"a","app_version":"2","ip":"::1","locale":"x","device_id":"d","timestamp":1694479551,"device_type":"a\"\u00e9\ud83d\ude00\\"}
 {"user_id":"\u0061" , "app_version":"2","ip":"::1","locale":"x","device_id":"e","timestamp" : 1694479551, "device_type" : null ,"big":123456789012345678901234567890,"nested":{"device_type":null},"lone":"\ud800" } 
{"user_id":"b","app_version":"2","ip":"::1","locale":"x","device\u005ftype":"","device_id":"\u0064","timestamp":"1694479551"}
END
    sed '2s/"device_type" : null/"device_type" : "a\\"é😀\\\\"/; 3s/:"",/:"a\\"é😀\\\\",/' in >want
    loginclean --infer <in >out
    diff want out
}

@test "--infer changes no record that has a device_type" {
    { login d1 u1 iOS && login d1 u1 unknown && login d1 u1 ANDROID && cat good; } >in
    assert_passes --infer
}

@test "--infer learns nothing from unknown, from a default or from what it inferred" {
    { login d1 u1 web && login d1 u1 unknown && login d1 u1 UNKNOWN && login d1 u1; } >in
    loginclean --infer <in >out
    assert_types web unknown UNKNOWN web
    # The type of d2 is inferred from u1, and of u2 and u3 nothing is known.
    { login d1 u1 web && login d2 u1 && login d2 u2 && login d3 u2 && login d4 u3; } >in
    loginclean --infer --device-type tv <in >out
    assert_types web web tv tv tv
}

@test "--infer learns nothing from records that are rejected or filtered out" {
    {
        login d1 u1 web
        login d1 u1 iOS | sed 's/"::1"/"x"/'
        login d1 u1 iOS | sed 's/"RU"/"drop"/'
        login d1 u1
    } | loginclean --infer --rejects rejects -j 'select(.locale != "drop")' >out
    assert_types web web
    assert_eq "$(jq -r .reject rejects)" bad_ip
}

@test "--infer with --canonical learns the usual spelling, and without it what was written" {
    { login d1 u1 ANDROID && login d1 u2 && login d2 u1 && login d3 u3 Tizen && login d3 u4; } >in
    loginclean --infer --canonical <in >out
    assert_types android android android Tizen Tizen
    loginclean --infer <in >out
    assert_types ANDROID ANDROID ANDROID Tizen Tizen
}

@test "--infer and --datetime change one record in two places" {
    { login d1 u1 iOS && login d1 u1; } >in
    loginclean --infer --datetime <in | tail -n 1 >out
    tail -n 1 in | sed 's/}$/,"device_type":"iOS","datetime":"2023-09-12T00:45:51Z"}/' | cmp - out
}

@test "--infer makes do with the device or the user where the other is optional and missing" {
    {
        login d1 u1 iOS
        login d2 u2 web
        login d1 u9 | sed 's/"user_id":"u9",//'
        login d9 u2 | sed 's/"device_id":"d9",//'
        login d9 u9 | sed 's/"user_id":"u9",//; s/"device_id":"d9",//'
    } | loginclean --infer --optional user_id,device_id >out
    assert_types iOS web iOS web unknown
}

@test "--infer fills in what a program of jq over the same records does" {
    logingen -n 5000 --users 400 --missing 30 >in
    loginclean --infer --stats stats <in >out
    jq -nc 'foreach inputs as $r ({};
        if $r.device_type then
            .device[$r.device_id] = $r.device_type | .user[$r.user_id] = $r.device_type |
            .type = $r.device_type
        else
            (if .device[$r.device_id] then "device_id"
                elif .user[$r.user_id] then "user_id" else "default" end) as $from |
            .type = (.device[$r.device_id] // .user[$r.user_id] // "unknown") |
            .from[$from] += 1
        end; [.type, .from])' <in >want
    jq -r '.[0]' want | diff - <(jq -r .device_type out)
    tail -n 1 want | jq -cS '.[1]' >from
    jq -e 'keys == ["default", "device_id", "user_id"]' from
    assert_eq "$(ledger stats .filled_from | jq -cS 'del(.missing)')" "$(<from)"
}

@test "the ledger tells what was there before and where --infer took the device_type from" {
    {
        login d1 u1 iOS
        login d1 u2
        login d1 u3 | sed 's/}$/,"device_type":null}/'
        login d2 u1 | sed 's/}$/,"device_type":""}/'
        login d2 u2
    } >in
    loginclean --infer --stats stats <in >out
    assert_types iOS iOS iOS iOS unknown
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats .filled)" '{"device_type":4}'
    assert_eq "$(ledger stats '.filled_from | [.missing, .null, .empty]')" '[2,1,1]'
    assert_eq "$(ledger stats '.filled_from | [.device_id, .user_id, .default]')" '[2,1,1]'
    loginclean --stats stats <in >out
    assert_types iOS unknown unknown unknown unknown
    assert_eq "$(ledger stats .filled_from)" '{"missing":2,"null":1,"empty":1}'
}

@test "--infer=N forgets the devices and users that were not used lately" {
    # Of 1000 keys the last 500 are known at least, and the first of 1500 is not.
    for count in 499 1500; do
        { login d1 u1 iOS && logins "$count" && login d1 u1; } | loginclean --infer=1000 | tail -n 1
    done >out
    assert_types iOS unknown
    { login d1 u1 iOS && logins 1500 && login d1 u1; } | loginclean --infer=10k | tail -n 1 >out
    assert_types iOS
    # What is asked for stays.
    { login d1 u1 iOS && logins 3000; } | sed "1~400a $(login d1 u1)" |
        loginclean --infer=1000 | grep '"d1"' >out
    assert_types iOS iOS iOS iOS iOS iOS iOS iOS iOS
}

@test "--infer=N that is out of bounds, and --infer with nothing to fill in, are usage errors" {
    for bad in '' x 0 -1 1.5 1kB 100000001 99999999999G; do
        run -64 loginclean --infer="$bad" <good
        assert_match "$output" "^loginclean: --infer: '$bad' is not "
    done
    run -64 loginclean --infer --require user_id,device_type <good
    assert_match "$output" '^loginclean: --infer: device_type is required'
    loginclean --infer=100M <good >out
    cmp good out
}

@test "--infer gives the same bytes each time, however the input comes" {
    logingen -n 20000 --users 5000 --missing 20 --bad 1 >in
    loginclean --infer=300 --rejects - <in >want
    for _ in 1 2 3; do
        loginclean --infer=300 --rejects - <in | cmp want
    done
    with_faults short-read,eintr-read loginclean --infer=300 --rejects - <in | cmp want
    # That says something only if much is forgotten.
    [ "$(loginclean --infer --rejects - <in | grep -vcxFf want)" -gt 100 ]
}

@test "memory with --infer=N grows neither with devices and users nor with device types" {
    skip_with_sanitizers
    logins 300000 >in
    seq 300000 | sed "s/.*/$(login d1 u1 'a device that nobody else has, of the type &')/" >types
    run -75 bash -c 'ulimit -v 30000; loginclean --infer=100M <in' # so this is enough to tell
    limit_memory 30
    assert_passes --infer=10k
    mv types in
    assert_passes --infer=10k 2>err
    assert_eq "$(<err)" 'loginclean: more than 1000 device types; the further ones are not inferred'
}

@test "--infer remembers no ids over 256 bytes and no device types over 64" {
    for length in 256 257; do
        long=$(printf "%0${length}d" 0)
        { login "$long" u1 iOS && login "$long" u2; } | loginclean --infer | tail -n 1
    done >out
    for length in 64 65; do
        long=$(printf "%0${length}d" 0)
        { login d1 u1 iOS && login d1 u1 "$long" && login d1 u1; } | loginclean --infer | tail -n 1
    done >>out
    assert_types iOS unknown "$(printf %064d 0)" unknown
}

# --- Rules ---

@test "each reason of the manual comes, with each field that it can be about" {
    # A reason, what jq does for it to the field f, and the fields.
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

@test "each field that is required and missing is named" {
    for field in user_id app_version ip locale device_id timestamp; do
        expect missing_field "$field" "del(.$field)"
    done
    assert_rejected
}

@test "each field of a wrong type is named" {
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

@test "each field that is empty is named" {
    for field in user_id app_version ip locale device_id timestamp; do
        expect empty "$field" ".$field = \"\""
    done
    assert_rejected
}

@test "the first rule that is broken is the reason, in the order of the manual" {
    expect missing_field user_id '{}'
    expect empty app_version '.app_version = "" | .ip = "x" | del(.timestamp)'
    expect wrong_type device_type '.device_type = 1 | .ip = "x"'
    expect bad_ip ip '.ip = "x" | .timestamp = "x"'
    assert_rejected
}

@test "addresses that inet_pton does not take are bad_ip" {
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

@test "addresses of IPv4 and IPv6 in all their forms are good" {
    ips=(0.0.0.0 255.255.255.255 10.1.2.3 :: ::1 fe80::1 2001:db8::8a2e:370:7334
        2001:0DB8:0000:0000:0000:8A2E:0370:7334 ::ffff:192.0.2.128 64:ff9b::192.0.2.33
        1:2:3:4:5:6:7:8 1::8 ABCD:EF01:2345:6789:ABCD:EF01:2345:6789
        ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255)
    record_with ".ip = $(texts "${ips[@]}")" >in
    assert_passes
}

@test "times that are no whole seconds are bad_timestamp" {
    for time in '"soon"' '"1694479551.0"' '"-1694479551"' '"+1694479551"' '" 1694479551"' \
        '"1694479551 "' '"0x65000000"' '"2023-09-12T00:45:51Z"' '"1694479551\u0000"' 1694479551.5; do
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

@test "times are plausible from the year 2000 to a year ahead" {
    now=$(date +%s)
    record_with ".timestamp = (946684800, \"946684800\", \"0000000000946684800\", $now,
        $((now + 364 * 86400)))" >in
    assert_passes
    rm in
    for time in 946684799 '"946684799"' 0 -1 $((now + 368 * 86400)); do
        expect bad_timestamp timestamp ".timestamp = $time"
    done
    assert_rejected
}

@test "--earliest and --latest move the bounds, which are themselves plausible" {
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

@test "--earliest and --latest that are no times, or the wrong way round, are usage errors" {
    run -64 loginclean --earliest yesterday
    assert_match "$output" "loginclean: --earliest: 'yesterday' is not a time"
    run -64 loginclean --latest 2023-02-29
    run -64 loginclean --earliest 2024-01-02 --latest 2024-01-01
}

@test "--require names all fields that must be there, and the others are still checked" {
    printf '%s\n' '{"user_id":"a"}' '{"user_id":"a","ip":"::1"}' >good
    loginclean --require user_id <good >out
    sed 's/}$/,"device_type":"unknown"}/' good | cmp - out
    expect_line missing_field user_id '{"ip":"::1"}'
    expect_line bad_ip ip '{"user_id":"a","ip":"x"}'
    expect_line empty locale '{"user_id":"a","locale":""}'
    assert_rejected --require user_id
}

@test "--require takes fields of any name, which must be there and not be null" {
    sed 's/}$/,"session":0,"é":""}/' good >in
    assert_passes --require user_id,session,é
    rm in
    expect missing_field session '.'
    expect wrong_type session '.session = null'
    expect missing_field é '.session = 1'
    assert_rejected --require session,é
}

@test "--optional exempts fields, and what is there must still be right" {
    record_with 'del(.ip, .locale)' >in
    assert_passes --optional ip,locale
    rm in
    expect bad_ip ip '.ip = "x"'
    expect wrong_type ip '.ip = null'
    assert_rejected --optional ip,locale
}

@test "a device_type that is required is no longer filled in" {
    expect missing_field device_type 'del(.device_type)'
    expect wrong_type device_type '.device_type = null'
    expect empty device_type '.device_type = ""'
    assert_rejected --require device_type
}

@test "empty names in a list of fields, and too many of them, are usage errors" {
    for list in '' ',' 'a,' ',a' 'a,,b'; do
        run -64 loginclean --require "$list"
        run -64 loginclean --optional "$list"
    done
    run -64 loginclean --require "$(seq -s, 100)"
    assert_match "$output" 'more than 64 fields'
}

@test "values that are no objects are not_object" {
    for value in 1 -0.5 '"text"' '""' true false null '[]' '[{"user_id":"a"}]'; do
        expect_line not_object - "$value"
    done
    assert_rejected
}

@test "lines that are not JSON are not_json, with what is wrong" {
    for line in '' ' ' '{' '{"user_id":}' "{'user_id':1}" '{} {}' '{},' nul 01 '"a' '["\x"]' NaN \
        '{"a":1,}' '// {}' '{"a":1e}' 'user_id=1'; do
        expect_line not_json - "$line"
    done
    assert_rejected
    assert_eq "$(jq -r '.detail | length > 4' rejects | sort -u)" true
}

@test "a reject tells the stage and the number of the line" {
    { cat good && echo 7; } >in
    loginclean --rejects rejects <in >out
    cmp good out
    assert_eq "$(<rejects)" '{"reject":"not_object","stage":"loginclean","line":3,"raw":"7"}'
}

@test "JSON that goes beyond what simdjson represents is good" {
    for value in 123456789012345678901234567890 -9223372036854775809 18446744073709551616 1e999 \
        -1e999 1E-999 0.0000000000000000000000000000000000000000000000000001 '"\ud800"' \
        '"\udc00 \ud800\ud800 \ud83d\ude00"' '{"\udfff":1e400}' \
        "1$(printf '0%.0s' {1..400}).5"; do
        head -n 1 good | sed "s/}\$/,\"x\":${value//\\/\\\\}}/" >>in
    done
    assert_passes
    assert_passes -j 'select(.x != "")'
}

@test "a record may be nested 1024 deep and no deeper" {
    nested() {
        head -n 1 good | tr -d '}\n'
        printf ',"x":'
        head -c "$1" /dev/zero | tr '\0' '['
        head -c "$1" /dev/zero | tr '\0' ']'
        echo '}'
    }
    nested 1023 >in
    assert_passes
    assert_passes -j .
    nested 1024 >in
    echo 'not_json -' >want
    assert_rejected
    assert_match "$(jq -r .detail rejects)" 1024
    nested 100000 >in
    assert_rejected
}

# --- The jq program ---

@test "select keeps the bytes of what it lets through, and the rest is filtered" {
    sed -i '1s/}$/, "big":9007199254740993,"f":1.0, "\\u0061":"\\u0062"}/' good
    loginclean -j 'select(.locale == "RU")' --stats stats <good >out
    head -n 1 good | cmp - out
    assert_eq "$(ledger stats '[.in,.out,.filtered,.rejected]')" '[2,1,1,0]'
    assert_ledger_adds_up stats
}

@test "what the program makes anew is printed by jq and then cleaned" {
    loginclean --jq '.locale |= ascii_downcase | del(.device_type)' <good >out
    jq -c '.locale |= ascii_downcase | .device_type = "unknown"' good >want
    jq -cS . out >got
    jq -cS . want | cmp - got
}

@test "several outputs make several records" {
    loginclean -j '., (.locale = "X"), empty' --stats stats <good >out
    assert_eq "$(jq -r .locale out | paste -sd ' ')" 'RU X RI X'
    sed -n 1p good | cmp - <(sed -n 1p out)
    assert_eq "$(ledger stats '[.in,.made,.out]')" '[2,2,4]'
    assert_ledger_adds_up stats
}

@test "an error of the program rejects the record with jq's message" {
    loginclean -j 'if .locale == "RU" then error("not that one") else . end' \
        --rejects rejects --stats stats <good >out
    sed -n 2p good | cmp - out
    assert_eq "$(jq -r '[.reject, .detail] | join(": ")' rejects)" 'filter_error: not that one'
    jq -r .raw rejects | cmp - <(sed -n 1p good)
    assert_ledger_adds_up stats
}

@test "an error after some outputs is one reject, and none of them" {
    loginclean -j '., .ip + 1' --rejects rejects --stats stats <good >out
    assert_eq "$(<out)" ''
    assert_eq "$(jq -r .reject rejects | paste -sd ' ')" 'filter_error filter_error'
    assert_match "$(jq -r .detail rejects)" 'cannot be added'
    assert_ledger_adds_up stats
}

@test "halt_error rejects the record with its message, and the next one is handled" {
    loginclean -j 'if .locale == "RU" then "stop\n" | halt_error else . end' \
        --rejects rejects <good >out
    sed -n 2p good | cmp - out
    assert_match "$(jq -r '[.reject, .detail] | join(": ")' rejects)" '^filter_error: stop'
}

@test "halt drops the record and the next one is handled" {
    loginclean -j 'if .locale == "RU" then halt else . end' --stats stats <good >out
    sed -n 2p good | cmp - out
    assert_eq "$(ledger stats '[.in,.out,.filtered]')" '[2,1,1]'
}

@test "what the program makes of a record must be a record again" {
    loginclean -j '.ip' --rejects rejects <good >out
    assert_eq "$(jq -r '[.reject, .raw] | join(" ")' rejects | head -n 1)" \
        'not_object "199.172.111.135"'
    assert_eq "$(<out)" ''
}

@test "builtins that ask for the input of jq itself harm nothing" {
    for program in input inputs input_line_number input_filename; do
        loginclean -j "$program" --rejects rejects --stats stats <good >out
        assert_eq "$(<out)" ''
        assert_ledger_adds_up stats
    done
}

@test "the program sees the value that counts of a key that is there twice, and all of Unicode" {
    sed 's/}$/,"t":1,"t":"\\u0000é\\ud83d\\ude00"}/' good >in
    assert_passes -j 'select(.t == "\u0000é😀")'
}

@test "a program that does not compile is a usage error with jq's message" {
    run -64 loginclean -j '.a |' <good
    assert_match "$output" '^loginclean: jq: syntax error'
    assert_eq "${#lines[@]}" 1
    run -64 loginclean -j 'nosuch(1)' <good
    assert_match "$output" 'nosuch/1 is not defined'
}

@test "--jq-file reads the program from a file" {
    printf '# only those\nselect(.locale == $where)\n' >program.jq
    loginclean --jq-file program.jq --arg where RI <good >out
    sed -n 2p good | cmp - out
    run -64 loginclean --jq-file missing.jq <good
    assert_match "$output" 'missing.jq: No such file'
    run -64 loginclean --jq-file program.jq -j . --arg where RI <good
}

@test "an empty program passes everything, as in jq" {
    : >empty.jq
    loginclean --jq-file empty.jq <good >out
    cmp good out
    loginclean -j '' <good >out
    cmp good out
}

@test "--arg gives the program a string and --argjson a value" {
    loginclean --arg a 7 --argjson b '{"c":[8]}' -j 'select($a == "7" and $b.c[0] == 8)' <good >out
    cmp good out
    loginclean --arg a 7 --argjson b 8 -j 'select($ARGS.named == {"a":"7","b":8})' <good >out
    cmp good out
}

@test "--arg without its second argument, without a program, or of bad JSON is a usage error" {
    run -64 loginclean -j . --arg a
    assert_match "$output" 'needs two arguments'
    run -64 loginclean --arg a b
    run -64 loginclean -j . --argjson a '{'
    assert_match "$output" "'\{' is not JSON"
}

# --- Lines ---

@test "an empty input gives an empty output" {
    run -0 loginclean --stats stats </dev/null
    assert_eq "$output" ''
    assert_eq "$(ledger stats '[.in,.out]')" '[0,0]'
}

@test "a last line without its newline is a record like all others" {
    printf %s "$(<good)" | loginclean --stats stats >out
    cmp good out
    assert_eq "$(ledger stats '[.in,.out]')" '[2,2]'
}

@test "lines that end in CR LF pass as they are" {
    sed 's/$/\r/' good >in
    assert_passes
}

@test "a record of 1 MiB passes, also where it is changed" {
    { long_record $((1 << 20)) && cat good; } >in
    assert_passes
    sed -i '1s/"android"/null/' in
    loginclean <in >out
    sed '1s/null/"unknown"/' in | cmp - out
}

@test "a line of 20 MiB is too_long and keeps its first 64 KiB, and the next one is handled" {
    { long_record $((20 << 20)) && cat good; } >in
    loginclean --rejects rejects --stats stats <in >out
    cmp good out
    assert_eq "$(jq -c '[.reject, .truncated, .length, .line]' rejects)" \
        "[\"too_long\",true,$(head -n 1 in | tr -d '\n' | wc -c),1]"
    jq -j .raw rejects | cmp - <(head -c 65536 in)
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,2,1]'
}

@test "a line of 20 MiB without its newline is too_long" {
    head -c $((20 << 20)) /dev/zero | tr '\0' x | loginclean --rejects rejects
    assert_eq "$(jq -c '[.reject, .truncated, .length, (.raw | length)]' rejects)" \
        '["too_long",true,20971520,65536]'
}

@test "what is kept of a line over the limit is not cut within a character" {
    { printf x && yes é | head -n 40000 | tr -d '\n'; } | loginclean --max-line 70k --rejects rejects
    assert_eq "$(jq -c '[.length, (.raw | length)]' rejects)" '[80001,32768]'
    { printf x && yes é | head -n 40000 | tr -d '\n'; } | head -c 65537 >in
    jq -j .raw rejects | cmp - <(head -c 65535 in)
}

@test "--max-line sets the limit" {
    length=$(($(head -n 1 good | wc -c) - 1))
    head -n 1 good >in
    assert_passes --max-line "$length"
    echo 'too_long -' >want
    assert_rejected --max-line $((length - 1))
    run -64 loginclean --max-line 0
    run -64 loginclean --max-line 1x
}

@test "bytes that are not UTF-8 are kept in base64" {
    printf '{"user_id":"\xff\xc3("}\n\xc0\xaf\n\xed\xa0\x80' >in
    loginclean --rejects rejects <in >out
    assert_eq "$(jq -r .reject rejects | paste -sd ' ')" 'not_json not_json not_json'
    assert_eq "$(jq -r .detail rejects | sort -u)" 'not valid UTF-8'
    while read -r line; do
        jq -r .raw_b64 <<<"$line" | base64 -d
        echo
    done <rejects | cmp - <(cat in && echo)
}

@test "NUL bytes end nothing and are kept" {
    { printf '\0\n{"a":"\0"}\n' && cat good && printf '\0'; } >in
    loginclean --rejects rejects <in >out
    cmp good out
    assert_eq "$(jq -r .reject rejects | paste -sd ' ')" 'not_json not_json not_json'
    assert_eq "$(jq -c .raw rejects | paste -sd ' ')" '"\u0000" "{\"a\":\"\u0000\"}" "\u0000"'
}

@test "every byte that a line may hold survives in its reject" {
    for byte in {0..255}; do
        printf -v escape '\\x%02x' "$byte"
        [ "$byte" -eq 10 ] || printf 'a%bb\n' "$escape"
    done >in
    loginclean --rejects rejects <in
    assert_eq "$(wc -l <rejects)" 255
    # "Cg==" is a newline.
    jq -r 'if .raw then .raw + "\n" | @base64 else .raw_b64, "Cg==" end' rejects | base64 -d | cmp in
}

@test "a record made to begin as a mark does gets a space, so that it is none" {
    loginclean -j '{"@mark":1} + .' <good >out
    jq -c '{"@mark":1} + .' good | sed 's/^{/{ /' | cmp - out
}

@test "rejects of earlier stages pass untouched, in their place" {
    { head -n 1 good && echo '{"reject":"x","raw": "é" ,"n":1e999}' && tail -n 1 good; } >in
    loginclean --stats stats -j 'select(true)' <in >out
    cmp in out
    assert_eq "$(ledger stats '[.in,.out,.passed,.rejected]')" '[2,2,1,0]'
    assert_ledger_adds_up stats
}

@test "rejects of earlier stages pass untouched however long they are" {
    { printf '{"reject":"not_json","raw":"' && head -c 17000000 /dev/zero | tr '\0' y && echo '"}'; } >in
    loginclean --rejects rejects <in >out
    cmp in out
    printf '{"reject":"not_json","raw":"%0100d"}\n' 0 >in
    loginclean --max-line 50 --rejects rejects <in >out
    cmp in out
}

# --- Where rejects go ---

@test "rejects go to stderr by default, one JSON line each" {
    { echo 7 && cat good; } | loginclean >out 2>err
    cmp good out
    assert_eq "$(<err)" '{"reject":"not_object","stage":"loginclean","line":1,"raw":"7"}'
}

@test "--rejects FILE appends to the file" {
    for n in 1 2; do
        loginclean --rejects rejects <<<"$n" 2>err
    done
    assert_eq "$(jq -r .raw rejects | paste -sd ' ')" '1 2'
    assert_eq "$(<err)" ''
}

@test "--rejects - puts rejects among the records, in their order" {
    { head -n 1 good && echo 7 && tail -n 1 good; } | loginclean --rejects - --stats stats >out 2>err
    assert_eq "$(jq -r '.reject // .locale' out | paste -sd ' ')" 'RU not_object RI'
    assert_eq "$(<err)" ''
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.out,.rejected]')" '[2,1]'
}

@test "what one stage rejects in-band the next one passes, and the ledgers agree" {
    { cat good && echo 7 && record_with '.ip = "x"'; } |
        loginclean --rejects - --stats stats1 | loginclean --rejects - --stats stats2 >out
    assert_eq "$(jq -r .reject out | paste -sd ' ')" 'null null not_object bad_ip'
    assert_eq "$(ledger stats1 .out)" "$(ledger stats2 .in)"
    assert_eq "$(ledger stats2 '[.passed,.rejected]')" '[2,0]'
}

@test "a file for rejects that cannot be opened is 73, one that is full is 74" {
    run -73 loginclean --rejects /no/such/file <good
    assert_match "$output" '^loginclean: --rejects: /no/such/file: No such file or directory$'
    run -74 loginclean --rejects /dev/full <<<7
    assert_match "$output" '^loginclean: /dev/full: No space left on device$'
}

@test "--strict ends with 65 at the first reject, after what came before" {
    { head -n 1 good && echo 7 && tail -n 1 good && echo 8; } >in
    run -65 --separate-stderr loginclean --strict --rejects rejects --stats stats <in
    # shellcheck disable=SC2154 # bats sets it
    assert_match "$stderr" '^loginclean: line 2: not_object \(--strict\)$'
    assert_eq "$output" "$(head -n 1 good)"
    assert_eq "$(jq -r .raw rejects)" 7
    assert_ledger_adds_up stats
    run -65 loginclean --strict --rejects rejects <<<'{}'
    assert_match "$output" 'line 1: missing_field: user_id \(--strict\)'
}

@test "--strict does not mind rejects of earlier stages" {
    { echo '{"reject":"x"}' && cat good; } >in
    assert_passes --strict
}

# --- Output ---

@test "a full disk is 74 with a message" {
    run -74 --separate-stderr bash -c 'loginclean --stats stats <good >/dev/full'
    assert_eq "$stderr" 'loginclean: stdout: No space left on device'
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.in,.out,.undelivered]')" '[2,0,2]'
    many 5000 >in
    run -74 bash -c 'loginclean --stats stats <in >/dev/full'
    assert_ledger_adds_up stats
}

@test "the ledger adds up when the disk is full in the midst of what jq made" {
    long_record 100000 >in
    run -74 bash -c 'loginclean -j "., ., ." --stats stats <in >/dev/full'
    assert_ledger_adds_up stats
}

@test "the ledger adds up when --strict ends within what jq made" {
    run -65 loginclean --strict -j '.ip = 1 | ., .' --stats stats <good
    assert_ledger_adds_up stats
}

@test "a reader that leaves ends it silently, as by SIGPIPE" {
    many 100000 >in
    loginclean --stats stats <in 2>err | head -n 1 >out
    assert_eq "${PIPESTATUS[0]}" 141
    head -n 1 good | cmp - out
    assert_eq "$(<err)" ''
    assert_ledger_adds_up stats
}

@test "a reader that leaves while no input comes is noticed" {
    mkfifo feed output
    exec {feed}<>feed {output}<>output
    loginclean <feed >output 2>err {feed}>&- {output}>&- 3>&- &
    pid=$!
    started+=("$pid")
    head -n 1 good >&"$feed"
    read -r -t 20 line <&"$output"
    assert_eq "$line" "$(head -n 1 good)"
    exec {output}>&-
    await "$pid"
    assert_eq "$status" 141
    assert_eq "$(<err)" ''
}

@test "a closed stdout is an error once there is output" {
    run -74 bash -c 'loginclean <good >&-'
    assert_match "$output" '^loginclean: stdout: '
    run -0 bash -c 'loginclean </dev/null >&-'
}

@test "a closed stdout does not let records into the file for rejects" {
    { cat good && echo 7; } >in
    run -74 bash -c 'loginclean --rejects rejects --stats stats <in >&-'
    assert_eq "$(jq -r .raw rejects)" 7
    assert_eq "$(wc -l <rejects) $(wc -l <stats)" '1 1'
}

@test "a closed stdin and a directory as stdin are errors of reading" {
    run -74 bash -c 'loginclean <&-'
    assert_match "$output" '^loginclean: stdin: '
    run -74 bash -c 'loginclean </'
    assert_eq "$output" 'loginclean: stdin: Is a directory'
}

@test "a closed stderr takes no rejects in silence" {
    run -74 bash -c 'echo 7 | loginclean 2>&-'
    run -0 bash -c 'loginclean <good 2>&- >out'
    cmp good out
}

@test "records come out at once while the input stays open" {
    start_fed loginclean --rejects -
    for n in 1 2; do
        head -n "$n" good | tail -n 1 | write_to_feed
        wait_until 10 has_lines "$n" out
    done
    echo 7 | write_to_feed
    wait_until 10 has_lines 3 out
    close_feed
    await "$pid"
    assert_eq "$status" 0
}

@test "rejects come out at once while the input stays open" {
    start_fed loginclean
    echo 7 | write_to_feed
    wait_until 10 has_lines 1 err
    close_feed
    await "$pid"
}

@test "a record that is not complete yet is waited for" {
    start_fed loginclean
    head -c 50 good | write_to_feed
    { tail -c +51 good && head -c 20 good; } | write_to_feed
    wait_until 10 has_lines 2 out
    cmp good out
    tail -c +21 good | write_to_feed
    close_feed
    await "$pid"
    cat good good | cmp - out
}

@test "fast input is written in large blocks" {
    many 100000 >in
    count_writes loginclean <in >out
    cmp in out
    cat writes
    [ "$(<writes)" -lt 1000 ]
}

# --- Signals ---

@test "the first SIGTERM or SIGINT lets it finish its input" {
    for signal in TERM INT; do
        rm -f feed
        start_fed loginclean --stats "stats.$signal"
        head -n 1 good | write_to_feed
        wait_until 10 has_lines 1 out
        kill -"$signal" "$pid"
        tail -n 1 good | write_to_feed
        wait_until 10 has_lines 2 out
        close_feed
        await "$pid"
        assert_eq "$status" 0
        cmp good out
        assert_ledger_adds_up "stats.$signal"
        assert_eq "$(<err)" ''
    done
}

@test "a second SIGTERM or SIGINT ends it at once" {
    for signals in 'TERM TERM 143' 'INT INT 130' 'INT TERM 143' 'TERM INT 130'; do
        read -r first second want <<<"$signals"
        rm -f feed
        start_fed loginclean
        kill -"$first" "$pid"
        # When it has taken the first, the second is no longer caught.
        wait_until 10 has_let_go_of_signals "$pid"
        kill -"$second" "$pid"
        await "$pid"
        assert_eq "$status" "$want"
        close_feed
    done
}

@test "SIGUSR1 writes the ledger and the run goes on" {
    start_fed loginclean --stats stats
    head -n 1 good | write_to_feed
    wait_until 10 has_lines 1 out
    kill -USR1 "$pid"
    wait_until 10 has_lines 1 stats
    assert_eq "$(ledger stats '[.in,.out]')" '[1,1]'
    tail -n 1 good | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(ledger stats '[.in,.out]')" '[2,2]'
    assert_eq "$(wc -l <stats)" 2
}

@test "SIGUSR1 without --stats writes the ledger to stderr" {
    start_fed loginclean
    kill -USR1 "$pid"
    wait_until 10 has_lines 1 err
    assert_eq "$(ledger err .tool)" loginclean
    close_feed
    await "$pid"
}

# --- The ledger ---

@test "the ledger has all that became of the records" {
    {
        cat good
        record_with 'del(.device_type)'
        record_with '.ip = "x"'
        record_with '.locale = "drop"'
        echo '{"reject":"x"}'
        printf 'no newline'
    } >in
    loginclean --stats stats --rejects rejects -j 'select(.locale != "drop")' <in >out
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.tool,.in,.made,.out,.filtered,.rejected,.passed]')" \
        '["loginclean",6,0,3,1,2,1]'
    assert_eq "$(ledger stats '[.by_reason,.filled,.filled_from]')" \
        '[{"bad_ip":1,"not_json":1},{"device_type":1},{"missing":1}]'
    assert_eq "$(ledger stats .bytes_out)" "$(wc -c <out)"
    assert_eq "$(ledger stats '.seconds < 60')" true
}

@test "the ledger goes to a file, to stderr with -, and there too with -v" {
    loginclean --stats stats -q <good >out 2>err
    assert_eq "$(<err)" ''
    loginclean --stats - <good >out 2>err
    assert_eq "$(ledger err .in)" 2
    assert_eq "$(wc -l <err)" 1
    loginclean -v <good >out 2>err
    assert_eq "$(ledger err .in)" 2
    loginclean -v --stats stats <good >out 2>err
    assert_eq "$(ledger err .in) $(wc -l <stats)" '2 2'
}

@test "a file for the ledger that cannot be opened is 73, one that is full is 74" {
    run -73 loginclean --stats /no/such/file <good
    run -74 bash -c 'loginclean --stats /dev/full <good >out'
    assert_match "$output" 'loginclean: --stats: /dev/full: No space left on device'
    cmp good out
}

@test "LOG_LEVEL sets what is said, and a wrong one is warned about" {
    LOG_LEVEL=info loginclean <good >out 2>err
    assert_eq "$(ledger err .in)" 2
    LOG_LEVEL=loud run -0 --separate-stderr loginclean <good
    assert_match "$stderr" "loginclean: LOG_LEVEL: 'loud' is not one of"
}

@test "on the journal, messages begin with their priority" {
    run -64 bash -c 'exec 2>err; JOURNAL_STREAM=$(stat -Lc %d:%i err) loginclean --no-such-option'
    assert_match "$(<err)" '^<3>loginclean: '
    JOURNAL_STREAM=1:1 run -64 loginclean --no-such-option
    assert_match "$output" '^loginclean: '
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

# --- Resources ---

@test "there is no allocation for each record" {
    skip_with_sanitizers
    {
        cat good
        sed 's/"device_type":[^,}]*/"device_type":null/; s/"ip"/"i\\u0070"/' good
        sed 's/"timestamp":/"x":"\\ud800","timestamp":/' good
        sed 's/"ip": *"[^"]*"/"ip":"x"/' good
    } >kinds
    for copies in 100 10000; do
        yes "$(<kinds)" | head -n $((copies * 8)) >in
        FAULTS_COUNT=count.$copies with_faults count-malloc \
            loginclean --canonical --datetime --infer --rejects - <in >out
        assert_eq "$(wc -l <out)" $((copies * 8))
    done
    echo "$(<count.100) allocations, $(<count.10000) for a hundred times as many records"
    [ "$(<count.100)" -gt 0 ]
    [ $(($(<count.10000) - $(<count.100))) -lt 40 ]
}

@test "memory does not grow with the number of records" {
    skip_with_sanitizers
    limit_memory 60
    many 500000 | loginclean --datetime --rejects - >out
    assert_eq "$(wc -l <out)" 500000
    many 50000 | loginclean -j '.locale |= ascii_downcase' >out
    assert_eq "$(wc -l <out)" 50000
    rm out
}

@test "memory does not grow with the length of a line" {
    skip_with_sanitizers
    limit_memory 150
    { head -c 400M /dev/zero && echo && cat good; } | loginclean --rejects rejects >out
    cmp good out
    assert_eq "$(jq .length rejects)" $((400 << 20))
}

@test "running out of memory is 75 with a message" {
    skip_with_sanitizers
    head -c 60M /dev/zero >in
    run -75 bash -c 'ulimit -v 60000; loginclean --max-line 1G <in'
    assert_match "$output" '^loginclean: .*memory'
}
