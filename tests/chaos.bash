# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/chaos*.bats: the programs that inject faults, and their figures.

setup() {
    begin
    need_kafka
}

# inject PROGRAM NAME=VALUE...: runs a program of tests/chaos, whose line of figures is then in the file
# out. After a SIGTERM it has 30 seconds to stop its broker.
inject() {
    env "${@:2}" timeout --kill-after=30 400 "$BATS_TEST_DIRNAME/chaos/$1" >out 2>err || {
        cat out err >&2
        return 1
    }
    cat out
}

# figure NAME: one figure of that line.
figure() {
    sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" out
}
