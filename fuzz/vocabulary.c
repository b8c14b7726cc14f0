/* The vocabulary's text that a saved model carries, and texts encoded by it. */
#include "fuzz.h"
#include "reviews.h"

#include <string.h>

enum { LENGTH = 6, MOST = 64 };

static void encode(const data_vocabulary *vocabulary, const char *text, size_t size, const data_encoding *encoding)
{
    int32_t indices[MOST], row[LENGTH];
    const int32_t end = data_vocabulary_count(vocabulary) + DATA_INDEX_FROM + 1;
    const size_t count = data_encode(vocabulary, encoding, text, size, indices, MOST);
    FUZZ_CHECK(count >= 1 && count <= size + 1);
    FUZZ_CHECK(data_encode(vocabulary, encoding, text, size, NULL, 0) == count);
    for (size_t i = 0; i < count && i < MOST; i++) FUZZ_CHECK(indices[i] > 0 && indices[i] < end);
    FUZZ_CHECK(data_imdb_encode(vocabulary, encoding, text, size, row) == DATA_OK);
    for (int i = 0; i < LENGTH; i++) FUZZ_CHECK(row[i] >= 0 && row[i] < end);
}

/* The words end at the first byte 255, if there is one; the text is all of it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    const uint8_t *end = size > 0 ? memchr(bytes, 255, size) : NULL;
    data_error error = { 0 };
    data_vocabulary *vocabulary = data_vocabulary_parse(text, end ? (size_t)(end - bytes) : size, &error);
    if (!vocabulary) {
        fuzz_check_refusal(error.text, "vocabulary");
        return 0;
    }
    fuzz_accepted++;
    fuzz_check_vocabulary(vocabulary);
    encode(vocabulary, text, size, &(data_encoding){ .words = DATA_ALL_WORDS, .length = LENGTH });
    encode(vocabulary, text, size,
           &(data_encoding){ .words = 5, .skip_top = 2, .length = LENGTH, .truncate_post = true });
    data_vocabulary_destroy(vocabulary);
    return 0;
}
