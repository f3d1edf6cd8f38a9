#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Partials that say which offsets they cover, and the merger that checks them. tests/fake-workers
# stands for Kafka and for the workers; delivery and rebalances on a real Kafka are tested elsewhere.

load helpers
load loginagg

windows=(-w 10m -w 1h/20m)
run_b=223e4567-e89b-42d3-a456-426614174000

# work [OPTION]...: the file records, counted by workers; leaves their partials in the file parts, and
# the insights of one pipeline in want.
work() {
    local run

    rm -rf work
    mkdir work
    "$BATS_TEST_DIRNAME/fake-workers" split work "$@" <records
    for run in work/run.*; do
        loginagg --partial "${windows[@]}" <"$run" >"work/out.${run##*.}" 2>/dev/null ||
            assert_eq $? 75
    done
    "$BATS_TEST_DIRNAME/fake-workers" mix work "$@" >parts
    loginagg "${windows[@]}" --every 0 <work/whole | insights >want
}

merge() {
    loginagg --merge "${windows[@]}" --every 0 "$@"
}

insights() {
    grep -v '^{"@mark"' || true
}

# as_topic LINES: the lines as the source of a merger writes them, with a mark after each
# LINES lines. The watermark of the marks is the clock, as that of a source of partials is.
as_topic() {
    awk -v every="$1" -v run="$run_id" -v mark=",\"watermark\":$(date +%s)000" '
        function put(kind, more) {
            printf "{\"@mark\":\"%s\",\"run\":\"%s\",\"seq\":%d,\"at\":[[\"login-partials\",0,%d]]%s}\n",
                kind, run, seq++, NR, more
        }
        BEGIN { put("hello", ",\"group\":\"m\",\"shard\":\"0/1\"") }
        { print }
        NR % every == 0 { put("mark", mark) }
        END { put("end", mark) }'
}

# The plan of a worker without insight options.
plan=$(echo '{"timestamp":1}' | loginagg --partial | jq -r .plan)

# cover RUN/SEQ COVERS [MEMBERS]: an opening line; covers is a list of PARTITION:FROM:TO:NEWEST. Its
# worker counts the window 10s.
cover() {
    local IFS=, part p from to newest covers=()

    for part in $2; do
        IFS=: read -r p from to newest <<<"$part"
        covers+=("{\"topic\":\"t\",\"partition\":$p,\"from\":$from,\"to\":$to,\"newest\":$newest}")
    done
    printf '{"partial":"cover","cover":"%s","windows":["10s"],"plan":"%s","covers":[%s]%s}\n' \
        "$1" "$plan" "${covers[*]}" "${3:-}"
}

# empty_cover RUN/SEQ COVERS [TOPICS]: a cover without partials.
empty_cover() {
    cover "$1" "$2" "${3:+,\"topics\":$3},\"lines\":0"
}

# partial_at RUN/SEQ COVERS SECONDS: a cover with a partial of one record of that time.
partial_at() {
    cover "$1" "$2"
    at "$3" | loginagg --partial -w 10s | jq -c ".cover = \"$1\""
    printf '{"partial":"covered","cover":"%s","lines":1}\n' "$1"
}

# --- What --partial writes ---

@test "at each mark, partials are enclosed by what they cover" {
    {
        mark hello 4 100 ',"topics":[["t",2]]'
        at 5 7 15
        mark mark 5 103 ',"newest":[15000],"watermark":15000'
        mark mark 6 103 ',"newest":[15000]'
        mark mark 7 103 ',"newest":[20000]'
        at 25
        mark end 8 104 ',"newest":["end"]'
    } | loginagg --partial -w 10s | insights >out
    assert_eq "$(jq -c '[.partial, .cover[-2:], .lines]' out)" '["cover","/5",null]
["10s/1970-01-01T00:00:00Z","/5",null]
["10s/1970-01-01T00:00:10Z","/5",null]
["covered","/5",2]
["cover","/7",0]
["cover","/8",null]
["10s/1970-01-01T00:00:20Z","/8",null]
["covered","/8",1]'
    assert_eq "$(head -n 1 out)" "{\"partial\":\"cover\",\"cover\":\"$run_id/5\",\"group\":\"g\",\"topics\":[[\"t\",2]],\"windows\":[\"10s\"],\"plan\":\"$plan\",\"covers\":[{\"topic\":\"t\",\"partition\":0,\"from\":100,\"to\":103,\"newest\":15000}]}"
    assert_eq "$(jq -c 'select(.partial == "cover").covers[] | [.from, .to, .newest]' out | tail -n 2)" \
        '[103,103,20000]
[103,104,"end"]'
}

@test "a worker that gets other partitions covers each from where it got it" {
    mark_at() { # KIND SEQ AT [MEMBERS]
        printf '{"@mark":"%s","run":"%s","seq":%d,"at":%s%s}\n' "$1" "$run_id" "$2" "$3" "${4:-}"
    }
    {
        mark_at hello 0 '[]' ',"group":"g"'
        mark_at mark 1 '[]'
        mark_at assign 2 '[["t",0,10],["t",1,20]]'
        at 5
        mark_at mark 3 '[["t",0,11],["t",1,20]]' ',"newest":[5000,null]'
        mark_at mark 4 '[["t",0,11],["t",1,20]]' ',"newest":[5000,null],"now":true'
        mark_at mark 5 '[]'
        mark_at assign 6 '[["t",1,20],["t",2,7]]'
        at 6
        mark_at end 7 '[["t",2,8],["t",1,20]]' ',"newest":[6000,null]'
    } >stream
    loginagg --partial -w 10s <stream | insights >out
    assert_eq "$(jq -c 'select(.covers) | [.cover[-1:], (.covers[] | [.partition, .from, .to, .newest])]' out)" \
        '["3",[0,10,11,5000],[1,20,20,null]]
["7",[2,7,8,6000],[1,20,20,null]]'
    # Without an assign mark, it cannot know where the partitions start.
    grep -v assign stream >acks
    run -78 loginagg --partial -w 10s <acks
    [[ $output == *'has not said where partition 0 of topic t starts'* ]]
}

@test "between marks, no partials are written, whatever --every says" {
    {
        mark hello 0 0
        at 1 2 3
        sleep 0.5
        at 4
        mark end 1 4
    } | loginagg --partial --every 1n | insights >out
    assert_eq "$(jq -c .partial out | paste -sd ' ')" '"cover" "1h/1970-01-01T00:00:00Z" "covered"'
    {
        mark hello 0 0
        at 1 2 3
        sleep 0.5
        at 4
        mark end 1 4
    } | loginagg --partial --every 50ms | insights | cmp - out
}

# --- Workers and a merger ---

@test "three workers with rebalances and kills and a merger give the insights of one pipeline" {
    logingen -n 6000 --span 3h --users 300 >records
    for seed in 1 2 3; do
        work --seed "$seed"
        merge --stats stats <parts | cmp - want
        as_topic 10 <parts | merge --rejects rejects | insights | cmp - want
        [ ! -s rejects ]
        # Windows close before the end, although the clock is far ahead of them.
        as_topic 10 <parts | sed '$d' | { merge 2>/dev/null || true; } | insights >early
        [ "$(wc -l <early)" -gt $(($(wc -l <want) / 2)) ]
        cmp <(head -n "$(wc -l <early)" want) early
        assert_eq "$(ledger stats '[.covered | map(.[2]) | add]')" '[6000]'
        assert_eq "$(ledger stats '[.duplicates, .skipped, (.covered | length)]')" '[0,0,12]'
        assert_ledger_adds_up stats
    done
}

@test "a worker that stands still holds the windows open, and nothing is late" {
    logingen -n 6000 --span 3h --users 300 >records
    # Without a rebalance, since it would not take part in one.
    work --stalled 1:8:20 --deal-every 100 --kill-every 0
    as_topic 5 <parts | merge --rejects rejects | insights | cmp - want
    [ ! -s rejects ]
    # While it stands still, its partitions are at the end of the 8th of 24 rounds: the first hour.
    cover=$(jq -r '.[19][0]' work/order)
    sed "\,\"cover\":\"$cover\",q" parts | as_topic 5 | sed '$d' | { merge 2>/dev/null || true; } |
        insights >early
    last=$(jq -r 'select(.insight == "logins").window.end' early | sort | tail -n 1)
    [[ $last > 2023-09-12T00:30 && $last < 2023-09-12T01:10 ]]
}

@test "a partition that is added counts from its start" {
    logingen -n 6000 --span 3h --users 300 >records
    work --add-at 11
    merge --stats stats <parts | cmp - want
    assert_eq "$(ledger stats '[(.covered | length), (.covered | map(.[2]) | add)]')" '[13,6000]'
}

@test "an idle partition follows the clock, and a partition without further records holds nothing back" {
    {
        partial_at "$run_id/1" 0:0:1:5000,1:0:0:null 5
        empty_cover "$run_id/2" 1:0:0:100000
        partial_at "$run_id/3" 0:1:2:100000 100
        empty_cover "$run_id/4" '0:2:2:"end"'
        partial_at "$run_id/5" 1:0:1:200000 200
        empty_cover "$run_id/6" '1:1:1:"end"'
    } >lines
    # finals LINES: the windows that have closed after so many lines.
    finals() {
        head -n "$1" lines | as_topic 1 | sed '$d' | {
            loginagg --merge -w 10s --lateness 0 --every 0 2>/dev/null || true
        } | windows_of <(insights) | cut -d' ' -f1
    }
    assert_eq "$(finals 3)" '' # nothing is known of partition 1
    assert_eq "$(finals 4)" '' # its clock is ahead, but partition 0 holds back
    assert_eq "$(finals 7)" 00:00:00
    assert_eq "$(finals 8)" 00:00:00
    assert_eq "$(finals 11)" '00:00:00
00:01:40'
    # Both have ended: the highest time counts.
    head -n 12 lines | as_topic 1 | loginagg --merge -w 10s --lateness 0 --every 0 | insights |
        windows_of | cut -d' ' -f1 | paste -sd ' ' | diff - <(echo 00:00:00 00:01:40 00:03:20)
}

@test "the watermark waits for partitions that the topic has and that no cover has named" {
    topics='[["t",3]]'
    {
        empty_cover "$run_id/1" 0:0:0:900000,1:0:0:900000 "$topics"
        partial_at "$run_id/2" 0:0:1:900000 5
        empty_cover "$run_b/1" 2:0:0:900000 "$topics"
        empty_cover "$run_b/2" 2:0:0:900001 '[["t",4]]'
        partial_at "$run_id/3" 0:1:2:1900000 1000
        empty_cover "$run_b/3" 1:0:0:1900000,2:0:0:1900000
        empty_cover "$run_b/4" '3:0:0:"end"'
    } >lines
    finals() {
        head -n "$1" lines | as_topic 1 | sed '$d' | {
            loginagg --merge -w 10s --lateness 0 --every 0 2>/dev/null || true
        } | windows_of <(insights) | cut -d' ' -f1
    }
    assert_eq "$(finals 4)" ''
    assert_eq "$(finals 5)" 00:00:00
    assert_eq "$(finals 10)" 00:00:00 # partition 3 was added
    assert_eq "$(finals 11)" '00:00:00
00:16:40'
}

# --- What is lost or doubled ---

# lost TEXT [OPTION]...: merging the file broken ends with 78 and this text; closes no window.
lost() {
    [ $# -gt 1 ] || set -- "$1" -w 10s
    run -78 --separate-stderr loginagg --merge "${@:2}" --every 0 <broken
    [[ $stderr == *"$1"* ]] || {
        echo "$stderr" >&2
        return 1
    }
    assert_eq "$output" ''
}

three_covers() {
    partial_at "$run_id/1" 0:0:1:5000 5
    partial_at "$run_id/2" 0:1:2:6000 6
    partial_at "$run_id/3" 0:2:3:7000 7
}

@test "a lost cover, and any lost line of one, ends the merger with 78" {
    three_covers >lines
    sed 4,6d lines >broken
    lost 'the partials of partition 0 of topic t are lost from offset 1 to 2'
    sed 4d lines >broken
    lost "cover $run_id/2: its first line is lost"
    sed 5d lines >broken
    lost "cover $run_id/2: lost: 0 of its 1 lines have come"
    sed 6d lines >broken
    lost "cover $run_id/2: the lines after its first 1 are lost"
    sed 9d lines >broken
    lost "cover $run_id/3: the lines after its first 1 are lost"
    sed '2s/,"cover":"[^"]*"//' lines >broken
    lost "cover $run_id/1: lost: 0 of its 1 lines have come"
    # Another run covers the partition, although the first one has not closed its cover.
    { sed 3,9d lines && partial_at "$run_b/7" 0:1:2:6000 6; } >broken
    lost "cover $run_id/1: the lines after its first 1 are lost"
    # The insights so far are not final.
    { mark hello 0 0 && sed 5d lines && mark end 1 9; } >broken
    run -78 --separate-stderr loginagg --merge -w 10s --every 0 <broken
    [[ $output != *'"insight"'* ]]
}

@test "a cover that is known already is dropped, and counted" {
    {
        three_covers
        partial_at "$run_b/1" 0:0:1:5000 5
        partial_at "$run_b/2" 0:1:3:7000 6
        empty_cover "$run_b/3" 0:3:3:8000
        partial_at "$run_b/4" 0:3:4:8000 8
    } >lines
    run --separate-stderr loginagg --merge -w 10s --every 0 --stats stats <lines
    assert_eq "$status" 0
    assert_eq "$(windows_of <<<"$output")" '00:00:00 4 0'
    [[ $stderr == *"cover $run_b/1: its offsets have been merged already, so it is dropped"* ]]
    assert_eq "$(ledger stats '[.duplicates, .filtered, .aggregated, .covered]')" \
        '[2,6,13,[["t",0,4,8000]]]'
    assert_ledger_adds_up stats
}

@test "an input that begins inside of covers, and of which nothing is known before, is no loss" {
    three_covers >lines
    for from in 1,1 1,2; do
        sed "${from}d" lines >begun
        run --separate-stderr loginagg --merge -w 10s --every 0 --stats stats <begun
        assert_eq "$status" 0
        assert_eq "$(windows_of <<<"$output")" '00:00:00 2 0'
        [[ $stderr == *"cover $run_id/1: the input begins inside of it, so its partials are dropped"* ]]
        assert_eq "$(ledger stats '[.covered, .skipped]')" '[[["t",0,3,7000]],0]'
        assert_ledger_adds_up stats
    done
    # With two runs, whose lines are mixed.
    partial_at "$run_b/4" 1:9:10:8000 8 >other
    { sed -n 2p lines && sed -n 2,3p other && sed -n 4p lines && sed -n 5,9p lines; } >begun
    run --separate-stderr loginagg --merge -w 10s --every 0 <begun
    assert_eq "$(windows_of <<<"$output")" '00:00:00 2 0'
    assert_eq "$(grep -c 'begins inside' <<<"$stderr")" 1
    # What was begun is known after a restart too.
    for at in 1 2 3 4; do
        rm -rf state
        head -n "$at" begun | loginagg --merge -w 10s --every 0 --state state
        tail -n +$((at + 1)) begun | loginagg --merge -w 10s --every 0 --state state --final >out
        assert_eq "$(windows_of out)" '00:00:00 2 0'
    done
    # After a cover, a first line is lost.
    { sed -n 1,3p lines && sed -n 2,3p other; } >broken
    lost "cover $run_b/4: its first line is lost"
}

@test "covers that overlap end the merger with 78" {
    { three_covers && partial_at "$run_b/1" 0:2:4:8000 8; } >broken
    lost 'overlap: partition 0 of topic t is covered from offset 2'
    lost 'count again with another group and another topic of partials (see A gap in loginpipe(7))'
    { three_covers && partial_at "$run_b/1" 0:2:3:8000,1:0:5:8000 8; } >broken
    lost 'overlap: some of its partitions have been merged already, and some have not; count again'
    lost 'overlap: some of its partitions' -w 10s --skip-gaps
}

@test "--skip-gaps goes on after a gap, with a warning and a count" {
    {
        partial_at "$run_id/1" 0:0:1:5000 5
        partial_at "$run_id/9" 0:42:43:6000 6
        partial_at "$run_id/10" 0:43:44:6000 6 | sed 1d
        partial_at "$run_id/11" 0:44:45:6000 6 | sed 3d
        partial_at "$run_id/12" 0:45:46:6000 6 | sed 2d
        partial_at "$run_id/13" 0:46:47:6000 6
    } >lines
    run --separate-stderr loginagg --merge -w 10s --every 0 --skip-gaps --stats stats <lines
    assert_eq "$status" 0
    assert_eq "$(windows_of <<<"$output")" '00:00:00 4 0'
    [[ $stderr == *'lost from offset 1 to 42'*'its first line is lost; skipped'* ]]
    assert_eq "$(ledger stats .skipped)" 42 # 41, and the cover without its first line
    run -64 loginagg --partial --skip-gaps </dev/null
}

@test "partials without covers are merged, with a warning that nothing is checked" {
    at 1 2 3 | loginagg --partial -w 10s >lines
    run --separate-stderr loginagg --merge -w 10s --every 0 < <(cat lines)
    assert_eq "$(windows_of <<<"$output")" '00:00:00 3 0'
    [[ $stderr == *'line 1: the partial does not say what it covers, so nothing is checked'* ]]
    # In a file this is usual.
    run --separate-stderr loginagg --merge -w 10s --every 0 <lines
    assert_eq "$(windows_of <<<"$output")" '00:00:00 3 0'
    assert_eq "$stderr" ''
    # Then the marks' watermark counts.
    cat lines lines | as_topic 1 | loginagg --merge -w 10s --every 0 --rejects rejects 2>/dev/null |
        insights >out
    assert_eq "$(windows_of out)" '00:00:00 3 0'
    assert_eq "$(jq -r .reject rejects)" late
}

@test "covers need the order of one partition" {
    {
        printf '{"@mark":"hello","run":"%s","seq":0,"group":"m","shard":"0/1","at":[["p",0,0],["p",1,0]]}\n' \
            "$run_id"
        three_covers
    } >broken
    run -78 --separate-stderr loginagg --merge -w 10s <broken
    [[ $stderr == *'the partials are in several partitions'* ]]
}

@test "a merger whose workers have other windows or insights ends with 78" {
    agree='workers and merger need the same insight options (LOGINAGG_OPTS)'
    # worker_and_merger 'OPTIONS' 'OPTIONS': of the worker and of the merger.
    # shellcheck disable=SC2086 # several options
    worker_and_merger() {
        {
            mark hello 0 100
            at 5 7
            mark mark 1 102
            at 15
            mark end 2 103
        } | loginagg --partial $1 | insights >broken
        run --separate-stderr loginagg --merge --every 0 --rejects rejects $2 <broken
    }
    worker_and_merger '-w 1h' '-w 10m'
    assert_eq "$status $output" '78 '
    [[ $stderr == *"cover $run_id/1: the worker counts --window 1h, and this merges --window 10m; $agree (--skip-gaps goes on)"* ]]
    worker_and_merger '-w 1h -w 10s' '-w 10s -w 10m'
    assert_eq "$status" 78
    [[ $stderr == *'counts --window 1h --window 10s, and this merges --window 10m;'* ]]
    for options in '--count colour' '--distinct locale/ip' '--duplicates ip,locale'; do
        worker_and_merger "$options" ''
        assert_eq "$status" 78
        [[ $stderr == *"cover $run_id/1: the worker counts other fields or combinations; $agree"* ]]
    done
    # Also if there are no partials.
    empty_cover "$run_id/1" 0:0:0:5000 >broken
    lost 'the worker counts --window 10s, and this merges --window 1h;' -w 1h
    # What is skipped is lost, and counted.
    worker_and_merger '-w 1h' '-w 10m --skip-gaps --stats stats'
    assert_eq "$status $output" '0 '
    [[ $stderr == *"this merges --window 10m; $agree; skipped"* ]]
    assert_eq "$(ledger stats '[.skipped, .covered, .filtered]')" '[3,[["t",0,103,null]],6]'
    assert_ledger_adds_up stats
}

@test "windows that only the workers count are dropped" {
    {
        mark hello 0 100
        at 5 7 15
        mark end 1 103
    } >stream
    loginagg --partial -w 1h -w 10s <stream | insights |
        loginagg --merge -w 10s --every 0 --stats stats --rejects rejects >out
    assert_eq "$(windows_of out)" '00:00:00 2 0
00:00:10 1 0'
    assert_eq "$(ledger stats '[.filtered, .rejected]')" '[1,0]'
    assert_ledger_adds_up stats
}

@test "a malformed partial of a cover ends the merger with 78" {
    three_covers | jq -c 'if .tables and .cover[-1:] == "2" then .tables[0].rows = 1 else . end' >broken
    lost "cover $run_id/2: line 5: the records of a partial are lost: rows are not an array (--skip-gaps goes on)"
    run --separate-stderr loginagg --merge -w 10s --every 0 --rejects rejects --skip-gaps \
        --stats stats <broken
    assert_eq "$status" 0
    assert_eq "$(windows_of <<<"$output")" '00:00:00 2 0'
    [[ $stderr == *"are lost: rows are not an array; skipped"* ]]
    assert_eq "$(jq -r .detail rejects)" 'rows are not an array'
    assert_ledger_adds_up stats
}

@test "so does a partial of several lines that do not belong together" {
    large_covers
    cp parts whole
    # In its last line, or without one of its lines.
    for change in '(.tables | last | .rows) += [["x", "y"]]' '.part += 1 | .parts += 1'; do
        jq -c "if .parts and .parts > 1 and (.cover | endswith(\"/2\")) then $change else . end" \
            whole >parts
        run -78 --separate-stderr merge --rejects rejects <parts
        [[ $stderr == *'(--skip-gaps goes on)'* ]]
        assert_eq "$output" ''
        merge --skip-gaps --rejects rejects <parts >/dev/null 2>&1
        [ -s rejects ]
    done
}

@test "a partial whose window closes before its last line has come is late, not lost" {
    at 5 | loginagg --partial -w 10s | jq -c ".cover = \"$run_b/1\"" >line
    {
        empty_cover "$run_id/1" 0:0:1:100000,1:0:0:5000
        cover "$run_b/1" 0:1:2:100000
        jq -c 'del(.parts)' line
        empty_cover "$run_id/2" 1:0:1:100000
        jq -c '.part = 2 | .parts = 2 | .records = 0' line
        printf '{"partial":"covered","cover":"%s","lines":2}\n' "$run_b/1"
    } | loginagg --merge -w 10s --lateness 0 --every 0 --rejects rejects --stats stats
    assert_eq "$(jq -r .reject rejects)" 'late
late'
    assert_ledger_adds_up stats
}

# --- The state ---

# large_covers: covers of two runs, whose lines are mixed, with partials of several lines.
large_covers() {
    windows=(-w 1d -w 2d)
    logingen -n 60000 --users 50000 --span 30m >records
    work --workers 2 --rounds 2 --partitions 2 --kill-every 0
    [ "$(jq -s 'map(.part // 0) | max' parts)" -ge 2 ]
}

@test "killed at any line and started again, the merger gives the same insights" {
    large_covers
    as_topic 2 <parts >stream
    merge <stream | insights | cmp - want
    marks=$(grep -c '"@mark":"mark"' stream)
    [ "$marks" -ge 8 ]
    for ((seq = 1; seq <= marks; seq++)); do
        rm -rf state
        # The lines after the mark are in the log too, but they do not count.
        sed "/\"seq\":$((seq + 1)),/q" stream | sed '$d' >first
        run -75 merge --state state <first
        insights <<<"$output" | grep '"insight"' >out || true
        mark=$(grep "\"seq\":$seq," stream)
        sed "s/\"@mark\":\"mark\"/\"@mark\":\"hello\",\"from\":\"$run_id\",\"group\":\"m\",\"shard\":\"0\/1\"/" \
            <<<"$mark" >second
        sed "1,/\"seq\":$seq,/d" stream >>second
        merge --state state --final --stats stats.$seq <second | insights >>out
        cmp out want
        assert_eq "$(ledger "stats.$seq" '[.covered | map(.[2]) | add]')" '[60000]'
    done
}

@test "a snapshot keeps what is covered, also in the middle of a cover" {
    large_covers
    count=$(wc -l <parts)
    for ((at = 1; at < count; at++)); do
        rm -rf state
        head -n "$at" parts | merge --state state >out
        tail -n +$((at + 1)) parts | merge --state state --final >>out
        cmp out want
        # What is lost across the restart is noticed, and what is known too.
        rm -rf state
        head -n "$at" parts | merge --state state >out
        run -78 merge --state state --final < <(tail -n +$((at + 2)) parts)
    done
    rm -rf state
    merge --state state <parts >/dev/null
    merge --state state --stats stats <parts 2>/dev/null
    assert_eq "$(ledger stats '[.in == .filtered, .duplicates > 0]')" '[true,true]'
}

@test "a gap that was skipped does not stop a later run" {
    three_covers | sed 4,6d >lines
    { as_topic 1 <lines; } >stream
    run -75 loginagg --merge -w 10s --skip-gaps --state state < <(sed '$d' stream)
    seq=$(grep -c '"@mark":"mark"' stream)
    {
        mark hello "$seq" 6 | sed 's/\["t"/["login-partials"/; s/"group":"g"/"group":"m"/'
        partial_at "$run_id/4" 0:3:4:8000 8
        mark end $((seq + 1)) 9 | sed 's/\["t"/["login-partials"/'
    } >second
    loginagg --merge -w 10s --state state --final <second | insights | windows_of >out
    assert_eq "$(<out)" '00:00:00 3 0'
}

@test "--state-dump shows what is covered" {
    {
        partial_at "$run_id/1" 0:0:1:5000,1:0:7:null 5
        cover "$run_b/5" 2:10:20:6000
        at 6 | loginagg --partial -w 10s | jq -c ".cover = \"$run_b/5\""
    } | loginagg --merge -w 10s --every 0 --state state
    loginagg --merge -w 10s --state state --state-dump >dump
    assert_eq "$(head -n 1 dump | jq -c '[.covered, .open]')" \
        "[[[\"t\",0,1,5000],[\"t\",1,7,null],[\"t\",2,20,null]],[[\"$run_b/5\",1]]]"
    assert_eq "$(sed 1d dump | jq -c .records)" 2
}
