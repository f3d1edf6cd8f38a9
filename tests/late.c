// SPDX-License-Identifier: BSD-2-Clause
//
// late: put before librdkafka's calls with LD_PRELOAD, it makes the first one that asks for the
// membership in a group wait $LATE seconds. The program then takes an assignment while its group is
// already being shared anew.
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

rd_kafka_consumer_group_metadata_t *rd_kafka_consumer_group_metadata(rd_kafka_t *rk)
{
    static atomic_flag waited = ATOMIC_FLAG_INIT;
    rd_kafka_consumer_group_metadata_t *(*next)(rd_kafka_t *);

    if (!atomic_flag_test_and_set(&waited))
        for (unsigned left = (unsigned)atoi(getenv("LATE")); left > 0;) // signals interrupt a sleep
            left = sleep(left);
    *(void **)&next = dlsym(RTLD_NEXT, "rd_kafka_consumer_group_metadata");
    return next(rk);
}
