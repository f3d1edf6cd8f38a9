#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# backfill-parallel.sh DIR FILE... - writes the insights of many files, counted on all cores
#
#   LOGINAGG_OPTS='-w 1d' backfill-parallel.sh january logs/2024-01-*.gz
#
# Each file has a loginclean and a loginagg --partial of its own, and JOBS files are read at the
# same time. One loginagg --merge adds up the partials. The insights are those of one `loginclean |
# loginagg --every 0` on all files, byte for byte, unless a table has more than --max-keys keys.
# Files may be compressed by gzip. If there are fewer files than cores, `split -n l/8 FILE` makes
# eight of one that is not compressed.
#
# DIR must not exist. It appears when all is done, and holds:
#
#   insights.ndjson       the insights
#   N-NAME.rejects        what was refused in the Nth file, with the reasons
#   ledgers.ndjson        the ledgers of all stages; that of the merge is the last one
#
# Then a line on stdout counts what became of the records. If a file cannot be read to its end or a
# tool fails, the status is not 0, and there is no DIR.
#
# GNU parallel starts the processes if it is installed, otherwise xargs. The section "Batch" of
# loginpipe(7) says what limits the speed.
#
# Environment: JOBS (by default the number of cores), LOGINCLEAN_OPTS and LOGINAGG_OPTS. The latter
# go to both loginaggs, so a filter belongs in the former.
set -eu -o pipefail

# count_file NUMBER FILE: in a process of its own. After a failure no other file is begun.
# shellcheck disable=SC2086 # the options are separated by spaces
count_file() {
    [ ! -e "$work/failed" ] || return 1
    set -o pipefail
    local rejects="$work/$1-${2##*/}.rejects" ledger="$work/$1.ledger"
    zcat -f < "$2" |
        loginclean ${LOGINCLEAN_OPTS:-} --rejects "$rejects" --stats "$ledger" |
        loginagg ${LOGINAGG_OPTS:-} --partial --every 0 --rejects "$rejects" --stats "$ledger" \
            > "$work/$1.partials" || {
        echo "backfill-parallel.sh: $2 was not counted" | tee "$work/failed" >&2
        return 1
    }
}

if [ $# -lt 2 ] || [ -e "$1" ]; then
    echo 'usage: backfill-parallel.sh DIR FILE..., where DIR does not exist' >&2
    exit 64
fi
dir=${1%/}
shift

export work=$dir.part
export -f count_file
mkdir -- "$work"
trap 'rm -rf -- "$work"' EXIT

jobs=${JOBS:-$(nproc)}
if parallel --version 2> /dev/null | grep -q '^GNU parallel'; then
    run=(parallel -0 -N 2 -q -j "$jobs")
else
    run=(xargs -0 -n 2 -P "$jobs")
fi
n=0
for file; do
    n=$((n + 1))
    printf '%d\0%s\0' "$n" "$file"
done | "${run[@]}" bash -c 'count_file "$@"' count_file

cat "$work"/*.ledger > "$work/ledgers.ndjson"
summary=$(jq -cs '{
    read: map(select(.tool == "loginclean").in) | add,
    filtered: map(.filtered) | add,
    rejected: map(.rejected) | add,
    counted: map(.aggregated) | add,
    by_reason: (reduce (.[].by_reason | to_entries[]) as $r ({}; .[$r.key] += $r.value))
}' "$work/ledgers.ndjson")

# In a file, partials are never late. A refused partial would be a loss.
cat "$work"/*.partials > "$work/partials"
rm "$work"/*.partials "$work"/*.ledger
# shellcheck disable=SC2086
loginagg ${LOGINAGG_OPTS:-} --merge --every 0 --rejects "$work/refused" \
    --stats "$work/ledgers.ndjson" < "$work/partials" > "$work/insights.ndjson"
if [ -s "$work/refused" ]; then
    cat "$work/refused" >&2
    exit 1
fi

rm "$work/partials" "$work/refused"
find "$work" -name '*.rejects' -empty -delete
mv -T -- "$work" "$dir"
echo "$summary"
