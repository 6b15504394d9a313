/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream that pagetrace sends, and the pages that it knows: a growing table, of which some are
 * on an LRU list. Included once, by pagetrace.c, after Valgrind's own headers.
 */
#define PAGE_BITS 12
#define PAGE_BYTES (1u << PAGE_BITS)
#define WRITTEN (1u << 31)
#define FREED 0xFFFFFFFFu
#define NO_NUMBER 0xFFFFFFFFu
#define NO_PAGE (~0ULL)

/* ---- the stream ---- */

#define MAGIC 0x31545A50u /* "PZT1" */
#define MOST_ACCESSES (1u << 16)
#define MOST_PAGES (1u << 12)
#define MOST_VERSIONS (1u << 12)
#define MOST_CONTENTS (1u << 7)

enum { MORE = 0, ENDED = 1, EXECS = 2, LIMIT = 3 };

struct version {
    ULong at;   /* accesses sent before */
    UInt page;
    UInt what;  /* place among the frame's contents, or FREED */
};

static struct frame {
    UInt magic;
    UInt state; /* ENDED and LIMIT: the last frame. EXECS: the last one unless exec fails */
    UInt accesses, pages, versions, contents;
    UInt forks; /* so far, and so is raw: loads, stores, and ranges of system calls */
    UInt unused;
    ULong raw;
} frame = {.magic = MAGIC};

static UInt accesses[MOST_ACCESSES];      /* number, and WRITTEN */
static ULong new_pages[MOST_PAGES];       /* address >> PAGE_BITS << 4 | kind, of the next number */
static struct version versions[MOST_VERSIONS];
static UChar contents[MOST_CONTENTS][PAGE_BYTES];

static Int stream_fd = -1;
static Bool recording = True;             /* not in children, and not when nobody reads */
static ULong sent_accesses;               /* in all */

static void send(const void *data, SizeT bytes)
{
    const UChar *from = data;
    while (recording && bytes > 0) {
        Int done = VG_(write)(stream_fd, from, bytes < (1 << 20) ? bytes : 1 << 20);
        if (done <= 0)
            recording = False;
        else {
            from += done;
            bytes -= done;
        }
    }
}

static void send_frame(UInt state)
{
    frame.state = state;
    send(&frame, sizeof frame);
    send(accesses, frame.accesses * sizeof accesses[0]);
    send(new_pages, frame.pages * sizeof new_pages[0]);
    send(versions, frame.versions * sizeof versions[0]);
    send(contents, (SizeT)frame.contents * PAGE_BYTES);
    frame.accesses = frame.pages = frame.versions = frame.contents = 0;
}

/* Make room for one of each. */
static inline void make_room(void)
{
    if (UNLIKELY(frame.accesses == MOST_ACCESSES || frame.pages == MOST_PAGES ||
                 frame.versions == MOST_VERSIONS || frame.contents == MOST_CONTENTS))
        send_frame(MORE);
}

/* ---- pages ---- */

enum { ANON = 0, HEAP = 1, STACK = 2, FILE_WRITTEN = 3, FILE_CLEAN = 4, OTHER = 5, GONE = 6 };

struct page {
    ULong vpn;          /* address >> PAGE_BITS */
    ULong digest;       /* of the contents sent last */
    UInt newer, older;  /* the LRU's list; page 0 is its head */
    UInt number;        /* in the stream, or NO_NUMBER */
    UChar kind;
    Bool resident;
    Bool sent;          /* digest is valid */
    Bool settled;       /* contents sent last are those up to the next access, whatever is there */
};

static struct page *pages;
static UInt *places;        /* hash of vpn -> place in pages, 0 for none; open addressing */
static UInt known_pages = 1, room_pages = 1u << 14, places_bits = 16;
static UInt numbers, resident;

static Int most_resident = 64;
static Long limit_raw;      /* 0: none */
static ULong next_sweep = 1024, most_sweep = 1u << 22;

static inline UInt *place_of(ULong vpn)
{
    UInt mask = (1u << places_bits) - 1;
    UInt hash = (UInt)((vpn * 0x9E3779B97F4A7C15ULL) >> (64 - places_bits));
    while (places[hash] != 0 && pages[places[hash]].vpn != vpn)
        hash = (hash + 1) & mask;
    return &places[hash];
}

static void grow_places(void)
{
    VG_(free)(places);
    places_bits++;
    places = VG_(calloc)("pagetrace.places", 1u << places_bits, sizeof *places);
    for (UInt at = 1; at < known_pages; at++)
        *place_of(pages[at].vpn) = at;
}

static inline UInt find(ULong vpn) { return *place_of(vpn); }

static UInt find_or_add(ULong vpn)
{
    UInt *place = place_of(vpn);
    if (LIKELY(*place != 0))
        return *place;
    if (known_pages == room_pages) {
        room_pages *= 2;
        pages = VG_(realloc)("pagetrace.pages", pages, (SizeT)room_pages * sizeof *pages);
    }
    UInt at = known_pages++;
    pages[at] = (struct page){.vpn = vpn, .number = NO_NUMBER, .kind = GONE};
    *place = at;
    if (known_pages > 1u << (places_bits - 1))
        grow_places();
    return at;
}

static inline void list_del(UInt at)
{
    pages[pages[at].newer].older = pages[at].older;
    pages[pages[at].older].newer = pages[at].newer;
}

static inline void list_add(UInt at)
{
    pages[at].newer = 0;
    pages[at].older = pages[0].older;
    pages[pages[0].older].newer = at;
    pages[0].older = at;
}

static UChar kind_of(ULong vpn)
{
    Addr address = vpn << PAGE_BITS;
    const NSegment *segment = VG_(am_find_nsegment)(address);
    if (segment == NULL)
        return OTHER;
    if (segment->kind == SkFileC)
        return FILE_CLEAN; /* until it is written to */
    if (segment->kind == SkShmC)
        return ANON;
    if (segment->kind != SkAnonC)
        return OTHER;
    if (segment->isCH)
        return HEAP;
    /* The main thread's stack lies below here on 64-bit machines. */
    return address >= 0x1f00000000ULL && address < 0x2000000000ULL ? STACK : ANON;
}
