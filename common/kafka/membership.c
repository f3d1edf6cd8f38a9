// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/membership.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"

char *membership_text(rd_kafka_t *consumer)
{
    rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(consumer);
    struct buf text = BUF_INIT;
    void *bytes;
    size_t size;

    if (member == NULL)
        return NULL;
    rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(member, &bytes, &size);
    rd_kafka_consumer_group_metadata_destroy(member);
    if (error != NULL) {
        log_warn("membership: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return NULL;
    }
    buf_put_base64(&text, bytes, size);
    rd_kafka_mem_free(NULL, bytes);
    char *base64 = xstrndup(text.data, text.len);
    buf_release(&text);
    return base64;
}

rd_kafka_consumer_group_metadata_t *membership_read(const char *text)
{
    rd_kafka_consumer_group_metadata_t *member = NULL;
    struct buf bytes = BUF_INIT;

    if (buf_put_decoded(&bytes, text, strlen(text)) == 0 && bytes.len > 0) {
        rd_kafka_error_t *error =
            rd_kafka_consumer_group_metadata_read(&member, bytes.data, bytes.len);
        if (error != NULL) {
            log_debug("membership: %s", rd_kafka_error_string(error));
            rd_kafka_error_destroy(error);
        }
    }
    buf_release(&bytes);
    return member;
}
