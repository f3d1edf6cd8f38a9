#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean: bounds of memory and of allocations.

load helpers
load loginclean

@test "loginclean allocates no memory per record" {
    skip_with_sanitizers
    {
        cat good
        sed 's/"device_type":[^,}]*/"device_type":null/; s/"ip"/"i\\u0070"/' good
        sed 's/"timestamp":/"x":"\\ud800","timestamp":/' good
        sed 's/"ip": *"[^"]*"/"ip":"x"/' good
    } >kinds
    for copies in 100 10000; do
        yes "$(<kinds)" | head -n $((copies * 8)) >in
        FAULTS_COUNT=count.$copies with_faults count-malloc \
            loginclean --canonical --datetime --infer --rejects - <in >out
        assert_eq "$(wc -l <out)" $((copies * 8))
    done
    echo "$(<count.100) allocations, $(<count.10000) for a hundred times as many records"
    [ "$(<count.100)" -gt 0 ]
    [ $(($(<count.10000) - $(<count.100))) -lt 40 ]
}

@test "memory does not grow with the number of records" {
    skip_with_sanitizers
    limit_memory 60
    many 500000 | loginclean --datetime --rejects - >out
    assert_eq "$(wc -l <out)" 500000
    many 50000 | loginclean -j '.locale |= ascii_downcase' >out
    assert_eq "$(wc -l <out)" 50000
    rm out
}

@test "memory does not grow with the length of a line" {
    skip_with_sanitizers
    limit_memory 150
    { head -c 400M /dev/zero && echo && cat good; } | loginclean --rejects rejects >out
    cmp good out
    assert_eq "$(jq .length rejects)" $((400 << 20))
}

@test "when memory runs out loginclean exits with 75 and a message" {
    skip_with_sanitizers
    head -c 60M /dev/zero >in
    run -75 bash -c 'ulimit -v 60000; loginclean --max-line 1G <in'
    assert_match "$output" '^loginclean: .*memory'
}
