/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pagetrace: a Valgrind tool that says which pages a program touches, and what they hold.
 *
 * Successive accesses to one page become one, a write if any of them writes. An LRU of
 * --pt-resident pages is kept; a page that leaves it has its contents sent, unless they are what
 * was sent last. The program itself reads them, before it goes on, so they are those of that very
 * access. Now and then, and at the end, the contents of all resident pages are sent.
 *
 * Pages of files that were not written to are no swap traffic: they are dropped and read again.
 * They have no number and do not appear.
 *
 * The stream, on descriptor --pt-fd, is a sequence of frames: struct frame, then the arrays that it
 * counts, in that order. pagetrace.py reads it. Bytes are in the order of the machine.
 *
 * Built by build.py against the headers and static libraries that come with Valgrind.
 */
#include "pub_tool_basics.h"
#include "pub_tool_vki.h"
#include "pub_tool_vkiscnums.h"
#include "pub_tool_aspacemgr.h"
#include "pub_tool_libcassert.h"
#include "pub_tool_libcbase.h"
#include "pub_tool_libcfile.h"
#include "pub_tool_libcprint.h"
#include "pub_tool_libcproc.h"
#include "pub_tool_machine.h"
#include "pub_tool_mallocfree.h"
#include "pub_tool_options.h"
#include "pub_tool_tooliface.h"

/* Of the core: moves a descriptor to where the program cannot close it, and closes it on exec. */
extern Int VG_(safe_fd)(Int fd);

#include "pagetrace.h"

/* ---- what is recorded ---- */

/* 64 bits: two contents of one page are taken for equal by accident once in 10^19 times. */
static ULong digest_of(const ULong *words)
{
    ULong digest = 0xCBF29CE484222325ULL;
    for (UInt at = 0; at < PAGE_BYTES / 8; at++) {
        digest = (digest ^ words[at]) * 0x9E3779B97F4A7C15ULL;
        digest ^= digest >> 29;
    }
    return digest;
}

static void add_version(UInt number, UInt what)
{
    versions[frame.versions++] = (struct version){sent_accesses, number, what};
}

/* Send a page's contents, unless they are known or cannot be read. */
static void record_contents(UInt at)
{
    struct page *page = &pages[at];
    Addr address = page->vpn << PAGE_BITS;
    if (page->settled || !VG_(am_is_valid_for_client)(address, PAGE_BYTES, VKI_PROT_READ))
        return;
    ULong digest = digest_of((const ULong *)address);
    if (page->sent && page->digest == digest)
        return;
    make_room();
    VG_(memcpy)(contents[frame.contents], (const void *)address, PAGE_BYTES);
    add_version(page->number, frame.contents++);
    page->sent = True;
    page->digest = digest;
}

static void sweep(void)
{
    for (UInt at = pages[0].older; at != 0; at = pages[at].older)
        record_contents(at);
}

static void make_resident(UInt at)
{
    if (resident == (UInt)most_resident) {
        UInt oldest = pages[0].newer;
        record_contents(oldest);
        list_del(oldest);
        pages[oldest].resident = False;
    } else
        resident++;
    pages[at].resident = True;
}

static ULong current = NO_PAGE; /* the page accessed last, not recorded yet */
static UWord current_written;

static void finish(UInt state);

/* Record the current access: another page is about to be accessed, or nothing any more. */
static void record_current(void)
{
    if (current == NO_PAGE)
        return;
    UInt at = find_or_add(current);
    struct page *page = &pages[at];
    current = NO_PAGE;
    if (page->kind == GONE)
        page->kind = kind_of(page->vpn);
    if (page->kind == FILE_CLEAN) {
        if (!current_written)
            return;
        page->kind = FILE_WRITTEN;
    }
    make_room();
    if (page->number == NO_NUMBER) {
        page->number = numbers++;
        new_pages[frame.pages++] = page->vpn << 4 | page->kind;
    }
    if (page->resident)
        list_del(at);
    else
        make_resident(at);
    list_add(at);
    page->settled = False;
    make_room();
    accesses[frame.accesses++] = page->number | (current_written ? WRITTEN : 0);
    if (++sent_accesses == next_sweep) {
        next_sweep += next_sweep < most_sweep ? next_sweep : most_sweep;
        sweep();
    }
    if (limit_raw != 0 && frame.raw >= (ULong)limit_raw) {
        finish(LIMIT);
        VG_(exit)(0);
    }
}

static inline void touch(ULong vpn, UWord write)
{
    if (LIKELY(vpn == current)) {
        current_written |= write;
        return;
    }
    record_current();
    current = vpn;
    current_written = write;
}

static void finish(UInt state)
{
    record_current();
    sweep();
    send_frame(state);
}

/* A page was given back; used again, it is another one of the same number. */
static void forget(UInt at)
{
    struct page *page = &pages[at];
    if (page->resident) {
        list_del(at);
        resident--;
    }
    if (page->kind != GONE && page->number != NO_NUMBER) {
        make_room();
        add_version(page->number, FREED);
    }
    page->kind = GONE;
    page->resident = page->sent = page->settled = False;
}

/* The program gave the pages in [address, address + bytes) back. */
static void on_die(Addr address, SizeT bytes)
{
    ULong first = (address + PAGE_BYTES - 1) >> PAGE_BITS, end = (address + bytes) >> PAGE_BITS;
    ULong last_accessed = current;
    if (!recording || end <= first)
        return;
    if (end - first > known_pages) {
        for (UInt at = 1; at < known_pages; at++)
            if (pages[at].vpn >= first && pages[at].vpn < end && pages[at].vpn != current)
                forget(at);
    } else
        for (ULong vpn = first; vpn < end; vpn++)
            if (find(vpn) != 0 && vpn != current)
                forget(find(vpn));
    /* Only now, as recording an access may ask for the contents of the others. */
    if (last_accessed >= first && last_accessed < end) {
        record_current();
        forget(find(last_accessed));
    }
}

/* A mapping put over another one takes its place. */
static void on_mmap(Addr address, SizeT bytes, Bool r, Bool w, Bool x, ULong handle)
{
    on_die(address, bytes);
}

/* ---- system calls ---- */

static Bool is_kernels(CorePart part) { return part == Vg_CoreSysCall || part == Vg_CoreSignal; }

static void touch_range(Addr address, SizeT bytes, UWord write)
{
    frame.raw++;
    for (ULong vpn = address >> PAGE_BITS; vpn <= (address + bytes - 1) >> PAGE_BITS; vpn++)
        if (VG_(am_is_valid_for_client)((Addr)(vpn << PAGE_BITS), 1, VKI_PROT_READ))
            touch(vpn, write);
}

static void on_kernel_read(CorePart part, ThreadId t, const HChar *s, Addr address, SizeT bytes)
{
    if (recording && is_kernels(part) && bytes > 0)
        touch_range(address, bytes, 0);
}

static void on_kernel_read_text(CorePart part, ThreadId t, const HChar *s, Addr address)
{
    if (!recording || !is_kernels(part))
        return;
    Addr end = address;
    do {
        if (!VG_(am_is_valid_for_client)(end, 1, VKI_PROT_READ))
            return;
        touch(end >> PAGE_BITS, 0);
        while (*(const HChar *)end != 0 && (end + 1) % PAGE_BYTES != 0)
            end++;
    } while (*(const HChar *)end++ != 0);
    frame.raw++;
}

/* What the kernel writes is there before the pages are touched, below. If one of them is evicted
   in between, what it holds now is what counts. */
static void settle(UInt at)
{
    if (pages[at].resident && pages[at].vpn != current) {
        record_contents(at);
        pages[at].settled = True;
    }
}

static void on_kernel_will_write(CorePart part, ThreadId t, const HChar *s, Addr address,
                                 SizeT bytes)
{
    if (!recording || !is_kernels(part) || bytes == 0)
        return;
    ULong first = address >> PAGE_BITS, last = (address + bytes - 1) >> PAGE_BITS;
    if (last - first + 1 >= (ULong)most_resident)
        record_current(); /* or it could be evicted before it is touched again */
    if (last - first < resident) {
        for (ULong vpn = first; vpn <= last; vpn++)
            settle(find(vpn));
    } else
        for (UInt at = pages[0].older; at != 0; at = pages[at].older)
            if (pages[at].vpn >= first && pages[at].vpn <= last)
                settle(at);
}

static void on_kernel_wrote(CorePart part, ThreadId t, Addr address, SizeT bytes)
{
    if (recording && is_kernels(part) && bytes > 0)
        touch_range(address, bytes, 1);
}

static void before_syscall(ThreadId t, UInt number, UWord *arguments, UInt count)
{
    if (frame.accesses >= MOST_ACCESSES / 16)
        send_frame(MORE); /* the program may wait now, and be killed */
    if (recording && (number == __NR_execve || number == __NR_execveat))
        finish(EXECS); /* if it succeeds, nothing of this process is left */
}

static void after_syscall(ThreadId t, UInt number, UWord *arguments, UInt count, SysRes result)
{
    enum { DONTNEED = 4, FREE = 8, REMOVE = 9, DONTNEED_LOCKED = 24 };
    if (number != __NR_madvise || sr_isError(result))
        return;
    UWord advice = arguments[2];
    if (advice == DONTNEED || advice == FREE || advice == REMOVE || advice == DONTNEED_LOCKED)
        on_die(arguments[0], (arguments[1] + PAGE_BYTES - 1) & ~(UWord)(PAGE_BYTES - 1));
}

static void in_parent(ThreadId t) { frame.forks++; }

static void in_child(ThreadId t)
{
    recording = False;
    VG_(close)(stream_fd);
}

/* ---- instrumentation ---- */

static VG_REGPARM(2) void on_access(Addr address, UWord bytes_and_write)
{
    if (UNLIKELY(!recording))
        return;
    ULong last = (address + (bytes_and_write >> 1) - 1) >> PAGE_BITS;
    frame.raw++;
    touch(address >> PAGE_BITS, bytes_and_write & 1);
    if (UNLIKELY(last != address >> PAGE_BITS))
        touch(last, bytes_and_write & 1);
}

static void add_access(IRSB *out, IRExpr *address, Int bytes, Bool write, IRExpr *guard)
{
    IRDirty *call =
        unsafeIRDirty_0_N(2, "on_access", VG_(fnptr_to_fnentry)(on_access),
                          mkIRExprVec_2(address, mkIRExpr_HWord((UWord)bytes << 1 | write)));
    if (guard != NULL)
        call->guard = guard;
    addStmtToIRSB(out, IRStmt_Dirty(call));
}

/* Add the accesses that a statement makes, before it. */
static void add_accesses_of(IRSB *out, const IRStmt *statement)
{
    const IRTypeEnv *types = out->tyenv;
    switch (statement->tag) {
    case Ist_WrTmp: {
        const IRExpr *value = statement->Ist.WrTmp.data;
        if (value->tag == Iex_Load)
            add_access(out, value->Iex.Load.addr, sizeofIRType(value->Iex.Load.ty), False, NULL);
        break;
    }
    case Ist_Store: {
        IRType type = typeOfIRExpr(types, statement->Ist.Store.data);
        add_access(out, statement->Ist.Store.addr, sizeofIRType(type), True, NULL);
        break;
    }
    case Ist_LoadG: {
        const IRLoadG *load = statement->Ist.LoadG.details;
        IRType wide, type;
        typeOfIRLoadGOp(load->cvt, &wide, &type);
        add_access(out, load->addr, sizeofIRType(type), False, load->guard);
        break;
    }
    case Ist_StoreG: {
        const IRStoreG *store = statement->Ist.StoreG.details;
        IRType type = typeOfIRExpr(types, store->data);
        add_access(out, store->addr, sizeofIRType(type), True, store->guard);
        break;
    }
    case Ist_CAS: {
        const IRCAS *cas = statement->Ist.CAS.details;
        Int bytes = sizeofIRType(typeOfIRExpr(types, cas->dataLo));
        add_access(out, cas->addr, cas->dataHi == NULL ? bytes : 2 * bytes, True, NULL);
        break;
    }
    case Ist_LLSC: {
        const IRExpr *data = statement->Ist.LLSC.storedata;
        IRType type = data == NULL ? typeOfIRTemp(types, statement->Ist.LLSC.result)
                                   : typeOfIRExpr(types, data);
        add_access(out, statement->Ist.LLSC.addr, sizeofIRType(type), data != NULL, NULL);
        break;
    }
    case Ist_Dirty: {
        const IRDirty *call = statement->Ist.Dirty.details;
        if (call->mFx != Ifx_None && call->mSize > 0)
            add_access(out, call->mAddr, call->mSize, call->mFx != Ifx_Read, call->guard);
        break;
    }
    default:
        break;
    }
}

static IRSB *instrument(VgCallbackClosure *closure, IRSB *in, const VexGuestLayout *layout,
                        const VexGuestExtents *extents, const VexArchInfo *arch, IRType guest_word,
                        IRType host_word)
{
    IRSB *out = deepCopyIRSBExceptStmts(in);
    Bool begun = False; /* what comes before the first instruction is Valgrind's own */
    for (Int at = 0; at < in->stmts_used; at++) {
        IRStmt *statement = in->stmts[at];
        begun = begun || statement->tag == Ist_IMark;
        if (begun)
            add_accesses_of(out, statement);
        addStmtToIRSB(out, statement);
    }
    return out;
}

/* ---- the tool ---- */

static void after_options(void)
{
    if (stream_fd < 0 || most_resident < 2) {
        VG_(umsg)("pagetrace needs --pt-fd, and --pt-resident of 2 or more\n");
        VG_(exit)(1);
    }
    stream_fd = VG_(safe_fd)(stream_fd);
    pages = VG_(calloc)("pagetrace.pages", room_pages, sizeof *pages);
    places = VG_(calloc)("pagetrace.places", 1u << places_bits, sizeof *places);
    VG_(atfork)(NULL, in_parent, in_child);
    send_frame(MORE); /* says that the program is about to run */
}

static void at_end(Int status)
{
    if (recording)
        finish(ENDED);
}

static Bool take_option(const HChar *option)
{
    if VG_INT_CLO (option, "--pt-fd", stream_fd) {}
    else if VG_INT_CLO (option, "--pt-resident", most_resident) {}
    else if VG_INT_CLO (option, "--pt-limit", limit_raw) {}
    else return False;
    return True;
}

static void print_options(void)
{
    VG_(printf)("    --pt-fd=<number>        descriptor to write to\n"
                "    --pt-resident=<pages>   pages of the LRU [64]\n"
                "    --pt-limit=<accesses>   loads and stores to stop after [none]\n");
}

static void print_debug_options(void) {}

static void before_options(void)
{
    VG_(details_name)("pagetrace");
    VG_(details_version)(NULL);
    VG_(details_description)("page accesses and page contents");
    VG_(details_copyright_author)("part of zswapsim, GPL-2.0-only.");
    VG_(details_bug_reports_to)("zswapsim");
    VG_(basic_tool_funcs)(after_options, instrument, at_end);
    VG_(needs_command_line_options)(take_option, print_options, print_debug_options);
    VG_(needs_syscall_wrapper)(before_syscall, after_syscall);
    VG_(track_pre_mem_read)(on_kernel_read);
    VG_(track_pre_mem_read_asciiz)(on_kernel_read_text);
    VG_(track_pre_mem_write)(on_kernel_will_write);
    VG_(track_post_mem_write)(on_kernel_wrote);
    VG_(track_new_mem_mmap)(on_mmap);
    VG_(track_die_mem_munmap)(on_die);
    VG_(track_die_mem_brk)(on_die);
}

VG_DETERMINE_INTERFACE_VERSION(before_options)
