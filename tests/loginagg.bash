# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginagg*.bats: records of given times, and what the output says of windows.

# at TIME...: records of these seconds, named by their number.
at() {
    local n=0 time

    for time; do
        n=$((n + 1))
        echo "{\"timestamp\":$time,\"user_id\":\"u$n\"}"
    done
}

# The windows in the output: start, logins and late of each, on a line.
windows_of() {
    jq -r 'select(.insight == "logins" and .final)
        | [(.window.start // "-----------all")[11:19], .logins, .late] | join(" ")' "$@"
}
