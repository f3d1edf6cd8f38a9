#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    good_records >good
}

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
