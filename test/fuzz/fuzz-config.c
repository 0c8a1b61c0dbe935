/* A config in JSON: parsed, checked against the table, completed, and what came out read into the model; the same as a
 * configuration of the host. Then the same bytes as a log of Nix, which may quote whatever a config holds. */
#include "config/check.h"
#include "config/host_config.h"
#include "config/host_containers.h"
#include "config/nix.h"
#include "config/spec.h"
#include "config/table.h"

#include <stdlib.h>
#include <string.h>

static void fuzz_json(const char *text, const json_t *table) {
        json_t *written = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL), *config = NULL, *spec;
        struct container c = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        if (written && config_check(written, text, "fuzz.json", "fuzz", table, &config, &e) >= 0) {
                spec = json_pack("{s:i, s:o}", "version", SPEC_VERSION, "config", config);
                (void) spec_to_container(spec, "fuzz", &c, &e);
                json_decref(spec);
        }
        container_clear(&c);
        error_clear(&e);
        json_decref(written);
}

static void fuzz_host(const char *text, const json_t *table) {
        json_t *written = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL), *config = NULL, *host;
        struct host_containers all = HOST_CONTAINERS_INIT;
        json_t *option = NULL, *spec;
        struct nat n = NAT_INIT;

        /* What was checked, and what a damaged file may say. */
        if (written && config_check(written, text, "fuzz.json", "host", table, &config, NULL) < 0)
                config = json_incref(written);
        host = json_pack("{s:o*}", "config", config);
        (void) host_nat_read(host, &n, NULL, NULL);
        nat_clear(&n);
        free(host_networkmanager_file(host));
        (void) host_containers_read(host, &all, &option, NULL);
        json_decref(option);
        for (size_t i = 0; i < all.n; i++)
                if (all.list[i].config && host_container_spec(&all.list[i], "fuzz.json", &spec, NULL) >= 0)
                        json_decref(spec);
        host_containers_clear(&all);
        json_decref(host);
        json_decref(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static json_t *table, *host_table;
        struct error e = ERROR_INIT;
        char *text = malloc(size + 1);

        if (!table)
                table = table_load();
        if (!host_table)
                host_table = table_load_host();
        if (!text || !table || !host_table)
                abort();
        memcpy(text, data, size);
        text[size] = '\0';
        fuzz_json(text, table);
        fuzz_host(text, host_table);
        if (nix_error(text, "/fuzz.nix", "fuzz.nix", "/portable", table, &e) >= 0)
                abort();
        error_clear(&e);
        free(text);
        return 0;
}
