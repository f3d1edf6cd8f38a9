# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# goals.sh: the goals for speed, latency, memory and state, and which of them this run has held. What was not
# measured has no row. Part of tests/bench/run.
#
# shellcheck disable=SC2016 # backticks are Markdown's

# goal WHAT at-least|below LIMIT MEASURED [UNIT]: a row, unless nothing was measured. The figure counts as it
# is printed.
goal() {
    [ -n "$4" ] || return 0
    awk -v what="$1" -v kind="$2" -v limit="$3" -v value="$4" -v unit="${5:-}" 'BEGIN {
        value = sprintf("%.2f", value)
        held = kind == "below" ? value + 0 < limit : value + 0 >= limit
        sub("-", " ", kind)
        printf "| %s | %s %s%s | %s%s | %s |\n", what, kind, limit, unit, value, unit, held ? "yes" : "**no**"
    }'
}

# million_cpu JOB: its speed by CPU, in millions of records per second.
million_cpu() {
    speed "$1" cpu | awk '{print $1 / 1e6}'
}

pipe_goals() {
    local guarantee what p99
    for guarantee in none eo-1000 eo-100; do
        what='the whole pipe'
        [ $guarantee = none ] || what="the same, exactly once, ${guarantee#eo-} ms,"
        goal "$what by franz-go, CPU" at-least 1.2 "$(ratio ours.$guarantee franz-go.$guarantee cpu)"
        goal "$what by franz-go, clock" at-least 1.1 "$(ratio ours.$guarantee franz-go.$guarantee clock)"
    done
    goal 'exactly once, 1000 ms, by no guarantee, clock' at-least 0.95 "$(ratio ours.eo-1000 ours.none clock)"
    goal 'exactly once, 100 ms, by no guarantee, clock' at-least 0.90 "$(ratio ours.eo-100 ours.none clock)"
    # "p50 / p99 / max"
    read -r _ _ p99 _ <<<"${pipe_latency[ours.eo-100]:-}"
    goal 'exactly once, 100 ms: p99' below 200 "$p99" ' ms'
}

stage_goals() {
    goal '`kcat-in`, CPU' at-least 1.6 "$(million_cpu kcat-in)" ' M/s'
    goal '`kcat-in` by `kcat -C`, clock' at-least 2 "$(ratio kcat-in kcat-C clock)"
    goal '`kcat-in` by `kcat -C`, CPU' at-least 2 "$(ratio kcat-in kcat-C cpu)"
    goal '`kcat-out --key` by a librdkafka producer without keys, CPU' at-least 0.9 \
        "$(ratio kcat-out-key rdkafka cpu)"
    goal '`loginclean`, CPU' at-least 3 "$(million_cpu loginclean)" ' M/s'
    goal '`loginclean` by jq, which only fills in, CPU' at-least 50 "$(ratio loginclean jq-fill cpu)"
    goal '`loginagg`, all default insights, CPU' at-least 2 "$(million_cpu loginagg)" ' M/s'
    goal 'a `select` filter in `loginclean` by jq, CPU' at-least 5 "$(ratio loginclean-select jq-select cpu)"
    goal 'a `select` filter in `loginagg` by jq, CPU' at-least 5 "$(ratio loginagg-select jq-select cpu)"
    goal 'a `select` filter in `kcat-in` by jq, CPU' at-least 5 "$(ratio kcat-in-select jq-select cpu)"
}

# Constant memory may grow by a quarter and 8 MiB, with a hundred times as many records (ten times, for
# those that need Kafka). kcat-in also has a queue of 32 MiB (queued.max.messages.kbytes). How full it
# becomes depends on the reader, not on the records.
memory_goals() {
    local row small large title more
    for row in "${memory_rows[@]}"; do
        read -r small large title <<<"$row"
        more=8
        case $title in *kcat-in*) more=40 ;; esac
        goal "memory of $title, as records grow" below \
            "$(awk -v a="$small" -v more=$more 'BEGIN {print 1.25 * a + more}')" "$large" ' MiB'
    done
    [ -z "${measured[pair-4]:-}" ] ||
        goal 'memory of `loginagg` for a pair of a user and an address, 4 million by 1 million' below 1.25 \
            "$(awk -v a="${measured[pair-1]}" -v b="${measured[pair-4]}" 'BEGIN {print b / a}')"
}

state_goals() {
    goal '`loginagg` with a state by one without, clock' at-least 0.90 "$(ratio with-state without-state clock)"
    goal 'the same, CPU' at-least 0.90 "$(ratio with-state without-state cpu)"
    goal 'what a state writes at 600/s' below 1 "${measured[log]:-}" ' MB/s'
    goal 'the same in a minute with a snapshot' below 1 "${measured[log-and-snapshot]:-}" ' MB/s'
    goal 'restoring a million logins from the log' below 3 "$(seconds restore-log)" ' s'
    goal 'restoring them from a snapshot' below 3 "$(seconds restore-snapshot)" ' s'
}

goals() {
    local rows
    if [ "$fast" = 1 ]; then
        printf 'No goals are judged with `FAST=1`: such short runs measure much of how the programs start.\n\n'
        return
    fi
    rows=$(pipe_goals && stage_goals && memory_goals && state_goals)
    [ -z "$rows" ] || {
        echo '| goal | wanted | measured | held |'
        echo '| --- | ---: | ---: | --- |'
        printf '%s\n\n' "$rows"
    }
}
