# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# scaling.sh: time and memory with ten and a hundred times as many records. The memory of all stages but
# loginagg is constant; that of loginagg is linear in the keys. Part of tests/bench/run.
#
# shellcheck disable=SC2016 # backticks are Markdown's

memory_rows=() # "SMALL LARGE TITLE", in MiB

# feed TIMES RECORDS: the first records of the large file, or all of them several times.
feed() {
    local i
    if [ "$1" -eq 1 ]; then
        head -n "$2" "$work/large"
    else
        for ((i = 0; i < $1; i++)); do cat "$work/large"; done
    fi
}

scaling_cell() {
    awk '{printf " %s s, %s MiB |", $1, $2}' <<<"$1"
}

# filter_row TITLE COMMAND...: with a tenth of the large file, with all of it, and with ten times that.
filter_row() {
    local title=$1 small large huge
    shift
    small=$(feed 1 $((large_records / 10)) | peak "$@") &&
        large=$(feed 1 "$large_records" | peak "$@") && huge=$(feed 10 | peak "$@") || return 0
    echo "| $title |$(scaling_cell "$small")$(scaling_cell "$large")$(scaling_cell "$huge")"
    keep_memory "$title" "${small#* }" "${huge#* }"
}

# topic_row TITLE SMALL LARGE: figures that were measured already, with two sizes.
topic_row() {
    [ -n "$2" ] && [ -n "$3" ] || return 0
    echo "| $1 |$(scaling_cell "$2")$(scaling_cell "$3") |"
    keep_memory "$1" "${2#* }" "${3#* }"
}

# keep_memory TITLE SMALL LARGE: for the goals. The memory of loginagg depends on the keys, not on the records.
keep_memory() {
    case $1 in *loginagg*) return 0 ;; esac
    memory_rows+=("$2 $3 $1")
}

through_kafka() {
    local topic size written=() read=()
    for size in $((large_records / 10)) "$large_records"; do
        topic=scale-$((++topics))
        make_topic "$topic"
        written+=("$(feed 1 "$size" | peak kcat-out -t "$topic" --key user_id)")
        read+=("$(peak kcat-in -e "$topic")")
        drop_topic "$topic"
    done
    topic_row '`kcat-in`' "${read[@]}"
    topic_row '`kcat-out --key`' "${written[@]}"
}

# Memory for each distinct pair of a user and an address.
memory_per_pair() {
    local millions line
    for millions in 1 4; do
        # "1000000 distinct pairs: 87.8 bytes each at the peak"
        line=$("$here/memory" "${millions}000000" 2>"$work/stderr") || {
            failed "failed: memory ${millions}000000"
            return
        }
        line=${line#*: }
        measured[pair-$millions]=${line%% *}
    done
    printf '`loginagg` needs %.0f bytes for each pair of a user and an address with 1 million pairs, ' \
        "${measured[pair-1]}"
    printf '%.0f with 4 million.\n\n' "${measured[pair-4]}"
}

scaling() {
    local size
    logingen -n "$large_records" >"$work/large"
    echo -n '| time and most memory with'
    for size in $((large_records / 10)) "$large_records" $((10 * large_records)); do
        awk -v n="$size" 'BEGIN {printf " | %g million", n / 1e6}'
    done
    echo ' records |'
    echo '| --- | ---: | ---: | ---: |'
    # What comes ten times is not late.
    filter_row '`loginclean`' loginclean
    filter_row '`loginagg`' loginagg --every 0 --lateness 2h
    through_kafka
    echo
    memory_per_pair
    rm -f "$work/large"
}
