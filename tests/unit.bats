#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs the unit tests of common/, which are small C programs in tests/unit/.

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "every unit test was built" {
    for source in "$BATS_TEST_DIRNAME"/unit/*_test.c; do
        name=$(basename "$source" .c)
        [ -x "$BUILD_DIR/unit/$name" ] || {
            echo "$name was not built; make check does that" >&2
            return 1
        }
    done
}

@test "all unit tests pass" {
    failed=0
    for program in "$BUILD_DIR"/unit/*_test; do
        name=$(basename "$program")
        # One of an earlier checkout may still lie there.
        [ -e "$BATS_TEST_DIRNAME/unit/$name.c" ] || continue
        status=0
        "$program" >"$name.tap" 2>"$name.err" || status=$?
        echo "$name: $(grep -c '^ok' "$name.tap") passed, exit status $status"
        if [ "$status" -ne 0 ] || grep -q '^not ok' "$name.tap" ||
            ! grep -q '^1\.\.[1-9]' "$name.tap"; then
            grep -A 2 '^not ok' "$name.tap" || tail -n 1 "$name.tap"
            head -n 20 "$name.err"
            failed=1
        fi
    done
    [ "$failed" -eq 0 ]
}
