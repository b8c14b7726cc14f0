/* JSON as it stands in model files, and numbers as text: what is read is what was written. */
#include "files/json.h"

#include "files/text.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_string(const nn_json *json)
{
    char *text = malloc(json->size + 1);
    FUZZ_CHECK(text);
    if (!nn_json_string(json, text)) FUZZ_CHECK(strlen(text) < json->size && nn_is_utf8(text, strlen(text)));
    free(text);
}

/* All members, and those of what is in them. */
static void walk(const nn_json *json, int depth)
{
    nn_json_walk at;
    nn_error error = { 0 };
    int64_t number;
    fuzz_accepted++;
    const bool object = json->size > 0 && json->text[0] == '{';
    nn_status status = nn_json_begin(&at, json, object, &error);
    for (; status == NN_OK && at.more; status = nn_json_next(&at, &error)) {
        if (object) check_string(&at.key);
        FUZZ_CHECK(at.value.text >= json->text && at.value.text + at.value.size <= json->text + json->size);
        if (at.value.text[0] == '{' || at.value.text[0] == '[') {
            FUZZ_CHECK(depth < NN_JSON_MAX_DEPTH);
            walk(&at.value, depth + 1);
        }
        check_string(&at.value);
        (void)nn_json_number(&at.value, &number);
    }
    if (status != NN_OK) fuzz_check_refusal(error.text, "input");
}

static void check_numbers(const uint8_t *bytes, size_t size)
{
    char text[64];
    uint64_t bits = 0;
    double real;
    if (size >= sizeof text) return;
    if (size > 0) memcpy(text, bytes, size);
    text[size] = '\0';
    if (nn_u64_parse(text, &bits)) FUZZ_CHECK(strcmp(nn_u64_format(bits).text, text) == 0);
    if (nn_real_parse(text, &real)) FUZZ_CHECK(isfinite(real) && strcmp(nn_real_format(real).text, text) == 0);
    if (size < sizeof bits) return;
    memcpy(&bits, bytes, sizeof bits);
    memcpy(&real, bytes, sizeof real);
    uint64_t read_bits = 0;
    double read_real = 0.0;
    FUZZ_CHECK(nn_u64_parse(nn_u64_format(bits).text, &read_bits) && read_bits == bits);
    if (!isfinite(real)) return;
    FUZZ_CHECK(nn_real_parse(nn_real_format(real).text, &read_real) && memcmp(&read_real, &real, sizeof real) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const nn_json json = { "input", "text", (const char *)bytes, size, 0 };
    nn_error error = { 0 };
    check_numbers(bytes, size);
    if (nn_json_check(&json, NN_JSON_MAX_DEPTH, &error) == NN_OK)
        walk(&json, 1);
    else
        fuzz_check_refusal(error.text, "input");
    return 0;
}
