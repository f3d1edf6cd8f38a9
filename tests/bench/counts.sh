# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# counts.sh: loginagg beside engines that count: Miller and DuckDB from a file, Kafka Streams from a topic.
# Part of tests/bench/run.
#
# shellcheck disable=SC2016 # backticks are Markdown's, and OUT is for later

# What loginagg counts by default, but for its lists of the top ten.
nine_in_sql="
    CREATE TABLE logins AS SELECT *, CAST(\"timestamp\" AS BIGINT) // 3600 AS hour
        FROM read_json('$work/all', format = 'newline_delimited', columns = {user_id: 'VARCHAR',
            app_version: 'VARCHAR', device_type: 'VARCHAR', ip: 'VARCHAR', locale: 'VARCHAR',
            device_id: 'VARCHAR', \"timestamp\": 'VARCHAR'});
    SELECT hour, count(*), count(DISTINCT user_id), count(DISTINCT ip), count(DISTINCT device_id)
        FROM logins GROUP BY 1;
    SELECT hour, device_type, count(*) FROM logins GROUP BY 1, 2;
    SELECT hour, app_version, count(*) FROM logins GROUP BY 1, 2;
    SELECT hour, locale, count(*) FROM logins GROUP BY 1, 2;
    SELECT hour, user_id, count(DISTINCT ip) AS n FROM logins GROUP BY 1, 2 ORDER BY n DESC LIMIT 10;
    SELECT hour, user_id, device_id, count(*) AS n FROM logins GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 10;
    SELECT hour, user_id, ip, count(*) AS n FROM logins GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 10;
    SELECT hour, app_version, locale, count(*) AS n FROM logins GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 10;
    SELECT hour, app_version, device_type, count(*) AS n FROM logins GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 10;"
one_in_sql="SELECT device_type, count(*) FROM read_json('$work/all', format = 'newline_delimited',
    columns = {device_type: 'VARCHAR'}) GROUP BY 1;"

# duckdb_command FILE: the command that runs the statements of a file, and fetches all results.
duckdb_command() {
    echo "/usr/bin/python3 -c '
import duckdb, sys
for statement in open(sys.argv[1]).read().split(\";\"):
    if statement.strip(): duckdb.execute(statement).fetchall()' $1"
}

measure_counts() {
    local round streams
    streams="java -cp '$build/bench/kafka-streams/classes:$build/bench/kafka-streams/jars/*' \
        -Djava.io.tmpdir=$work LoginStream --in logins --out \$OUT --count --group"
    echo "$one_in_sql" >"$work/one.sql"
    echo "$nine_in_sql" >"$work/nine.sql"
    for ((round = 1; round <= rounds; round++)); do
        measure nine "$records" "loginagg --every 0 <$work/all"
        measure one "$records" "loginagg --every 0 -w all --count device_type \
            --distinct app_version/device_type --duplicates device_type <$work/all"
        measure mlr-one "$slow_records" "mlr --ijsonl --ojsonl count -g device_type <$work/some"
        [ -n "$duckdb_why" ] || measure duckdb-one "$records" "$(duckdb_command "$work/one.sql")"
        [ -n "$duckdb_why" ] || measure duckdb-nine "$records" "$(duckdb_command "$work/nine.sql")"
        [ -n "$streams_why" ] || ((round > 2)) ||
            into_topic streams-one "$streams counts-$((++groups))"
    done
}

count_row() { # TITLE JOB WHY-NOT OURS
    if [ -n "$3" ]; then
        echo "| $1 | $3 | | | |"
    else
        echo "| $1 | $(speed "$2" clock | in_k) | $(speed "$2" cpu | in_k) |" \
            "${4:+$(ratio "$4" "$2" clock)} | ${4:+$(ratio "$4" "$2" cpu)} |"
    fi
}

counts() {
    local streams_why='not asked for' duckdb_why
    duckdb_why=$("$here/peers/build" duckdb "$build/bench")
    case " $peers " in *' kafka-streams '*)
        streams_why=$("$here/peers/build" kafka-streams "$build/bench") ;;
    esac
    measure_counts
    echo '| counting | by clock | by CPU | speed of `loginagg` / its, by clock | by CPU |'
    echo '| --- | ---: | ---: | ---: | ---: |'
    count_row '**loginagg**, its nine insights, from a file' nine '' ''
    count_row '**loginagg**, one count (and the insight logins)' one '' ''
    count_row 'DuckDB, the nine, from a file' duckdb-nine "$duckdb_why" nine
    count_row 'DuckDB, one count' duckdb-one "$duckdb_why" one
    count_row 'Miller, one count' mlr-one '' one
    count_row 'Kafka Streams, one count by the hour, from a topic' streams-one "$streams_why" nine
    echo
}
