# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# stages.sh: each stage beside a tool that does the same work or a part of it, and whether the goals are
# held. Part of tests/bench/run.
#
# shellcheck disable=SC2016 # backticks are Markdown's, and dollar signs are for other programs

fill='.device_type //= "unknown"'
mlr_fill='is_empty($device_type) || is_absent($device_type) {$device_type = "unknown"}'
select='select(.device_type == "iOS")'

# into_topic JOB COMMAND: measures a job that writes to the topic that $OUT names.
into_topic() {
    export OUT=stage-$((++topics))
    make_topic "$OUT"
    measure "$1" "$records" "$2"
    drop_topic "$OUT"
}

measure_stages() {
    local round
    for ((round = 1; round <= rounds; round++)); do
        measure kcat-in "$records" 'kcat-in -e logins'
        measure kcat-C "$records" "kcat -b $BOOTSTRAP_SERVERS -C -q -e -o beginning -t logins"
        into_topic kcat-out-key "kcat-out -t \$OUT --key user_id <$work/all"
        into_topic rdkafka "producer \$OUT $work/all"
        into_topic kcat-out "kcat-out -t \$OUT <$work/all"
        into_topic kcat-P "kcat -b $BOOTSTRAP_SERVERS -P -t \$OUT <$work/all"
        measure loginclean "$records" "loginclean <$work/all"
        measure jq-fill "$slow_records" "jq -c '$fill' <$work/some"
        measure mlr-fill "$slow_records" "mlr --ijsonl --ojsonl put '$mlr_fill' <$work/some"
        measure loginagg "$records" "loginagg --every 0 <$work/all"
        measure loginclean-select "$records" "loginclean -j '$select' <$work/all"
        measure loginagg-select "$records" "loginagg --every 0 -j '$select' <$work/all"
        measure kcat-in-select "$records" "kcat-in -e -j '$select' logins"
        measure jq-select "$slow_records" "jq -c '$select' <$work/some"
    done
}

# The goals for whole pipes, if those were measured.
pipe_goals() {
    local guarantee what
    for guarantee in none eo-1000 eo-100; do
        what='the whole pipe'
        [ $guarantee = none ] || what="the same, exactly once, ${guarantee#eo-} ms,"
        goal "$what by franz-go, CPU" 1.2 "$(ratio ours.$guarantee franz-go.$guarantee cpu)"
        goal "$what by franz-go, clock" 1.1 "$(ratio ours.$guarantee franz-go.$guarantee clock)"
    done
    goal 'exactly once, 1000 ms, by no guarantee, clock' 0.95 "$(ratio ours.eo-1000 ours.none clock)"
    goal 'exactly once, 100 ms, by no guarantee, clock' 0.90 "$(ratio ours.eo-100 ours.none clock)"
    awk '{printf "| exactly once, 100 ms: p99 | below 200 ms | %.0f ms | %s |\n", $3,
        ($3 < 200) ? "held" : "not held"}' < <(printf '%s' "${pipe_latency[ours.eo-100]:-}")
}

stage_goals() {
    goal '`kcat-in`, CPU' 1.6 "$(speed kcat-in cpu)" ' M/s'
    goal '`kcat-in` by `kcat -C`, clock' 2 "$(ratio kcat-in kcat-C clock)"
    goal '`kcat-in` by `kcat -C`, CPU' 2 "$(ratio kcat-in kcat-C cpu)"
    goal '`kcat-out --key` by a librdkafka producer without keys, CPU' 0.9 \
        "$(ratio kcat-out-key rdkafka cpu)"
    goal '`loginclean`, CPU' 3 "$(speed loginclean cpu)" ' M/s'
    goal '`loginclean` by jq, which only fills in, CPU' 50 "$(ratio loginclean jq-fill cpu)"
    goal '`loginagg`, all default insights, CPU' 2 "$(speed loginagg cpu)" ' M/s'
    goal 'a `select` filter in `loginclean` by jq, CPU' 5 "$(ratio loginclean-select jq-select cpu)"
    goal 'a `select` filter in `loginagg` by jq, CPU' 5 "$(ratio loginagg-select jq-select cpu)"
    goal 'a `select` filter in `kcat-in` by jq, CPU' 5 "$(ratio kcat-in-select jq-select cpu)"
    info '`kcat-out --key`, CPU' "$(speed kcat-out-key cpu | in_M)"
    info '`kcat-out` without keys by `kcat -P`, clock' "$(ratio kcat-out kcat-P clock)"
    info '`kcat-out` without keys by `kcat -P`, CPU' "$(ratio kcat-out kcat-P cpu)"
    info '`loginclean` by Miller, which only fills in, CPU' "$(ratio loginclean mlr-fill cpu)"
}

stages() {
    measure_stages
    echo '| speed of | goal | measured | |'
    echo '| --- | ---: | ---: | --- |'
    pipe_goals
    stage_goals
    echo
}
