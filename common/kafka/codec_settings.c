// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/codec_settings.h"

void codec_settings_apply(const struct config_options *config, struct codec_options *o)
{
    struct http_settings *http = &o->registry.http;

    o->registry.url = o->url != NULL ? o->url : config_value(config, "schema.registry.url");
    o->registry.wait = config->wait;
    http->accept = "application/vnd.schemaregistry.v1+json, application/json";
    http->content = "application/vnd.schemaregistry.v1+json";
    http->login = config_value(config, "schema.registry.basic.auth.user.info");
    http->ca = config_value(config, "schema.registry.ssl.ca.location");
    http->certificate = config_value(config, "schema.registry.ssl.certificate.location");
    http->key = config_value(config, "schema.registry.ssl.key.location");
    http->key_password = config_value(config, "schema.registry.ssl.key.password");
    http->stopping = config->stopping;
}
