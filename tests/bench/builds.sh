# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# builds.sh: this build beside another one. The ratio is the median of those of pairs of runs, one after
# the other. Part of tests/bench/run.
#
# shellcheck disable=SC2016 # backticks are Markdown's

# builds_row TITLE COMMAND
builds_row() {
    local i
    rm -f "$work/pairs"
    for ((i = 0; i < 2 * rounds; i++)); do
        echo "$(timed "$2") $(PATH=$old:$PATH timed "$2")" >>"$work/pairs"
    done
    awk -v title="$1" -v clock="$(awk '{print $3 / $1}' "$work/pairs" | median)" \
        -v cpu="$(awk '{print $4 / $2}' "$work/pairs" | median)" 'BEGIN {
            printf "| %s | %.2f | %.2f |\n", title, clock, cpu
        }'
}

builds() {
    echo '| what | new/old by clock | new/old by CPU |'
    echo '| --- | ---: | ---: |'
    builds_row '`loginclean`' "loginclean <$work/all"
    builds_row '`loginclean -j`, a filter' "loginclean -j '$select' <$work/all"
    builds_row '`loginagg`' "loginagg --every 0 <$work/all"
    builds_row '`kcat-in`' 'kcat-in -e logins'
    make_topic builds
    builds_row '`kcat-out --key`' "kcat-out -t builds --key user_id <$work/all"
    drop_topic builds
    echo
}
