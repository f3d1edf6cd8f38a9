#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginagg --state: counts outlive the process. These tests write the marks themselves;
# tests/chaos.bats uses those of kcat-in.
#
# bats file_tags=long

load helpers
load loginagg

# marked SIZE [FROM-SEQ [FROM-RUN]]: the file records with a mark after each SIZE of them, as kcat-in
# prints them when it resumes at mark FROM-SEQ of run FROM-RUN.
marked() {
    awk -v size="$1" -v from="${2:-0}" -v run="$run_id" -v before="${3:-$run_id}" '
        function mark(kind, members) {
            printf "{\"@mark\":\"%s\",\"run\":\"%s\",\"seq\":%d,\"at\":[[\"t\",0,%d]]%s}\n",
                kind, run, seq, offset, members
        }
        BEGIN { seq = from; offset = from * size; mark("hello", ",\"from\":\"" before "\",\"group\":\"g\",\"shard\":\"0/1\"") }
        NR <= offset { next }
        {
            print
            match($0, /"timestamp": ?"?[0-9]+/)
            time = substr($0, RSTART, RLENGTH)
            sub(/.*[^0-9]/, "", time)
            if (time > low) low = time
            if (++since < size) next
            offset += since
            since = 0
            seq++
            mark("mark", ",\"watermark\":" low "000,\"committed\":" (seq - 1))
        }
        END { offset += since; seq++; mark("end") }' records
}

# The names of the files of the state, without the usual run.
state_files() {
    find state -type f -printf '%f\n' | sed "s/\.$run_id//" | LC_ALL=C sort | paste -sd ' '
}

# The data lines of files, or of stdin.
data() {
    grep -hv '^{"@mark"' "$@" || true
}

@test "before the source stops, the newest rolling insights are written" {
    logingen -n 20 >records
    { mark hello 0 0 && cat records && mark mark 1 20 ',"stop":true'; } >in
    loginagg --state state --every 1h <in >out
    assert_eq "$(data out | jq -c 'select(.insight == "logins") | [.logins, .final]')" '[20,false]'
    assert_eq "$(tail -n 1 out)" "$(tail -n 1 in)"
    # The next run continues these windows.
    { mark hello 1 20 && cat records && mark end 2 40; } >in
    loginagg --state state --every 0 --final <in >out
    assert_eq "$(data out | jq -c 'select(.insight == "logins") | [.logins, .final]')" '[40,true]'
    # Without rolling insights nothing is written.
    { mark hello 0 0 && cat records && mark mark 1 20 ',"stop":true'; } >in
    assert_eq "$(loginagg --state other --every 0 <in | data)" ''
}

@test "windows close when marks pass them and at the end mark" {
    logingen -n 4000 --span 2h --users 300 >records
    loginagg --every 0 <records >want
    marked 500 | loginagg --every 0 >out
    data out | cmp - want
    # They precede the mark whose watermark passes the first window, and the end mark.
    assert_eq "$(sed '/"seq":8,/q' out | data | wc -l)" 9
    assert_eq "$(tail -n 1 out | jq -r '.["@mark"]')" end
    assert_eq "$(grep -n '"insight"' out | head -n 1 | cut -d: -f1)" \
        "$(($(grep -n '"seq":5,' out | cut -d: -f1) - 9))"
}

@test "without an end mark there are no final insights" {
    logingen -n 1000 >records
    marked 100 | grep -v '"end"' >unended
    run -75 bash -c 'loginagg --every 0 <unended >out'
    assert_eq "$(data out)" ''
    assert_eq "$(wc -l <out)" 11
}

# assert_resumes SEQ...: with $options, runs over the file records that resume at these marks give the
# same bytes as one that is not interrupted, which leaves its output in the file want.
assert_resumes() {
    local at
    rm -rf state
    marked 500 | loginagg "${options[@]}" --final >want
    for at; do
        rm -rf state
        marked 500 | sed "/\"mark\",.*\"seq\":$((at + 1)),/,\$d" >first
        run -75 bash -c 'loginagg "$@" <first >out.1' _ "${options[@]}"
        # The source's next run, from the last committed mark.
        marked 500 "$at" | loginagg "${options[@]}" --final >out.2
        { sed "1,/\"seq\":$at,/!d" out.1 && sed 1d out.2; } >out
        diff <(data want) <(data out)
    done
}

@test "a run that resumes from a snapshot gives the same bytes as an uninterrupted one" {
    logingen -n 6000 --span 3h --users 500 --missing 5 >records
    for keys in 5M 300; do
        options=(-w 1h -w 1h/20m -w 700n -w '500n,30s' -w all --every 400n --max-keys "$keys" --state state)
        assert_resumes 1 4 7 11
    done
}

@test "a run that resumes gives the same bytes with late records and with emitted ones" {
    logingen -n 6000 --span 3h --users 500 --late 5 >records
    # Late for all windows, and late for some of them.
    for windows in '-w 10m' '-w 1h -w 10m/5m'; do
        # shellcheck disable=SC2206 # several words
        options=($windows --every 70n --rejects rejects --state state)
        assert_resumes 1 6 11
        assert_eq "$(data want | jq -s 'map(.late // 0) | add > 100')" true
    done
}

@test "uncommitted marks are not resumed, and the logs of runs that may still commit are kept" {
    logingen -n 1000 >records
    marked 100 | sed '/"seq":6,/q' >first
    run -75 bash -c 'loginagg --state state <first'
    assert_eq "$(state_files)" 0.log
    # Another run resumes at 5. The run that wrote 6 may still commit it.
    other=123e4567-e89b-42d3-a456-426614174001
    marked 100 5 | sed "s/\"run\":\"$run_id\"/\"run\":\"$other\"/" | sed '/"seq":6,/q' >second
    run -75 loginagg --state state <second
    assert_eq "$(state_files)" "0.log 5.$other.log"
    third=123e4567-e89b-42d3-a456-426614174002
    for from in "$run_id" "$other"; do
        cp -r state resumed
        { mark hello 6 600 | sed "s/\"from\":\"[^\"]*/\"from\":\"$from/" &&
            mark mark 7 600 ',"committed":4' && mark end 8 600; } |
            sed "s/\"run\":\"[^\"]*/\"run\":\"$third/" | loginagg --state resumed >out
        assert_eq "$(jq -c 'select(.insight == "logins").logins' out)" 600
        assert_eq "$(find resumed -type f | wc -l)" 3
        rm -r resumed
    done
    # Once the third run has committed a mark, no earlier run can. The log of the second run is not
    # needed to resume from the first one.
    { mark hello 6 600 && mark mark 7 600 && mark mark 8 600 ',"committed":7' && mark end 9 600; } |
        sed "s/\"run\":\"[^\"]*/\"run\":\"$third/" | loginagg --state state >/dev/null
    assert_eq "$(state_files)" "0.log 6.$third.log"
}

@test "a committed mark that this run cannot have made removes nothing" {
    logingen -n 300 >records
    # 7 and 900 are marks of another run, and 3 is not yet saved when it is named.
    for committed in 3 7 900; do
        rm -rf state
        marked 100 | sed "s/\"seq\":3,.*\"committed\":/&$committed,\"was\":/" >in
        loginagg --state state <in >/dev/null
        { mark hello 3 300 && mark end 4 300; } | loginagg --state state --final >out
        assert_eq "$(jq -c 'select(.insight == "logins").logins' out)" 300
    done
}

@test "loginagg warns once about marks that never contain a time" {
    logingen -n 10 >records
    {
        mark hello 0 0
        cat records
        for ((i = 1; i <= 100; i++)); do mark mark $i 10; done
        mark end 101 10
    } >in
    run -0 --separate-stderr loginagg --every 0 --tee <in
    assert_eq "$stderr" 'loginagg: 60 marks have no watermark, so no window has closed yet; does kcat-in have the right --time-field?'
}

@test "a source that dies before its first mark is not a clean end" {
    logingen -n 300 >records
    marked 100 | loginagg --state state >/dev/null
    refused 75 'stdin: ended without any mark; a stage upstream has died' </dev/null
    assert_eq "$(state_files)" 0.log
}

# refused STATUS MESSAGE [OPTION]... <input
refused() {
    run "-$1" --separate-stderr loginagg --state state "${@:3}"
    assert_match "$stderr" "^loginagg: $2"
    assert_eq "$(wc -l <<<"$stderr")" 1
}

@test "an unusable state is an error that says what to do" {
    logingen -n 300 >records
    marked 100 | loginagg --state state >/dev/null
    log=state/0.$run_id.log
    refused 78 "$log: it ends or is damaged after mark 4, but mark 9 is needed .*--state-reset" \
        < <(mark hello 9 900)
    refused 78 "state: there is no state of mark 3 of run ${run_id/%0/9}, .*was its state not moved here.*--state-reset" \
        < <(mark hello 3 300 | sed "s/\"from\":\"[^\"]*/&X/; s/0X/9/")
    refused 78 "$log: it was made with other options: .*--window 1h.*--state-reset" \
        -w 2h < <(mark hello 3 300)
    refused 78 "$log: the source has no partition 0 of topic t any more .*--state-reset" \
        < <(mark hello 3 300 | sed 's/"t"/"u"/')
    refused 78 "$log: the source continues partition 0 of topic t at offset 299, not at 300 " \
        < <(mark hello 3 299)
    refused 78 "$log: it was made with marks" <records
    # One changed byte, one missing byte, and an older version.
    cp "$log" sound
    printf X | dd of="$log" bs=1 seek=5000 conv=notrunc 2>/dev/null
    refused 78 "$log: it ends or is damaged after mark 0, but mark 3 is needed" \
        < <(mark hello 3 300)
    head -c -1 sound >"$log"
    refused 78 "$log: it ends or is damaged after mark 3, but mark 4 is needed" \
        < <(mark hello 4 300)
    sed '1s/ 3 / 2 /' sound >"$log"
    refused 78 "$log: it is damaged, or written by another version .*--state-reset" \
        < <(mark hello 3 300)
    : >"$log"
    refused 78 "state: there is no state of mark 3" < <(mark hello 3 300)
    cp sound "$log"
    { mark hello 3 300 && mark end 4 300; } | loginagg --state state >/dev/null
    # The same for snapshots.
    rm -r state
    loginagg --state state <records >/dev/null
    # shellcheck disable=SC2016 # sed's dollar signs
    for change in '$s/$/X/' '1s/ 4 / 3 /' '$d'; do
        cp state/1.state sound
        sed -i "$change" state/1.state
        refused 78 "state/1.state: it is damaged, or written by another version" <records
        cp sound state/1.state
    done
    refused 78 "state/1.state: it was made without marks" < <(mark hello 1 0 | sed 's/"from":"[^"]*",//')
}

@test "a partition that was added to the topic is taken up" {
    logingen -n 300 >records
    marked 100 | loginagg --state state >/dev/null
    { mark hello 4 300 && head -n 50 records && mark mark 5 300 && mark end 6 300; } |
        sed 's/"at":\[/&["t",1,7],/' | loginagg --state state >out
    assert_eq "$(jq -c 'select(.insight == "logins").logins' out)" 350
    refused 78 ".*: the source has no partition 1 of topic t any more" < <(mark hello 6 300)
    refused 78 ".*: the source continues partition 1 of topic t at offset 6, not at 7" \
        < <(mark hello 6 300 | sed 's/"at":\[/&["t",1,6],/')
}

@test "a source that starts elsewhere or with other partitions than the snapshot is refused" {
    logingen -n 300 >records
    marked 100 | loginagg --state state >/dev/null
    for option in '' --state-reset; do
        refused 78 "--state: the source reads without a group \\(kcat-in -G\\), so it cannot resume$" \
            $option < <(mark hello 3 300 | sed 's/"group":"g",//')
        refused 78 "--state: the source's partitions are not fixed \\(kcat-in --shard or -p\\)$" \
            $option < <(mark hello 3 300 | sed 's/,"shard":"[^"]*"//')
    done
    assert_eq "$(state_files)" 0.log
    { mark hello 3 300 && mark end 4 300; } | sed 's/,"group".*"0\/1"//' | loginagg -q >/dev/null
}

@test "a source that starts from the beginning is refused after a commit" {
    logingen -n 300 >records
    # No commit is known, so the next run counts from the beginning.
    for ((i = 0; i < 2; i++)); do
        marked 100 | sed 's/"committed":[0-9]*/"committed":0/' | loginagg --state state --final >out
        assert_eq "$(jq 'select(.insight == "logins").logins' out)" 300
    done
    # One log knows of a commit, but it is not the newest one.
    marked 100 | loginagg --state state >/dev/null
    other=${run_id/%0/1}
    cp "state/0.$run_id.log" older
    marked 100 | sed "s/\"committed\":[0-9]*/\"committed\":0/; s/$run_id/$other/" |
        loginagg --state other --final >out
    cp other/* state
    marked 100 >in
    refused 78 "state/0.$run_id.log: mark 2 was committed, but the source starts from the beginning .*--state-reset" <in
    assert_eq "$(state_files)" "0.$other.log 0.log"
    loginagg --state state --state-reset --final <in >out
    assert_eq "$(jq 'select(.insight == "logins").logins' out)" 300
}

@test "a mark of other partitions is neither saved nor passed on" {
    logingen -n 200 --span 2h >records
    for change in 's/\["t",0/["t",1/' 's/\["t",0,200\],//' 's/"at":\[/&["t",7,0],/'; do
        rm -rf state
        {
            mark hello 0 0 | sed 's/"at":\[/&["u",0,5],/'
            head -n 100 records
            # The order of the partitions does not matter.
            mark mark 1 100 | sed 's/"at":\[\[[^]]*\]/&,["u",0,5]/'
            tail -n 100 records
            mark mark 2 200 ',"watermark":1694484000000' | sed 's/"at":\[\[[^]]*\]/&,["u",0,5]/' | sed "$change"
        } >in
        refused 78 "--state: the source's partitions have changed .*--state-reset" <in
        assert_eq "$(sed -n '$=' <<<"$output") $(tail -n 1 <<<"$output" | jq .seq)" '2 1'
        assert_eq "$(loginagg --state state --state-dump | head -n 1 | jq .state)" 1
    done
    run -75 loginagg <in
}

@test "--state-reset starts over, and a run that is killed at once can be started again" {
    logingen -n 300 >records
    marked 100 | loginagg --state state >/dev/null
    { mark hello 9 900 && head -n 7 records && mark end 10 907; } |
        loginagg --state state --state-reset --final >out
    assert_eq "$(jq 'select(.insight == "logins").logins' out)" 7
    assert_eq "$(state_files)" '9.log 9.state'
    run -75 loginagg --state state --state-reset < <(mark hello 20 900)
    assert_eq "$(state_files)" 20.state
    { mark hello 20 900 && head -n 8 records && mark end 21 907; } | loginagg --state state --final >out
    assert_eq "$(jq 'select(.insight == "logins").logins' out)" 8
    { mark hello 0 0 && cat records && mark end 1 300; } |
        loginagg --state state --state-reset --final >/dev/null
    assert_eq "$(state_files)" 0.log
}

@test "without marks, each run resumes where the last one finished" {
    logingen -n 5000 --span 3h --users 300 >records
    loginagg --every 0 -w 1h -w 700n --lateness 1m <records >want
    for from in 1 1702 3403; do
        tail -n +$from records | head -n 1701 | loginagg --every 0 -w 1h -w 700n --state state
    done >out
    assert_eq "$(state_files | wc -w)" 1
    # The last run prints the open windows.
    loginagg --every 0 -w 1h -w 700n --state state --final </dev/null >>out
    cmp out want
}

@test "without marks, the insights of open windows are printed at the end, unless --every is 0" {
    logingen -n 100 >records
    loginagg --state state <records >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out)" '[100,false]'
    loginagg --state state <records >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out)" '[200,false]'
    loginagg --state state --every 0 <records >out
    assert_eq "$(<out)" ''
}

@test "without marks, a failed run leaves the snapshot unchanged" {
    logingen -n 100 >records
    loginagg --state state <records >/dev/null
    logingen -n 10000 >many # whose insights do not fit into a pipe
    run -141 bash -c 'set -o pipefail; loginagg --state state --tee --every 1n <many | true'
    run -74 bash -c 'loginagg --state state <records >/dev/full'
    loginagg --state state </dev/null --final >out
    assert_eq "$(jq -c 'select(.insight == "logins").logins' out)" 100
}

# final_runs [OPTION]...: the end of a first run closes an hour that is not over. A second run has the
# rest of that hour, which is also in the file late.
final_runs() {
    loginagg --every 0 --state state --final "$@" <first >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .final]' out)" '[5,true]'
    loginagg --every 0 --state state --final --rejects rejects --stats stats "$@" <late >out
    assert_eq "$(<out)" ''
    jq -r .raw rejects | cmp - late
    assert_eq "$(jq -r .reject rejects | sort -u)" late
    assert_ledger_adds_up stats
}

@test "records for a window that --final closed are late in the next run" {
    for ((i = 0; i < 12; i++)); do
        printf '{"timestamp":%d,"user_id":"u%d"}\n' $((7200 + i * 60)) $i
    done >records
    head -n 5 records >first
    tail -n 7 records >late
    final_runs -w 1h
    assert_eq "$(ledger stats '[.in, .late, .aggregated]')" '[7,7,0]'
    # The next window reports their number, and its change is against the five that were counted.
    echo '{"timestamp":10800,"user_id":"u"}' | loginagg --every 0 --state state --final -w 1h >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.logins, .late]' out)" '[1,7]'
    assert_eq "$(jq -c 'select(.insight == "count").change' out | head -n 1)" '{"unknown":-4}'
    # They count in those of their windows that were not closed.
    rm -r state
    loginagg --every 0 --state state --final -w 1h/30m -w 5m <first >out
    loginagg --every 0 --state state --final -w 1h/30m -w 5m <late >out
    assert_eq "$(jq -c 'select(.insight == "logins") | [.window.start, .logins, .final]' out)" \
        '["1970-01-01T02:05:00Z",5,true]
["1970-01-01T02:10:00Z",2,true]'
}

@test "partials for a window that --final closed are late in the next run" {
    logingen -n 10 >records
    head -n 5 records | loginagg --partial >first
    tail -n 5 records | loginagg --partial >late
    final_runs --merge
    assert_eq "$(ledger stats '[.in, .late, .aggregated]')" '[1,1,0]'
}

@test "only one process uses a state directory, and the next one waits for a while" {
    start_fed loginagg --state state
    refused 75 'state: another process is using it' </dev/null
    start loginagg --state state </dev/null {feed}>&-
    next=$!
    wait_until 10 has_caught_signals $next
    sleep 0.3
    run ! is_gone $next
    close_feed
    await "$pid"
    await $next
    assert_eq "$status" 0
}

@test "--state exits with 73 if the state cannot be created, and with 74 if it cannot be written" {
    : >file
    run -73 loginagg --state file </dev/null
    run -73 loginagg --state missing/state </dev/null
    run -73 loginagg --state /proc/state </dev/null
    logingen -n 100 >records
    loginagg --state state <records >/dev/null
    for fault in fsync:error=EIO renameat:error=ENOSPC; do
        run -74 --separate-stderr traced -f -qq -o /dev/null -e trace=fsync,renameat \
            -e "inject=$fault" loginagg --state state --every 0 <records
        assert_match "$stderr" '^loginagg: state/2.state: '
        assert_eq "$(state_files)" 1.state
    done
}

@test "a mark whose log cannot be written or synced is not passed on" {
    logingen -n 300 >records
    marked 100 >in
    # The directory is synced too, when it has a new file.
    for fault in fdatasync:error=EIO fsync:error=EIO; do
        rm -rf state
        run -74 --separate-stderr traced -f -qq -o /dev/null -e trace=fdatasync,fsync \
            -e "inject=$fault" loginagg --state state --every 0 <in
        assert_match "$stderr" "^loginagg: state/0\.$run_id\.log: "
        assert_eq "$(jq -c .seq <<<"$output" | xargs)" 0
    done
    for fault in enospc-write zero-write; do
        rm -rf state
        run -74 --separate-stderr with_faults "$fault=3000" loginagg --state state --every 0 <in
        assert_match "$stderr" "^loginagg: state/0\.$run_id\.log: No space left on device"
    done
    rm -rf state
    loginagg --state state --every 0 <in >want
    for fault in short-write eintr-write; do
        rm -rf state
        with_faults "$fault" loginagg --state state --every 0 <in | cmp - want
        { mark hello 4 300 && mark end 5 300; } | loginagg --state state --final |
            jq -c 'select(.insight == "logins").logins' | grep -x 300
    done
}

# with_slow_syncs FAULT COMMAND...: syncs of files take 400 ms, and then FAULT happens. The calls are
# listed in the file trace.
with_slow_syncs() {
    traced -f -qq -s 9999999 -o trace -e trace=read,write,ppoll,fdatasync \
        -e "inject=fdatasync:delay_enter=400000$1" "${@:2}"
}

# assert_synced_before_marks: in the file trace, each mark is written after its sync.
assert_synced_before_marks() {
    awk '/fdatasync.*= 0/ { synced++ }
        / write\(1, / { marks += gsub(/@mark/, ""); if (marks - 1 > synced) exit 1 } # hello is not synced
        END { if (marks < 2) exit 1 }' trace
}

@test "records are read while the log is synced, and no mark is written before" {
    logingen -n 20000 >records
    marked 5000 >in
    options=(--tee --every 2000n)
    loginagg --state state "${options[@]}" <in >want
    rm -r state
    # From a pipe, a read brings 64 KiB, and then there is another read soon.
    # shellcheck disable=SC2002
    cat in | with_slow_syncs '' loginagg --state state "${options[@]}" >out
    cmp out want
    assert_synced_before_marks
    awk '/fdatasync.*unfinished/ { syncing = 1 }
        /fdatasync.*= 0/ { syncing = 0 }
        syncing && / read\(0, / { found = 1 }
        END { exit !found }' trace
    rm -r state
    # What has been read meanwhile is written without the mark if the sync fails.
    run -74 --separate-stderr with_slow_syncs :error=EIO loginagg --state state "${options[@]}" <in
    assert_match "$stderr" "^loginagg: state/0\.$run_id\.log: "
    assert_eq "$(jq -c 'select(.["@mark"]).seq' <<<"$output" | xargs)" 0
    data <<<"$output" | cmp - <(data want | head -n "$(data <<<"$output" | wc -l)")
    [ "$(data <<<"$output" | wc -l)" -gt 5100 ]
    rm -r state
    # Without a thread, syncs are not overlapped.
    traced -f -qq -o /dev/null -e trace=clone,clone3 -e inject=clone,clone3:error=EAGAIN \
        loginagg --state state "${options[@]}" <in | cmp - want
}

@test "a mark is written as soon as it is synced, also when the input pauses" {
    { mark hello 0 0 && logingen -n 10 && mark mark 1 10; } >first
    # shellcheck disable=SC2094 # the end mark waits for the output
    { cat first && wait_until 20 grep -q '"seq":1' out && mark end 2 10; } |
        with_slow_syncs '' loginagg --state state --every 0 >out
    assert_eq "$(jq .seq out | xargs)" '0 1 2'
    assert_synced_before_marks
    # It does not wait for the next tick.
    awk '/fdatasync.*= 0/ { synced = 1 }
        synced && / write\(1, / { exit late }
        synced && /ppoll.*Timeout/ { late = 1 }' trace
}

@test "an unfinished snapshot is deleted at the next start" {
    logingen -n 100 >records
    loginagg --state state <records >/dev/null
    for option in '' --state-reset; do
        run -137 traced -f -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=SIGKILL \
            bash -c 'exec loginagg --state state --every 0 <records'
        assert_match "$(state_files)" '[0-9]\.state [0-9]\.state\.new'
        touch state/notes.state.new "state/9.$run_id.state.new"
        # Only the process with the lock removes them, and it removes no other file.
        loginagg --state state --state-dump >/dev/null
        run -137 flock state timeout -s KILL 1 loginagg --state state </dev/null
        assert_match "$(state_files)" ' 9\.state\.new '
        # shellcheck disable=SC2086 # there may be none
        loginagg --state state $option </dev/null >/dev/null
        assert_match "$(state_files)" '^[0-9]\.state notes\.state\.new$'
        rm state/notes.state.new
    done
}

@test "--state-dump prints the state as partials" {
    logingen -n 3000 --span 2h --users 50 >records
    mkdir state
    run -78 loginagg --state state --state-dump
    run -78 loginagg --state none --state-dump
    marked 1000 | loginagg --state state --every 0 >/dev/null
    loginagg --state state --state-dump >dump
    assert_eq "$(head -n 1 dump | jq -c '[.state, .at, .watermark]')" \
        '[4,[["t",0,3000]],"2023-09-12T01:58:58Z"]'
    # A mark closed the first window; the second one is complete.
    sed 1d dump | loginagg --merge --every 0 | jq -c 'select(.insight == "logins") | .logins' >got
    assert_eq "$(<got)" 1500
    run -74 bash -c 'loginagg --state state --state-dump >/dev/full'
    run -78 loginagg --state state --state-dump --count ip
}

@test "--state-dump prints the newest snapshot, even if it was not committed" {
    logingen -n 150 >records
    for run in 1 2 3; do
        { mark hello 0 0 && head -n $((run * 50)) records && mark mark 1 $((run * 50)); } |
            sed "s/$run_id/${run_id/%1/$run}/" >stream
        [ $run -gt 1 ] || { cat stream && echo '{}' && mark mark 2 100; } >longer
        [ $run -gt 1 ] || mv longer stream
        run -75 loginagg --state state --rejects rejects <stream
        assert_eq "$(loginagg --state state --state-dump | sed 1d | jq .records)" $((run * 50))
        sleep 0.05
    done
}

@test "marks without progress write little, and a run can resume from them" {
    logingen -n 100 >records
    {
        mark hello 0 0 && head -n 50 records
        mark mark 1 50 && mark mark 2 50 ',"committed":1' && mark mark 3 50 ',"committed":1'
        mark mark 4 50 ',"committed":2'
    } | loginagg --state state --every 0 >/dev/null || [ $? = 75 ]
    {
        mark hello 4 50
        for ((i = 5; i < 105; i++)); do mark mark "$i" 50; done
    } | loginagg --state state --every 0 >/dev/null || [ $? = 75 ]
    size=$(stat -c %s "state/4.$run_id.log")
    [ "$size" -lt 10000 ]
    {
        mark hello 4 50 && mark mark 5 50 ',"committed":4' && mark mark 6 50 ',"committed":5'
        tail -n 50 records
        mark end 7 100
    } | loginagg --state state --every 0 --final | data >out
    loginagg --every 0 <records | cmp - out
    # A stage may insert records of its own between marks of the same position.
    rm -r state
    { mark hello 0 0 && mark mark 1 50 && cat records && mark mark 2 50; } |
        loginagg --state state --every 0 >/dev/null || [ $? = 75 ]
    assert_eq "$(loginagg --state state --state-dump | sed 1d | jq .records)" 100
    # The end mark made progress: it closed the window.
    rm -r state
    { mark hello 0 0 && cat records && mark mark 1 100 && mark end 2 100; } |
        loginagg --state state --every 0 --final | data | cmp - out
    { mark hello 2 100 && head -n 5 records && mark end 3 105; } |
        loginagg --state state --every 0 --final --rejects rejects | data | cmp - /dev/null
    assert_eq "$(jq -r .reject rejects | uniq -c | xargs)" '5 late'
}

@test "--state-dump works while the state is in use" {
    logingen -n 100 >records
    start_fed loginagg --state state
    { mark hello 0 0 && cat records && mark mark 1 100; } | write_to_feed
    wait_until 10 test -s "state/0.$run_id.log"
    assert_eq "$(loginagg --state state --state-dump | sed 1d | jq .records)" 100
    close_feed
    await "$pid"
    assert_eq "$status" 75
}

@test "--merge supports a state, and --partial does not" {
    logingen -n 2000 >records
    loginagg --partial --every 300n <records >partials
    loginagg --merge --every 0 <partials >want
    head -n 3 partials | loginagg --merge --every 0 --state state
    tail -n +4 partials | loginagg --merge --every 0 --state state --final >out
    cmp out want
    run -64 loginagg --partial --state state </dev/null
    run -64 loginagg --state state --state-reset --state-dump </dev/null
    for wrong in --state-reset --state-dump --final; do
        run -64 loginagg "$wrong" </dev/null
    done
    # At each mark it writes all partials and keeps no counts.
    marked 500 | loginagg --partial --every 0 >out
    assert_eq "$(jq -c 'select(.records).records' out | paste -sd ' ')" '500 500 500 500'
    assert_eq "$(sed -n 5p out | jq -c '.["@mark"], .seq' | paste -sd ' ')" '"mark" 1'
}

@test "without --state, loginagg warns about a source that resumes within open windows" {
    run -0 --separate-stderr loginagg < <(mark hello 5 500 && mark end 6 500)
    assert_match "$stderr" 'from mark 5; earlier counts are lost without --state'
    run -0 --separate-stderr loginagg < <(mark hello 0 0 && mark end 1 0)
    assert_eq "$stderr" ''
}

@test "a run killed at any moment and resumed gives the bytes of an uninterrupted one" {
    logingen -n 20000 --span 2h --users 200 >records
    marked 50 | loginagg --every 0 --state want.state --final >undisturbed
    data undisturbed >want
    size=$(stat -c %s undisturbed)
    mkfifo pipe
    : >out
    committed=0
    for ((try = 0; try < 200; try++)); do
        # Marks that are still in the pipe were not committed, so the stream must not say so.
        marked 50 "$committed" | sed "s/\"committed\":[0-9]*/\"committed\":$committed/" |
            loginagg --every 0 --state state --final >pipe 2>/dev/null &
        pid=$!
        # It is killed after a random byte of its output, or up to a pipe's capacity later. The pipe
        # stays open until then: a closed one would end it in another way.
        {
            head -c $((RANDOM % (size / 5) + 1)) >part
            sleep 0.00$((RANDOM % 10))
            kill -KILL "$pid" || true
        } <pipe 2>/dev/null
        wait "$pid" 2>/dev/null || true
        # The output of a killed run counts up to its last mark, which a sink would have committed.
        read -r last kind < <(jq -r 'select(.["@mark"]) | "\(.seq) \(.["@mark"])"' part 2>/dev/null |
            tail -n 1) || continue
        sed "/^{\"@mark\":.*\"seq\":$last,/q" part | data >>out
        committed=$last
        [ "$kind" != end ] || break
    done
    echo "after $try kills" >&2
    [ "$try" -gt 4 ]
    cmp out want
}
