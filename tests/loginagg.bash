# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginagg*.bats: records of given times, marks, and the windows and numbers in
# the output.

run_id=123e4567-e89b-42d3-a456-426614174000 # of mark

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

# mark KIND SEQ OFFSET [MEMBERS]: a mark of run $run_id, which continues a run of the same name.
mark() {
    local source=''
    [ "$1" != hello ] || source=',"group":"g","shard":"0/1"'
    printf '{"@mark":"%s","run":"%s","seq":%d,"from":"%s","at":[["t",0,%d]]%s}\n' \
        "$1" "$run_id" "$2" "$run_id" "$3" "$source${4:-}"
}

# Prints each number in its shortest form: 1.50 becomes 1.5. From version 1.7 on, jq keeps the digits
# of a number with which a program does not calculate.
short_numbers() {
    jq -c 'walk(if type == "number" then . * 1 else . end)'
}
