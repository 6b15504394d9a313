/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program without a library, to be dumped. At 0x100000000 it maps 48 pages and writes to the first
 * 32: word 16 * j of page i is (i + 1) * 1000 + j. With MANY it has 70,000 mappings more.
 */
static long call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

void _start(void)
{
	char *m = (char *)call(9, 0x100000000L, 4096L * 48, 3, 0x32, -1, 0); /* mmap */

	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 64; j++)
			*(int *)(m + i * 4096 + j * 64) = (i + 1) * 1000 + j;
#ifdef MANY
	/* Each page a mapping of its own, by another protection; none of them to be dumped. */
	char *x = (char *)call(9, 0x200000000L, 4096L * 70000, 0, 0x32, -1, 0);

	call(28, (long)x, 4096L * 70000, 16, 0, 0, 0); /* madvise MADV_DONTDUMP */
	for (long i = 0; i < 70000; i += 2)
		call(10, (long)x + 4096 * i, 4096, 1, 0, 0, 0); /* mprotect */
#endif
	for (;;)
		call(34, 0, 0, 0, 0, 0, 0); /* pause */
}
