/* Keras' imdb_word_index.json. */
#include "word_index.h"

#include "fuzz.h"
#include "reviews.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *path = fuzz_file(0, bytes, size);
    data_vocabulary *vocabulary = NULL;
    data_error error = { 0 };
    if (data_word_index_read(path, &vocabulary, &error) == DATA_OK) {
        fuzz_accepted++;
        fuzz_check_vocabulary(vocabulary);
        data_vocabulary_destroy(vocabulary);
    } else {
        FUZZ_CHECK(!vocabulary);
        fuzz_check_refusal(error.text, path);
    }
    return 0;
}
