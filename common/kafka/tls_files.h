// SPDX-License-Identifier: BSD-2-Clause
//
// tls_files: says what is wrong with a file of certificates or keys that librdkafka cannot use. Its
// own message is one of OpenSSL's, such as "ssl.key.location failed: error:0A080009:SSL
// routines::PEM lib", and names neither the file nor the cause.
//
//     if (rd_kafka_new(type, conf, why, sizeof why) == NULL && tls_files_explain(conf, why, &err))
//         ...
#ifndef KAFKA_TLS_FILES_H
#define KAFKA_TLS_FILES_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"

// Returns whether `why` is about a file that the settings in conf name, with the setting, the file
// and the cause in *err, and EX_CONFIG.
bool tls_files_explain(const rd_kafka_conf_t *conf, const char *why, struct err *err);

#endif
