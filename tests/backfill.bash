# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by examples-backfill.bats and spark/backfill.bats: files of logins, and what one process
# makes of them.

# make_files NAME: writes files of logins and puts their names into files. The first has records
# that nothing before loginclean may change, and no newline at its end. The second is compressed. The
# third has the NAME of the first, in another directory. The file one has the records of all three;
# want and rejects are what one process makes of them.
make_files() {
    mkdir -p in/below
    files=("in/$1" in/b.gz "in/below/$1")
    logingen -n 20000 --users 3000 --bad 2 --late 5 --span 3h >all
    {
        head -n 8000 all
        printf '\xef\xbb\xbf{}\n\n%s \r %s\r\n' '{"not": 1,' '"valid": 1}'
        record_with '.user_id = "X"' | sed 's/X/\xff/'
        record_with '.user_id = "CR"' | sed 's/,/,\r/'
        record_with '.user_id = "no newline"' | head -c -1
    } >"${files[0]}"
    tail -n +8001 all | head -n 7000 | gzip >"${files[1]}"
    tail -n +15001 all >"${files[2]}"
    { cat "${files[0]}" && echo && zcat "${files[1]}" && cat "${files[2]}"; } >one
    loginclean --rejects rejects --stats clean.ledger <one >clean
    loginagg --every 0 -w 1h -w all <clean >want
}

# assert_summary: the line in the file summary counts what one process counts.
assert_summary() {
    assert_eq "$(jq -Sc '[.read, .filtered, .rejected, .counted, .by_reason]' summary)" \
        "$(jq -Sc '[.in, 0, .rejected, .out, .by_reason]' clean.ledger)"
    assert_eq "$(jq .rejected summary)" "$(wc -l <rejects)"
}
