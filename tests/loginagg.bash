# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginagg*.bats: records of given times, and the windows in the output.

# at TIME...: records with these times in seconds, of the users u1, u2 and so on.
at() {
    local n=0 time

    for time; do
        n=$((n + 1))
        echo "{\"timestamp\":$time,\"user_id\":\"u$n\"}"
    done
}

# windows_of [FILE]: start, logins and late of each final window.
windows_of() {
    jq -r 'select(.insight == "logins" and .final)
        | [(.window.start // "-----------all")[11:19], .logins, .late] | join(" ")' "$@"
}
