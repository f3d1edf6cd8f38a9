# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# lib.sh: what the parts of tests/bench/run share: how arguments are checked, how a job is measured, and
# how a row is printed.
#
# A job is a shell command. Each time it has run, its speed is kept, in records per second of time by the
# clock, and of user and system time of all its processes ("by CPU"), which other load disturbs less. The
# speed of a job is the median.

# The filter that stages and builds are measured with.
# shellcheck disable=SC2034 # they use it
select='select(.device_type == "iOS")'

# Figures that are not speeds of jobs, by their names; see goals.sh.
# shellcheck disable=SC2034
declare -A measured

complain() {
    echo "bench: $*" >&2
}

# refuse WHY: an argument or a variable is wrong.
refuse() {
    complain "$1"
    exit 64
}

# check_number NAME VALUE: whole, from 1 to 999,999,999, and not octal.
check_number() {
    [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || refuse "$1=$2: not a whole number from 1 to 999999999"
}

# check_names WHAT KNOWN NAMES
check_names() {
    local name
    for name in $3; do
        [[ " $2 " = *" $name "* ]] || refuse "$name: no such $1; there are: $2"
    done
}

# failed WHAT: a measurement has no figure; the run goes on, and exits with 1 at its end.
failed() {
    complain "$1"
    tail -n 5 "$work/stderr" >&2
    echo "$1" >>"$work/failures"
}

# timed COMMAND: runs it, and prints "clock cpu" in seconds. What it says goes to $work/stderr. Fails if
# any process of a pipe does.
timed() {
    local TIMEFORMAT='%R %U %S' times status
    times=$({ time bash -o pipefail -c "$1" >/dev/null 2>"$work/stderr" </dev/null; } 2>&1)
    status=$?
    awk '{printf "%s %.3f\n", $1, $2 + $3}' <<<"$times"
    return $status
}

# keep JOB RECORDS CLOCK CPU: notes one run of a job.
keep() {
    awk -v n="$2" -v clock="$3" -v cpu="$4" 'BEGIN {
        print n / (clock > 0.001 ? clock : 0.001), n / (cpu > 0.001 ? cpu : 0.001)
    }' >>"$work/speeds/$1"
}

# measure JOB RECORDS COMMAND: runs it once. A failure is a message, and the job has no speed.
measure() {
    local times
    if ! times=$(timed "$3"); then
        failed "failed: $3"
        return 1
    fi
    # shellcheck disable=SC2086 # two numbers
    keep "$1" "$2" $times
}

median() {
    sort -g | awk '{a[NR] = $1} END {if (NR) print a[int((NR + 1) / 2)]}'
}

# speed JOB clock|cpu: the median in records per second; nothing if the job has not run.
speed() {
    local column=1
    [ "$2" = clock ] || column=2
    [ ! -e "$work/speeds/$1" ] || cut -d ' ' -f $column "$work/speeds/$1" | median
}

# ratio JOB PEER clock|cpu: the speed of the job by that of the peer; nothing if one is missing.
ratio() {
    awk -v a="$(speed "$1" "$3")" -v b="$(speed "$2" "$3")" 'BEGIN {
        if (a != "" && b != "") printf "%.2f", a / b
    }'
}

# seconds JOB: the median by the clock of a job whose records were counted as one.
seconds() {
    awk -v speed="$(speed "$1" clock)" 'BEGIN {if (speed != "") printf "%.3f", 1 / speed}'
}

# in_k: a number of standard input, in thousands of records per second.
in_k() {
    awk '{printf "%.0f k/s", $1 / 1000}'
}

# make_topic TOPIC: with four partitions.
make_topic() {
    kcat-out -q -t "$1" --create=4 </dev/null
}

# drop_topic TOPIC: the broker removes its files a second later.
drop_topic() {
    alter_topic delete "$1"
}

# into_topic JOB COMMAND: measures a job that writes to the topic that $OUT names.
into_topic() {
    export OUT=stage-$((++topics))
    make_topic "$OUT"
    measure "$1" "$records" "$2"
    drop_topic "$OUT"
}

# peak COMMAND...: runs it with the output thrown away, and prints "seconds MiB": how long it took, and
# the most memory that it had.
peak() {
    /usr/bin/time -q -o "$work/peak" -f '%e %M' "$@" >/dev/null 2>"$work/stderr" || {
        failed "failed: $*"
        return 1
    }
    awk '{printf "%.1f %.0f\n", $1, $2 / 1024}' "$work/peak"
}
