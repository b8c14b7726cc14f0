/* What the writers of pictures have in common. */
#ifndef DATA_PICTURE_H
#define DATA_PICTURE_H

#include <kvist/data.h>

/* 1 to DATA_PICTURE_MAX pixels either way, 1 or 3 channels. */
data_status data_check_picture(int width, int height, int channels, data_error *error);

#endif
