# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# pipes.sh: the whole pipe beside peers that do the same: read a topic, check the records, fill in
# device_type, and write them to another topic with the user_id as the key. Part of tests/bench/run.
#
# The commands of the jobs use these variables, which prepare_job sets: IN and OUT are topics, GROUP is a new
# group, FIFO a file that does not exist. END and FOLLOW say whether a job stops at the end of the topic.
#
# shellcheck disable=SC2016 # the commands expand these later

pipe_jobs=()
declare -A pipe_title pipe_command pipe_latency

# pipe_job ID TITLE COMMAND. An ID is PEER.GUARANTEE.
pipe_job() {
    pipe_jobs+=("$1")
    pipe_title[$1]=$2
    pipe_command[$1]=$3
}

define_our_jobs() {
    local interval
    pipe_job ours.none '**loginpipe**, no guarantee' \
        'kcat-in $END $IN | loginclean | kcat-out -t $OUT --key user_id'
    pipe_job ours.acks '**loginpipe**, at least once' \
        'kcat-in $END -G $GROUP --shard 0/1 --acks $FIFO $IN | loginclean |
            kcat-out -t $OUT --key user_id --acks $FIFO'
    for interval in 1000 100; do
        pipe_job ours.eo-$interval "**loginpipe**, exactly once, $interval ms" \
            "kcat-in \$END -G \$GROUP --shard 0/1 --marks=${interval}ms \$IN | loginclean |
                kcat-out -t \$OUT --key user_id --exactly-once"
    done
}

# define_peer ID TITLE COMMAND GUARANTEE...: a job for each guarantee.
define_peer() {
    local id=$1 title=$2 command="$3 --in \$IN --out \$OUT --group \$GROUP \$FOLLOW" guarantee
    shift 3
    for guarantee; do
        case $guarantee in
            none) pipe_job "$id.none" "$title, no guarantee" "$command" ;;
            acks) pipe_job "$id.acks" "$title, at least once" "$command --guarantee at-least-once" ;;
            eo-*) pipe_job "$id.$guarantee" "$title, exactly once, ${guarantee#eo-} ms" \
                "$command --guarantee exactly-once --interval ${guarantee#eo-}" ;;
        esac
    done
}

# Defines the jobs of a peer if it can be built; otherwise keeps a row that says why not.
define_peer_jobs() {
    local why
    why=$("$here/peers/build" "$1" "$build/bench") || {
        pipe_missing+=("| $1 | $why | | | | |")
        return 0
    }
    case $1 in
        franz-go)
            define_peer franz-go 'franz-go with goccy JSON' "$build/bench/franz-go/franz-go" \
                none acks eo-1000 eo-100
            ;;
        kafka-streams)
            define_peer kafka-streams 'Kafka Streams' \
                "java -cp '$build/bench/$1/classes:$build/bench/$1/jars/*' -Djava.io.tmpdir=$work LoginStream" \
                acks eo-1000 eo-100
            ;;
        confluent-kafka)
            define_peer confluent-kafka 'Python, confluent-kafka' \
                "$here/peers/confluent-kafka/login_stream.py" acks eo-1000 eo-100
            ;;
    esac
}

# prepare_job IN OUT END FOLLOW: what the commands of the jobs need.
prepare_job() {
    groups=$((groups + 1))
    export IN=$1 OUT=$2 END=$3 FOLLOW=$4 GROUP=bench-$groups FIFO=$work/acks-$groups
    make_topic "$OUT"
}

# run_pipe ID [warm-up]: the time of one run. What it wrote must be what the others wrote.
run_pipe() {
    local out=out-$((++topics)) times digest
    prepare_job logins "$out" -e ''
    if ! times=$(timed "${pipe_command[$1]}"); then
        failed "$1 failed"
    else
        digest=$(digest "$out")
        pipe_digest=${pipe_digest:-$digest}
        if [ "$digest" != "$pipe_digest" ] || [ "${digest% *}" != "$records" ]; then
            failed "$1 is invalid: it wrote $digest, and the first job $pipe_digest"
        elif [ "${2:-}" != warm-up ]; then
            # shellcheck disable=SC2086 # two numbers
            keep "$1" "$records" $times
        fi
    fi
    drop_topic "$out"
}

# Waits until the processes of a session have ended, and ends them after 20 seconds.
end_session() { # ID
    local i
    kill -TERM -- "-$1" 2>/dev/null
    for ((i = 0; i < 200; i++)); do
        pgrep -s "$1" >/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null
}

start_session() { # COMMAND
    setsid bash -c "$1" >/dev/null 2>"$work/stderr" </dev/null &
    session=$!
}

# Sets pipe_latency: median, 99th percentile and maximum.
time_records() { # ID
    local in=in-$((++topics)) out=live-$topics session figures
    make_topic "$in"
    prepare_job "$in" "$out" '' --follow
    start_session "${pipe_command[$1]}"
    if figures=$(latency "$in" "$out" 1000 "$latency_warm_up" "$latency_seconds"); then
        pipe_latency[$1]=${figures// / / }
    else
        failed "no latency for $1"
    fi
    end_session "$session"
    wait "$session" 2>/dev/null
    drop_topic "$in"
    drop_topic "$out"
}

pipe_row() { # ID
    local ours=ours.${1#*.} ratios='| | '
    [ "$1" = "$ours" ] || ratios="| $(ratio "$ours" "$1" clock) | $(ratio "$ours" "$1" cpu) "
    printf '| %s | %s | %s %s| %s |\n' "${pipe_title[$1]}" "$(speed "$1" clock | in_k)" \
        "$(speed "$1" cpu | in_k)" "$ratios" \
        "${pipe_latency[$1]:-}"
}

pipes() {
    local round id peer pipe_missing=() pipe_digest=
    define_our_jobs
    for peer in $peers; do define_peer_jobs "$peer"; done

    # The broker compiles its code meanwhile, and makes the topics of transactions.
    run_pipe ours.eo-1000 warm-up
    run_pipe ours.none warm-up
    for ((round = 1; round <= rounds; round++)); do
        for id in "${pipe_jobs[@]}"; do
            # Two rounds are enough for peers that are many times slower.
            case $id in kafka-streams.* | confluent-kafka.*) ((round <= 2)) || continue ;; esac
            run_pipe "$id"
        done
    done
    for id in "${pipe_jobs[@]}"; do
        case " $latency_jobs " in *" $id "*) time_records "$id" ;; esac
    done

    echo '| consume, check, fill in `device_type`, produce by `user_id` | by clock | by CPU | our speed / its, by clock | by CPU | p50 / p99 / max at 1,000/s, ms |'
    echo '| --- | ---: | ---: | ---: | ---: | ---: |'
    for id in "${pipe_jobs[@]}"; do pipe_row "$id"; done
    [ ${#pipe_missing[@]} -eq 0 ] || printf '%s\n' "${pipe_missing[@]}"
    echo
}
