// SPDX-License-Identifier: BSD-2-Clause
//
// block: memory for large tables that are read at random places.
//
// A processor remembers where only a few thousand pages of memory are. For a table of many pages of
// 4 KiB it must look up nearly every page that it reads. So a block of BLOCK_LARGE bytes or more
// begins at a multiple of that size, and the kernel is asked to use pages of 2 MiB for it (see
// MADV_HUGEPAGE in madvise(2)). Where it cannot, the block works as well, only slower. Smaller
// blocks come from malloc(3). A block that is resized is probably filled from its beginning to its
// end, so its last huge page may be nearly empty. Such a block gets huge pages only from eight
// times BLOCK_LARGE on.
//
// The caller remembers the size of a block and gives it back. If there is no memory, the process
// ends (xalloc.h).
//
//     uint64_t *slot = block_new(size);
//     slot = block_resize(slot, size, 2 * size);
//     block_free(slot, 2 * size);
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stddef.h>

#define BLOCK_LARGE ((size_t)2 << 20) // bytes; a huge page of most processors

// Returns a block whose bytes are 0. The size may be 0.
void *block_new(size_t size);

// Changes the size of a block, as realloc(3) does. The new bytes of a larger block have any values.
// A large block is not copied, so that it never exists twice. `block` may be NULL if its size is 0.
void *block_resize(void *block, size_t size, size_t new_size);

// Frees a block. `block` may be NULL if its size is 0.
void block_free(void *block, size_t size);

#endif
