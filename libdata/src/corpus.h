/* Tokenised reviews before any option of encoding: sorted by path, words as ranks. What the cache keeps. */
#ifndef DATA_CORPUS_H
#define DATA_CORPUS_H

#include <kvist/data.h>

enum { DATA_TRAIN, DATA_TEST, DATA_PARTS };

typedef struct data_corpus_part {
    int count;
    int64_t *offsets; // (count + 1)
    int32_t *ranks;   // (offsets[count]) from 1; 0: not in the vocabulary
    uint8_t *labels;  // (count) 1 positive, 0 negative
} data_corpus_part;

typedef struct data_corpus {
    data_corpus_part part[DATA_PARTS];
    void *block; // one allocation behind all arrays of the parts
    size_t block_size;
    data_vocabulary *vocabulary;
} data_corpus;

/* Allocates the block for so many reviews and words and carves it; nothing in it is set. */
data_status data_corpus_allocate(const int count[DATA_PARTS], const int64_t words[DATA_PARTS], data_corpus *corpus,
                                 data_error *error);
/* The bytes that block has; false if they do not fit a size_t. */
bool data_corpus_size(const int count[DATA_PARTS], const int64_t words[DATA_PARTS], size_t *size);
void data_corpus_free(data_corpus *corpus);

/* Collects reviews in any order. */
typedef struct data_corpus_builder data_corpus_builder;
data_corpus_builder *data_corpus_builder_create(data_error *error);
void data_corpus_builder_destroy(data_corpus_builder *builder);
/* Adds a review. `key` is its path from train or test on, as "train/neg/0_3.txt": it names the part and the label, and
   the reviews are sorted by it. */
data_status data_corpus_builder_add(data_corpus_builder *builder, const char *key, const char *text, size_t size,
                                    data_error *error);
/* Sorts, ranks the words of the training reviews and fills *corpus. `path` names the source in errors. */
data_status data_corpus_builder_finish(data_corpus_builder *builder, const char *path, data_corpus *corpus,
                                       data_error *error);

/* The two sources; both add every review they find. */
data_status data_imdb_read_folder(const char *path, data_corpus_builder *builder, data_error *error);
data_status data_imdb_read_archive(const char *path, data_corpus_builder *builder, data_error *error);
/* The generated one. */
data_status data_imdb_generate(int train_count, int test_count, uint64_t seed, data_corpus_builder *builder,
                               data_error *error);

/* Part and label of a key; false if it is not (train|test)/(pos|neg)/<name>.txt. */
bool data_parse_key(const char *key, int *part, int *label);

#endif
