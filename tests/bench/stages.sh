# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# stages.sh: each stage beside a tool that does the same work or a part of it. Part of tests/bench/run.
#
# shellcheck disable=SC2016 # backticks are Markdown's, and dollar signs are for other programs

fill='.device_type //= "unknown"'
mlr_fill='is_empty($device_type) || is_absent($device_type) {$device_type = "unknown"}'

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

# stage_row STAGE JOB [PEER ITS-JOB]
stage_row() {
    local ratios='| | '
    [ -z "${4:-}" ] || ratios="| $(ratio "$2" "$4" clock) | $(ratio "$2" "$4" cpu) "
    echo "| $1 | $(speed "$2" clock | in_k) | $(speed "$2" cpu | in_k) | ${3:-} $ratios|"
}

stages() {
    measure_stages
    echo '| stage | by clock | by CPU | peer | our speed / its, by clock | by CPU |'
    echo '| --- | ---: | ---: | --- | ---: | ---: |'
    stage_row '`kcat-in`' kcat-in '`kcat -C`' kcat-C
    stage_row '`kcat-out`, without keys' kcat-out '`kcat -P`' kcat-P
    stage_row '`kcat-out --key`' kcat-out-key 'a librdkafka producer, without keys' rdkafka
    stage_row '`loginclean`' loginclean 'jq, which only fills in `device_type`' jq-fill
    stage_row '`loginclean`' loginclean 'Miller, which only fills in `device_type`' mlr-fill
    stage_row '`loginagg`, all default insights' loginagg
    stage_row '`kcat-in -j`, a `select` filter' kcat-in-select 'jq, which only selects' jq-select
    stage_row '`loginclean -j`, the same filter' loginclean-select 'jq, which only selects' jq-select
    stage_row '`loginagg -j`, the same filter' loginagg-select 'jq, which only selects' jq-select
    echo
}
