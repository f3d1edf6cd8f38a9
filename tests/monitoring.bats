#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/monitoring, on a real Prometheus: it reads what the tools write with --metrics, through a real
# node_exporter. promtool judges the rest.

load helpers

# The pipeline of setup_file reads so many records, so many each second.
readonly BACKLOG=12000 RATE=300

setup() {
    begin
    monitoring=$BATS_TEST_DIRNAME/../examples/monitoring
    dashboard=$monitoring/grafana/loginpipe.json
    need_prometheus
    [ ! -s "$BATS_FILE_TMPDIR/url" ] || prometheus=$(<"$BATS_FILE_TMPDIR/url")
}

need_prometheus() {
    local program

    for program in promtool prometheus prometheus-node-exporter; do
        type -P $program >/dev/null && continue
        [ "${CI:-}" != true ] || return 1
        skip "there is no $program"
    done
}

# --- The servers and a pipeline, for all tests of this file ---

# start_server NAME COMMAND...: starts it on a free port, and sets $address once it listens there.
start_server() {
    local name=$1

    shift
    start "$@" >"$name.log" 2>&1
    echo $! >>servers
    wait_until 20 grep -q 'Listening on' "$name.log"
    address=$(sed -n 's/.*Listening on.* address=\([^ ]*\).*/\1/p' "$name.log" | head -n 1)
}

# The example's settings, but with a scrape each second, and this node_exporter.
configure_prometheus() {
    sed 's/^  interval: 15s/  interval: 1s/; s/^    interval: 15s/    interval: 1s/' "$monitoring/alerts.yml" >alerts.yml
    sed "s/_interval: 15s/_interval: 1s/; s/node-exporter:9100/$1/" "$monitoring/prometheus.yml" >prometheus.yml
    grep -q "targets: \[$1\]" prometheus.yml
}

# Runs each stage with --metrics once, in the directory that node_exporter reads.
run_all_tools() {
    local dir=$PWD/metrics

    logingen -n 500 --bad 10 --metrics "$dir/logingen.prom" >events
    produce all <events 2>/dev/null # a null is warned about
    kcat-in -e --marks -G tools --shard 0/1 --acks fifo --metrics "$dir/kcat-in.prom" all 2>/dev/null |
        loginclean --rejects rejects --metrics "$dir/loginclean.prom" |
        loginagg --tee --every 0 --lateness 1d --state counts --metrics "$dir/loginagg.prom" |
        kcat-out -t all-clean --acks fifo --metrics "$dir/kcat-out.prom"
    loginresend --metrics "$dir/loginresend.prom" <rejects >/dev/null 2>&1
}

# Reads a part of the backlog: until the file tells the lag, which takes up to 20 seconds. At its end, loginpipe
# writes the file once more.
run_pipeline() {
    local pid

    logingen -n $BACKLOG --bad 20 --start "$(date -u +%FT%TZ -d -1hour)" --span 1h | produce user-login
    KAFKA_TOPIC=user-login PROCESSED_TOPIC=clean INSIGHTS_TOPIC=insights REJECTS_TOPIC=rejects KAFKA_GROUP=g \
        STATE_DIR=$PWD/state KCAT_IN_OPTS="--rate $RATE" start loginpipe --metrics metrics/loginpipe.prom 2>loginpipe.log
    pid=$!
    wait_until 30 grep -qs ^loginpipe_consumer_lag metrics/loginpipe.prom
    wait_until 20 query 'loginpipe_consumer_lag{member!=""}' 'length > 0' >/dev/null
    kill -TERM "$pid"
    await "$pid"
}

setup_file() {
    type -P promtool prometheus prometheus-node-exporter >/dev/null || return 0
    cd "$BATS_FILE_TMPDIR" || return 1
    monitoring=$BATS_TEST_DIRNAME/../examples/monitoring started=()
    mkdir metrics
    start kcat-broker -t user-login:4 -t all:2 -t all-clean -t clean -t insights -t rejects >broker
    echo $! >>servers
    wait_until 10 test -s broker
    BOOTSTRAP_SERVERS=$(<broker)
    export BOOTSTRAP_SERVERS
    run_all_tools
    start_server node_exporter prometheus-node-exporter --web.listen-address=127.0.0.1:0 \
        --collector.disable-defaults --collector.textfile --collector.textfile.directory="$PWD/metrics"
    configure_prometheus "$address"
    start_server prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
        --web.listen-address=127.0.0.1:0
    prometheus=http://$address
    run_pipeline
    wait_until 20 query 'loginpipe_up == 0' 'length > 0' >/dev/null
    echo "$prometheus" >url
}

teardown_file() {
    local server

    [ -e "$BATS_FILE_TMPDIR/servers" ] || return 0
    while read -r server; do
        pkill -KILL -s "$server" || true
    done <"$BATS_FILE_TMPDIR/servers"
}

# query PROMQL JQ: prints what the jq program makes of the array of samples that Prometheus finds. The status is 1
# if that is false.
query() {
    curl -sS -G --max-time 10 --data-urlencode "query=$1" "$prometheus/api/v1/query" |
        jq -er "if .status == \"success\" then .data.result | $2 else error(.error) end"
}

# --- Rules and settings ---

@test "the settings and rules of Prometheus are valid" {
    run -0 promtool check config "$monitoring/prometheus.yml"
    run -0 promtool check rules "$monitoring/alerts.yml"
    sed -n 's/^ *- alert: //p' "$monitoring/alerts.yml" >alerts
    assert_eq "$(wc -l <alerts)" "$(grep -c '^ *description: ' "$monitoring/alerts.yml")"
    while read -r alert; do
        grep -q "alertname=\"$alert\"" "$BATS_TEST_DIRNAME/monitoring/alerts.yml"
    done <alerts
}

@test "each alert is raised when it should be, and only then" {
    promtool test rules "$BATS_TEST_DIRNAME/monitoring/alerts.yml" >out 2>&1 || {
        cat out >&2
        return 1
    }
}

# --- The tools ---

@test "promtool has nothing to say about the metrics of any tool" {
    for file in "$BATS_FILE_TMPDIR"/metrics/*.prom; do
        run -0 promtool check metrics <"$file"
        assert_eq "$output" ''
    done
    assert_eq "$(cd "$BATS_FILE_TMPDIR/metrics" && echo *)" \
        'kcat-in.prom kcat-out.prom loginagg.prom loginclean.prom logingen.prom loginpipe.prom loginresend.prom'
}

@test "node_exporter reads the files of all tools side by side" {
    assert_eq "$(query node_textfile_scrape_error '.[].value[1]')" 0
    query loginpipe_build_info '.[].metric | [.member // "alone", .stage] | join(" ")' | sort >out
    diff out - <<'WANT'
alone kcat-in
alone kcat-out
alone loginagg
alone loginclean
alone logingen
alone loginresend
pipeline kcat-in
pipeline kcat-out
pipeline loginagg
pipeline loginclean
pipeline loginpipe
WANT
}

# Whether Prometheus has seen the lag change. A range ends at a whole second, so the last value comes late.
has_lags() {
    query 'sum(loginpipe_consumer_lag{member="pipeline"})[5m:1s]' '.[0].values[][1]' | uniq >lags
    [ "$(wc -l <lags)" -ge 2 ]
}

@test "the lag falls while a backlog is read" {
    wait_until 10 has_lags
    sort -rnu lags | cmp - lags
    # What was read and what is left are the backlog.
    read=$(query 'sum(loginpipe_records_total{member="pipeline",stage="kcat-in",outcome="in"})' '.[0].value[1]')
    assert_eq $((read + $(tail -n 1 lags))) $BACKLOG
}

@test "Prometheus evaluates all rules, and a pipeline that works raises no alert" {
    curl -sS --max-time 10 "$prometheus/api/v1/rules" >rules
    jq -r '.data.groups[].rules[] | select(.type == "alerting").name' rules |
        diff - <(sed -n 's/^ *- alert: //p' "$monitoring/alerts.yml")
    assert_eq "$(jq -c '[.data.groups[].rules[] | select(.health != "ok" or .state == "firing")]' rules)" '[]'
    # Each alert looks at metrics that are there: at another limit it would be raised.
    while read -r metric; do
        query "$metric" 'length > 0' || {
            echo "there is no $metric" >&2
            return 1
        }
    done < <(grep -v '^ *#' "$monitoring/alerts.yml" | grep -oE '\<(loginpipe|node_textfile)[_:][a-z0-9_:]+' | sort -u)
}

# --- The dashboard ---

# fill_in <QUERIES: puts in what Grafana puts in for the variables.
fill_in() {
    # shellcheck disable=SC2016 # Grafana expands these
    sed 's/\$__rate_interval/5m/g; s/\$\(instance\|member\)/.*/g'
}

@test "each panel of the dashboard shows data" {
    jq -r '.panels[] | .title as $title | .targets[]? | [$title, .expr] | @tsv' "$dashboard" | fill_in >queries
    [ "$(wc -l <queries)" -gt 20 ]
    while IFS=$'\t' read -r title text; do
        query "$text" 'any(.value[1] != "NaN")' || {
            echo "$title shows nothing: $text" >&2
            return 1
        }
    done <queries
    # So does each variable.
    jq -r '.templating.list[] | select(.type == "query").query.query' "$dashboard" | fill_in >variables
    while read -r variable; do
        [[ $variable =~ ^label_values\((.*),\ (.*)\)$ ]]
        query "count by (${BASH_REMATCH[2]}) (${BASH_REMATCH[1]})" "any(.metric.${BASH_REMATCH[2]} != null)"
    done <variables
    assert_eq "$(wc -l <variables)" 2
    # Whether there was a new start or not, the query is valid.
    query "$(jq -r '.annotations.list[1].expr' "$dashboard" | fill_in)" 'length >= 0'
}

@test "the panels of the dashboard have units and descriptions, and none covers another" {
    jq -e '.panels | (map(.id) | unique | length) == length' "$dashboard" >/dev/null
    jq -r '.panels[] | select(.type != "row" and ((.description // "") == "" or
        ([.fieldConfig | .. | .unit? // (select(type == "object" and .id == "unit").value)] == []))) | .title' "$dashboard" >bare
    assert_eq "$(<bare)" ''
    jq -r '[.panels[] | {title} + .gridPos] | . as $all | range(length) as $i | range($i) as $j
        | [$all[$i], $all[$j]] | select(.[0].x < .[1].x + .[1].w and .[1].x < .[0].x + .[0].w and
            .[0].y < .[1].y + .[1].h and .[1].y < .[0].y + .[0].h) | map(.title) | join(" and ")' "$dashboard" >covered
    assert_eq "$(<covered)" ''
    jq -e 'all(.panels[].gridPos; .x + .w <= 24)' "$dashboard" >/dev/null
    jq -e 'all(.panels[].targets[]?.expr; test("\\$instance"))' "$dashboard" >/dev/null
}
