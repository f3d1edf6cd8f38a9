#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# How many instructions the tools take for a fixed input: no change makes them slower by accident.
#
# bats file_tags=long

load helpers

@test "loginclean, loginagg and a filter take at most 5 % more instructions than recorded" {
    local status=0
    [ -z "${SAN:-}" ] || skip "the sanitizers ($SAN) add instructions of their own"
    if ! command -v valgrind >/dev/null; then
        [ "${CI:-}" != true ] || return 1
        skip "valgrind is not installed"
    fi
    "$BATS_TEST_DIRNAME/instructions/run" >counts || status=$?
    [ "$status" -ne 77 ] || skip "$(<counts)"
    cat counts
    [ "$status" -eq 0 ]
}
