// SPDX-License-Identifier: BSD-2-Clause
//
// page: shows what a model holds, as one HTML page that needs nothing else: no script, no other
// file, no network.
//
//     struct buf b = BUF_INIT;
//     page_put(&b, &model, &(struct page_options){.title = "Logins"});
//     write(STDOUT_FILENO, b.data, b.len);
//     buf_release(&b);
//
// The parts of the page are in files of their own: page_head.c, page_time.c and so on, in the order
// in which they stand on the page. page_style.c has its style sheet. All values from the data pass
// through view/html.h.
#ifndef VIEW_PAGE_H
#define VIEW_PAGE_H

#include "base/buf.h"
#include "view/model.h"

struct page_options {
    const char *title;  // valid UTF-8
    const char *window; // the name of the series to show ("1h"); NULL: model_series() chooses
};

// Appends the page.
void page_put(struct buf *b, struct model *m, const struct page_options *options);

#endif
