/* plot.h where cairo is not installed. */
#include "plot.h"

#include <stdio.h>

bool plot_available(void)
{
    return false;
}

bool plot_write(const plot_figure *figure, const char *path, char error[PLOT_ERROR])
{
    (void)figure;
    if (error) snprintf(error, PLOT_ERROR, "%.150s: this build has no plots (cairo was not found)", path);
    return false;
}
