# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# state.sh: what the state of loginagg costs. Part of tests/bench/run; needs no Kafka.
#
# shellcheck disable=SC2016 # backticks are Markdown's

# marked RUN SIZE SEQ OFFSET: stdin as the stream of run number RUN, which continues from mark SEQ of
# the run before. There is a mark after each SIZE records.
marked() {
    awk -v run="$1" -v size="$2" -v seq="$3" -v offset="$4" '
        function mark(kind, members) {
            printf "{\"@mark\":\"%s\",\"run\":\"00000000-0000-4000-8000-00000000000%d\",\"seq\":%d,", \
                kind, run, seq
            printf "\"at\":[[\"t\",0,%d]]%s}\n", offset, members
        }
        BEGIN {
            mark("hello", ",\"from\":\"00000000-0000-4000-8000-00000000000" run - 1 \
                "\",\"group\":\"g\",\"shard\":\"0/1\"")
        }
        { print; offset++ }
        NR % size == 0 { seq++; mark("mark") }
        END { seq++; mark("end") }'
}

state_row() { # TITLE FIGURE UNIT
    echo "| $1 | ${2:+$2$3} |"
}

# per_second BYTES: those of a minute, in MB per second.
per_second() {
    awk -v n="$1" 'BEGIN {printf "%.3f", n / 60e6}'
}

# The size of the files in a folder, in bytes.
size_of() {
    find "$1" -type f -printf '%s\n' | awk '{sum += $1} END {print sum + 0}'
}

full_speed() {
    local state=$work/state i
    # 500,000 records between marks are a second at that rate.
    cat "$work/all" "$work/all" | marked 1 500000 0 0 >"$work/marked"
    for ((i = 0; i < rounds; i++)); do
        rm -rf "$state"
        measure without-state "$records" "loginagg --every 0 <$work/marked"
        measure with-state "$records" "loginagg --every 0 --state $state <$work/marked"
    done
    rm -f "$work/marked"
    state_row 'full speed, with by without a state, by clock' "$(ratio with-state without-state clock)" ''
    state_row 'the same by CPU' "$(ratio with-state without-state cpu)" ''
}

# A million logins in the open hour; then a minute of 600 a second, and a mark each second.
open_hour() {
    local state=$work/state i size snapshot
    rm -rf "$state"
    logingen -n 1036000 --span 50m >"$work/hour"
    head -n 1000000 "$work/hour" | marked 1 500000 0 0 |
        loginagg -q --every 0 --state "$state" >/dev/null
    marked 2 1 3 1000000 </dev/null >"$work/nothing"
    for ((i = 0; i < rounds; i++)); do
        measure restore-log 1 "loginagg --every 0 --state $state <$work/nothing"
    done
    size=$(size_of "$state")
    tail -n 36000 "$work/hour" | marked 2 600 3 1000000 |
        loginagg -q --every 0 --state "$state" >/dev/null
    size=$(($(size_of "$state") - size))
    loginagg --every 0 --state "$work/all.state" <"$work/hour" >/dev/null
    snapshot=$(size_of "$work/all.state")
    for ((i = 0; i < rounds; i++)); do
        measure restore-snapshot 1 "loginagg --every 0 --state $work/all.state </dev/null"
    done
    rm -f "$work/hour"
    measured[log]=$(per_second "$size")
    measured[log-and-snapshot]=$(per_second $((size + snapshot)))
    state_row 'a million logins in the open hour, 600/s: written (size of the log)' "${measured[log]}" ' MB/s'
    state_row 'the same in a minute with a snapshot' "${measured[log-and-snapshot]}" ' MB/s'
    state_row 'restoring a million logins from the log' "$(seconds restore-log)" ' s'
    state_row 'restoring them from a snapshot, and writing it again' "$(seconds restore-snapshot)" ' s'
}

state() {
    echo '| state of `loginagg` | measured |'
    echo '| --- | ---: |'
    full_speed
    open_hour
    echo
}
