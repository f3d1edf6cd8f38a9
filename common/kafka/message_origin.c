// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/message_origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void add_headers(struct message_origin *mo, rd_kafka_headers_t *headers)
{
    size_t count = rd_kafka_header_cnt(headers);

    if (count > mo->header_size) {
        mo->header = xreallocarray(mo->header, count, sizeof *mo->header);
        mo->header_size = count;
    }
    for (size_t i = 0; i < count; i++) {
        struct origin_header *header = &mo->header[i];
        const void *value = NULL;
        rd_kafka_header_get_all(headers, i, &header->name, &value, &header->value_len);
        header->name_len = strlen(header->name);
        header->value = value;
    }
    mo->origin.header = mo->header;
    mo->origin.header_count = count;
}

static void complete(struct origin *origin)
{
    struct message_origin *mo = (struct message_origin *)origin; // its first member
    rd_kafka_timestamp_type_t type;
    rd_kafka_headers_t *headers;

    origin->ts = rd_kafka_message_timestamp(mo->message, &type);
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
        origin->time_type = ORIGIN_APPENDED;
    else if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME)
        origin->time_type = ORIGIN_CREATED;
    origin->key = mo->message->key;
    origin->key_len = mo->message->key_len;
    if (rd_kafka_message_headers(mo->message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        add_headers(mo, headers);
    origin->known = true;
}

struct origin *message_origin_set(struct message_origin *mo, const rd_kafka_message_t *message,
                                  const char *topic)
{
    mo->message = message;
    mo->origin = (struct origin){.topic = topic,
                                 .topic_len = strlen(topic),
                                 .partition = message->partition,
                                 .offset = message->offset,
                                 .tombstone = message->payload == NULL,
                                 .complete = complete};
    return &mo->origin;
}

void message_origin_release(struct message_origin *mo)
{
    free(mo->header);
    mo->header = NULL;
    mo->header_size = 0;
}
