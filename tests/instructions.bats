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
    cat counts
    if [ "$status" -eq 77 ]; then
        # Counts for the releases that CI runs on cannot be missing by intention.
        [[ ${CI:-} != true || $(<counts) != *debian-1[23]-x86_64 ]]
        skip "$(<counts)"
    fi
    [ "$status" -eq 0 ]
}

@test "no counts are recorded if valgrind is missing, or counts nothing" {
    local program
    mkdir -p tests bin
    cp -R "$BATS_TEST_DIRNAME/instructions" tests
    ln -s "$BUILD_DIR" build
    export BUILD=build
    for program in false true; do
        ln -sf /bin/$program bin/valgrind
        PATH=$PWD/bin:$PATH run -70 tests/instructions/run --record
        cmp "$BATS_TEST_DIRNAME/instructions/recorded" tests/instructions/recorded
    done
}
