/* The inside of a vocabulary: its words, number i having rank i + 1. */
#ifndef DATA_VOCABULARY_H
#define DATA_VOCABULARY_H

#include "words.h"

#include <kvist/data.h>

struct data_vocabulary {
    data_words words;
};

#endif
