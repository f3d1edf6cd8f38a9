#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean --infer: a missing device_type is taken from what the device or user showed before.

# shellcheck disable=SC2016 # the dollar signs are jq's

load helpers
load loginclean

# login DEVICE USER [TYPE]: a record of that device and that user.
login() {
    printf '{"user_id":"%s","device_id":"%s"%s,"app_version":"2","ip":"::1","locale":"RU",' \
        "$2" "$1" "${3:+,\"device_type\":\"$3\"}"
    echo '"timestamp":1694479551}'
}

# logins COUNT: one web login each of that many devices and users.
logins() {
    seq "$1" | sed "s/.*/$(login 'device-&' 'user-&' web)/"
}

# assert_types TYPE...: the device types of the records in the file out.
assert_types() {
    assert_eq "$(jq -r .device_type out | paste -sd ' ')" "$*"
}

@test "--infer takes a missing device_type from an earlier record of the same device" {
    { login d1 u1 iOS && login d2 u2 web && login d1 u3 && login d2 u4 && login d1 u5; } >in
    loginclean --infer <in >out
    assert_types iOS web iOS web iOS
    sed -e '3s/}$/,"device_type":"iOS"}/; 4s/}$/,"device_type":"web"}/' \
        -e '5s/}$/,"device_type":"iOS"}/' in | cmp - out
}

@test "--infer takes the device_type from the same user if the device is new" {
    { login d1 u1 iOS && login d2 u2 web && login d3 u1 && login d4 u2 && login d5 u3; } >in
    loginclean --infer <in >out
    assert_types iOS web iOS web unknown
}

@test "--infer prefers the device to the user" {
    { login d1 u1 iOS && login d2 u2 web && login d1 u2; } | loginclean --infer >out
    assert_types iOS web iOS
}

@test "--infer takes the latest device_type of a device or user" {
    { login d1 u1 iOS && login d2 u1 web && login d3 u1; } | loginclean --infer >out
    assert_types iOS web web
    { login d1 u1 iOS && login d1 u2 web && login d1 u1; } | loginclean --infer >out
    assert_types iOS web web
}

@test "--infer uses the default if neither the device nor the user is known" {
    { login d1 u1 && login d1 u1 web && login d2 u2; } >in
    loginclean --infer <in >out
    assert_types unknown web unknown
    loginclean --infer --device-type 'a "new"\one' <in >out
    assert_types 'a "new"\one' web 'a "new"\one'
}

@test "--infer replaces null and empty values in place, and keeps bytes that jq would change" {
    cat >in <<'END'
{"user_id":"a","app_version":"2","ip":"::1","locale":"x","device_id":"d","timestamp":1694479551,"device_type":"a\"\u00e9\ud83d\ude00\\"}
 {"user_id":"\u0061" , "app_version":"2","ip":"::1","locale":"x","device_id":"e","timestamp" : 1694479551, "device_type" : null ,"big":123456789012345678901234567890,"nested":{"device_type":null},"lone":"\ud800" } 
{"user_id":"b","app_version":"2","ip":"::1","locale":"x","device\u005ftype":"","device_id":"\u0064","timestamp":"1694479551"}
END
    sed '2s/"device_type" : null/"device_type" : "a\\"é😀\\\\"/; 3s/:"",/:"a\\"é😀\\\\",/' in >want
    loginclean --infer <in >out
    diff want out
}

@test "--infer leaves records with a device_type unchanged" {
    { login d1 u1 iOS && login d1 u1 unknown && login d1 u1 ANDROID && cat good; } >in
    assert_passes --infer
}

@test "--infer learns nothing from unknown, from a default or from an inferred value" {
    { login d1 u1 web && login d1 u1 unknown && login d1 u1 UNKNOWN && login d1 u1; } >in
    loginclean --infer <in >out
    assert_types web unknown UNKNOWN web
    # The type of d2 is inferred from u1; u2 and u3 are unknown.
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

@test "--infer learns the usual spelling with --canonical, and the written one without it" {
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

@test "--infer works with only a device or only a user if the other is optional" {
    {
        login d1 u1 iOS
        login d2 u2 web
        login d1 u9 | sed 's/"user_id":"u9",//'
        login d9 u2 | sed 's/"device_id":"d9",//'
        login d9 u9 | sed 's/"user_id":"u9",//; s/"device_id":"d9",//'
    } | loginclean --infer --optional user_id,device_id >out
    assert_types iOS web iOS web unknown
}

@test "--infer fills in the same values as a jq program over the same records" {
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

@test "the ledger counts what --infer replaced and where it took the device_type from" {
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

@test "--infer=N forgets devices and users that were not used lately" {
    # With N = 1000 at least the last 500 keys are known, and the first of 1500 is not.
    for count in 499 1500; do
        { login d1 u1 iOS && logins "$count" && login d1 u1; } | loginclean --infer=1000 | tail -n 1
    done >out
    assert_types iOS unknown
    { login d1 u1 iOS && logins 1500 && login d1 u1; } | loginclean --infer=10k | tail -n 1 >out
    assert_types iOS
    # A key that is used stays known.
    { login d1 u1 iOS && logins 3000; } | sed "1~400a $(login d1 u1)" |
        loginclean --infer=1000 | grep '"d1"' >out
    assert_types iOS iOS iOS iOS iOS iOS iOS iOS iOS
}

@test "an --infer=N out of range, or with device_type required, is a usage error" {
    for bad in '' x 0 -1 1.5 1kB 100000001 99999999999G; do
        run -64 loginclean --infer="$bad" <good
        assert_match "$output" "^loginclean: --infer: '$bad' is not "
    done
    run -64 loginclean --infer --require user_id,device_type <good
    assert_match "$output" '^loginclean: --infer: device_type is required'
    loginclean --infer=100M <good >out
    cmp good out
}

@test "--infer gives the same bytes each time, however the input arrives" {
    logingen -n 20000 --users 5000 --missing 20 --bad 1 >in
    loginclean --infer=300 --rejects - <in >want
    for _ in 1 2 3; do
        loginclean --infer=300 --rejects - <in | cmp want
    done
    with_faults short-read,eintr-read loginclean --infer=300 --rejects - <in | cmp want
    # Much was forgotten, or the test would show nothing.
    [ "$(loginclean --infer --rejects - <in | grep -vcxFf want)" -gt 100 ]
}

@test "--infer=N bounds the memory for devices, users and device types" {
    skip_with_sanitizers
    logins 300000 >in
    seq 300000 | sed "s/.*/$(login d1 u1 'a device that nobody else has, of the type &')/" >types
    run -75 bash -c 'ulimit -v 30000; loginclean --infer=100M <in' # so the limit is low enough to notice
    limit_memory 30
    assert_passes --infer=10k
    mv types in
    assert_passes --infer=10k 2>err
    assert_eq "$(<err)" 'loginclean: more than 1000 device types; further ones are not inferred'
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
