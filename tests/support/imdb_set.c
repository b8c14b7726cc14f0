#include "imdb_set.h"

#include "temp.h"

#include <stdio.h>
#include <string.h>

static const char *const reviews[IMDB_SET_REVIEWS][2] = {
    { "train/pos/2_9.txt", "The film is GOOD." },
    { "test/neg/0_1.txt", "The unseen film: bad" },
    { "train/neg/1_2.txt", "the film<br />bad bad" },
    { "test/pos/0_9.txt", "" },
    { "train/neg/0_3.txt", "Not the best" },
    { "train/pos/0_10.txt", "the film, the good one" },
    { "test/pos/1_8.txt", "good good good good good it" },
    { "test/neg/7_2.txt", "isn't" },
};

void imdb_set_folder(const char *root)
{
    char name[256];
    for (int i = 0; i < IMDB_SET_REVIEWS; i++) {
        snprintf(name, sizeof name, "%s/%s", root, reviews[i][0]);
        temp_write(&temp_here, name, reviews[i][1], strlen(reviews[i][1]));
    }
    snprintf(name, sizeof name, "%s/train/neg/notes.csv", root); // not a review
    temp_write(&temp_here, name, "the the the", 11);
}

void imdb_set_add(tar *t, int first)
{
    char path[256];
    tar_entry(t, "aclImdb/train/pos/", '5', NULL, 0, 0);
    tar_file(t, "aclImdb/README", "words words words");
    tar_file(t, "aclImdb/train/unsup/0_0.txt", "words words words");
    for (int i = 0; i < IMDB_SET_REVIEWS; i++) {
        const char *const *review = reviews[(first + i) % IMDB_SET_REVIEWS];
        snprintf(path, sizeof path, "aclImdb/%s", review[0]);
        tar_file(t, path, review[1]);
    }
}

const char *imdb_set_write(const char *name, tar *t)
{
    const char *path = temp_write_gz(&temp_here, name, t->bytes, t->size);
    tar_free(t);
    return path;
}

const char *imdb_set_archive(const char *name)
{
    tar t = { 0 };
    imdb_set_add(&t, 3);
    tar_end(&t);
    return imdb_set_write(name, &t);
}
