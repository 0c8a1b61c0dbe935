/* Whatever a conf of nixos-container says: what is read is written again byte for byte, a changed key has its new value
 * and no other, and what becomes of it as a container is taken or refused. */
#include "config/conf.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static void change(struct conf *c) {
        static const char value[] = " \"$x\\ 'y'";
        _cleanup_(conf_clear) struct conf again = CONF_INIT;
        _cleanup_(freep) char *text = NULL;
        size_t others = 0, others_again = 0;

        for (size_t i = 0; i < c->n; i++)
                others += c->lines[i].key && strcmp(c->lines[i].key, "HOST_PORT") != 0;
        assert(conf_set(c, "HOST_PORT", value) == 0);
        text = conf_text(c);
        assert(text && conf_parse(text, "conf", &again, NULL) == 0);
        assert(strcmp(conf_get(&again, "HOST_PORT"), value) == 0);
        for (size_t i = 0; i < again.n; i++)
                others_again += again.lines[i].key && strcmp(again.lines[i].key, "HOST_PORT") != 0;
        assert(others == others_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = strndup((const char *) data, size), *written = NULL;
        _cleanup_(container_clear) struct container container = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(freep) struct prefix *addresses = NULL;
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        size_t n;

        if (!text || conf_parse(text, "conf", &c, &e) < 0)
                return 0;
        written = conf_text(&c);
        assert(written && strcmp(written, text) == 0);
        (void) conf_to_container(&c, "foo", "conf", &container, &e);
        assert(conf_addresses(&c, &addresses, &n) == 0);
        change(&c);
        return 0;
}
