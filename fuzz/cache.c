/* The cache of the reviews, beside an empty archive whose fingerprint is always the same. */
#include "corpus.h"
#include "fuzz.h"
#include "imdb_cache.h"
#include "reviews.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *cache = fuzz_file(0, bytes, size), *source = fuzz_file(1, NULL, 0);
    uint64_t fingerprint;
    data_corpus corpus;
    data_error error = { 0 };
    data_cache_state state = DATA_CACHE_NONE;
    FUZZ_CHECK(data_cache_fingerprint(source, &fingerprint, &error) == DATA_OK);
    if (data_cache_read(cache, fingerprint, &corpus, &error) == DATA_OK) {
        data_corpus_free(&corpus);
        FUZZ_CHECK(fuzz_load_reviews(source, cache, &state) == DATA_OK && state == DATA_CACHE_READ);
    } else {
        fuzz_check_refusal(error.text, "");
        FUZZ_CHECK(fuzz_load_reviews(source, cache, &state) != DATA_OK); /* the archive has none either */
    }
    return 0;
}
