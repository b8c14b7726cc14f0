#include "imdb_npz.h"

#include "error.h"
#include "memory.h"
#include "npy.h"
#include "pickle.h"
#include "word_index.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct part {
    data_lists lists;
    uint8_t *labels; // (label_count)
    int32_t label_count;
} part;

typedef struct set {
    const char *path;
    part parts[DATA_PARTS];
    unsigned seen; // members, as bits
    int32_t most;  // highest rank a word may have
    data_error *error;
} set;

enum { MEMBERS = 4 };
static const struct {
    const char *name;
    int part;
    bool labels;
} members[MEMBERS] = {
    { "x_train.npy", DATA_TRAIN, false },
    { "y_train.npy", DATA_TRAIN, true },
    { "x_test.npy", DATA_TEST, false },
    { "y_test.npy", DATA_TEST, true },
};

/* --- members ------------------------------------------------------------------------------------------------------ */

static data_status read_lists(data_member *member, int32_t most, data_lists *lists)
{
    int32_t rows;
    data_status status = data_npy_read_header(member, "|O", &rows);
    if (status == DATA_OK) status = data_pickle_read(member, rows, most, lists);
    if (status == DATA_OK) status = data_member_finish(member);
    if (status != DATA_OK) return status;
    // Room for what did not come is given back before more is allocated.
    void *offsets = lists->offsets;
    const bool trimmed =
        data_numbers_trim(&lists->numbers) && data_trim(&offsets, lists->count + 1, sizeof *lists->offsets);
    lists->offsets = offsets;
    return trimmed ? DATA_OK
                   : data_member_fail_memory(member, data_numbers_count(&lists->numbers) * sizeof *lists->numbers.at);
}

static data_status add_label(data_member *member, int32_t row, size_t *room, part *p)
{
    unsigned char bytes[8];
    const uint64_t offset = data_member_offset(member);
    const data_status status = data_member_read(member, bytes, sizeof bytes, "label");
    if (status != DATA_OK) return status;
    static const unsigned char zeros[7];
    if (bytes[0] > 1 || memcmp(bytes + 1, zeros, sizeof zeros) != 0) {
        uint64_t label = 0;
        for (int i = 0; i < 8; i++) label |= (uint64_t)bytes[i] << 8 * i;
        return data_member_fail(member, offset, "label %ld: expected 0 or 1, got %lld", (long)row, (long long)label);
    }
    void *labels = p->labels;
    const bool grown = data_grow(&labels, room, (size_t)row + 1, 1);
    p->labels = labels;
    if (!grown) return data_member_fail_memory(member, (size_t)row + 1);
    p->labels[row] = bytes[0];
    return DATA_OK;
}

static data_status read_labels(data_member *member, part *p)
{
    size_t room = 0;
    data_status status = data_npy_read_header(member, "<i8", &p->label_count);
    for (int32_t i = 0; i < p->label_count && status == DATA_OK; i++) status = add_label(member, i, &room, p);
    return status == DATA_OK ? data_member_finish(member) : status;
}

static data_status read_member(set *s, data_member *member)
{
    int i = 0;
    while (i < MEMBERS && strcmp(member->name, members[i].name) != 0) i++;
    if (i == MEMBERS) return DATA_OK;
    if (s->seen >> i & 1) return data_member_fail(member, 0, "zip: expected the member once, got it twice");
    s->seen |= 1u << i;
    const data_status status = data_member_check(member);
    if (status != DATA_OK) return status;
    part *p = &s->parts[members[i].part];
    return members[i].labels ? read_labels(member, p) : read_lists(member, s->most, &p->lists);
}

static data_status check_parts(const set *s)
{
    for (int i = 0; i < MEMBERS; i++) {
        if (s->seen >> i & 1) continue;
        return data_fail(s->error, DATA_ERR_FORMAT, s->path, 0, "%s: expected it in the archive, got none",
                         members[i].name);
    }
    for (int p = 0; p < DATA_PARTS; p++) {
        const size_t lists = s->parts[p].lists.count, labels = (size_t)s->parts[p].label_count;
        const char *name = p == DATA_TRAIN ? "train" : "test";
        if (lists == 0)
            return data_fail(s->error, DATA_ERR_FORMAT, s->path, 0, "x_%s: expected reviews, got none", name);
        if (lists == labels) continue;
        return data_fail(s->error, DATA_ERR_FORMAT, s->path, 0,
                         "y_%s: expected a label for each of %zu reviews, got %zu", name, lists, labels);
    }
    return DATA_OK;
}

static data_status read_members(set *s)
{
    data_zip *zip;
    data_member *member;
    data_status status = data_zip_open(s->path, &zip, s->error);
    if (status != DATA_OK) return status;
    do {
        status = data_zip_next(zip, &member);
        if (status == DATA_OK && member) status = read_member(s, member);
    } while (status == DATA_OK && member);
    data_zip_close(zip);
    return status == DATA_OK ? check_parts(s) : status;
}

/* --- the corpus --------------------------------------------------------------------------------------------------- */

static data_status fill_corpus(const set *s, data_corpus *corpus)
{
    int count[DATA_PARTS];
    int64_t words[DATA_PARTS];
    for (int p = 0; p < DATA_PARTS; p++) {
        count[p] = (int)s->parts[p].lists.count;
        words[p] = (int64_t)data_numbers_count(&s->parts[p].lists.numbers);
    }
    const data_status status = data_corpus_allocate(count, words, corpus, s->error);
    for (int p = 0; p < DATA_PARTS && status == DATA_OK; p++) {
        const data_lists *lists = &s->parts[p].lists;
        data_corpus_part *to = &corpus->part[p];
        memcpy(to->offsets, lists->offsets, (lists->count + 1) * sizeof *to->offsets);
        data_numbers_copy(&lists->numbers, to->ranks);
        memcpy(to->labels, s->parts[p].labels, lists->count);
    }
    return status;
}

// The vocabulary that was asked for, or the one that lies beside the archive.
static data_status read_words(const char *path, const char *word_index, data_vocabulary **vocabulary, data_error *error)
{
    static const char name[] = "imdb_word_index.json";
    if (word_index) return data_word_index_read(word_index, vocabulary, error);
    const char *slash = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    char *beside = data_allocate(folder + sizeof name, 1);
    if (!beside) return data_fail_memory(error, path, folder + sizeof name);
    memcpy(beside, path, folder);
    memcpy(beside + folder, name, sizeof name);
    const data_status status = access(beside, F_OK) == 0 ? data_word_index_read(beside, vocabulary, error) : DATA_OK;
    free(beside);
    return status;
}

data_status data_imdb_read_npz(const char *path, const char *word_index, data_corpus *corpus, data_error *error)
{
    set s = { .path = path, .most = DATA_MAX_WORDS, .error = error };
    data_corpus read = { 0 };
    data_vocabulary *vocabulary = NULL;
    data_status status = read_words(path, word_index, &vocabulary, error);
    if (vocabulary) s.most = data_vocabulary_count(vocabulary);
    if (status == DATA_OK) status = read_members(&s);
    if (status == DATA_OK) status = fill_corpus(&s, &read);
    for (int p = 0; p < DATA_PARTS; p++) {
        data_lists_free(&s.parts[p].lists);
        free(s.parts[p].labels);
    }
    if (status == DATA_OK) {
        *corpus = read;
        corpus->vocabulary = vocabulary;
    } else {
        data_vocabulary_destroy(vocabulary);
    }
    return status;
}
