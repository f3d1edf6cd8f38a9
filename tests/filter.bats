#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Filters that run on the fields they name: the result is that of the whole record. tests/filter
# compares them with the jq command; make filter-test does so on many more programs.

load helpers

@test "generated programs select, drop and fail on the same records as in jq" {
    BUILD=$(realpath --relative-to="$BATS_TEST_DIRNAME/.." "$BUILD_DIR") PROGRAMS=150 \
        "$BATS_TEST_DIRNAME/filter" >log || {
        cat log >&2
        return 1
    }
    # A sample on which nothing passes, or nothing fails, would not show much.
    assert_match "$(tail -n 1 log)" ': [0-9]{5,} selected, [0-9]{5,} errors, 0 programs differ$'
}

@test "the comparison with jq refuses numbers of programs and records that prove nothing" {
    local setting
    for setting in PROGRAMS=-5 PROGRAMS=0 PROGRAMS=x RECORDS=0 RECORDS=1e3 SEED=one; do
        run -64 env "$setting" "$BATS_TEST_DIRNAME/filter"
        assert_match "$output" "^filter: $setting: not a whole number from [01] to 999999999$"
    done
}

@test "a definition of select in ~/.jq counts" {
    good_records >in
    HOME=$PWD
    echo 'def select(f): if .locale == "RI" then . else empty end;' >.jq
    loginclean -j 'select(.device_type == "android")' <in >out
    sed -n 2p in | cmp - out
}
