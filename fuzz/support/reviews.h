/* Reviews that were accepted, walked through. */
#ifndef KVIST_FUZZ_REVIEWS_H
#define KVIST_FUZZ_REVIEWS_H

#include <kvist/data.h>

/*
 * Loads reviews; of a refusal checks the message and that the destination stays, of a success everything the header
 * promises, and frees it.
 */
data_status fuzz_load_reviews(const char *path, const char *cache, data_cache_state *state);

/* Every word is found again under its index, and the text of all of them gives the same vocabulary. */
void fuzz_check_vocabulary(const data_vocabulary *vocabulary);

#endif
