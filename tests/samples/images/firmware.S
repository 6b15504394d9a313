/* SPDX-License-Identifier: GPL-2.0-only */
/* 64 KiB of firmware that turns paging on, physical 0..4M at virtual 0 and at 4M, and halts. */
.code16
.org 0xe000
start:
	cli
	lgdtl	%cs:gdtr
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $0xfffff000
.org 0xe800
	.quad	0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdtr:	.word	23
	.long	0xffffe800
.org 0xf000
.code32
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	movl	$0x00000083, 0x1000	/* the page directory, of pages of 4 MiB */
	movl	$0x00000083, 0x1004
	movl	$0xffc00083, 0x1ffc
	mov	$0x1000, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x10, %eax
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
1:	hlt
	jmp	1b
.org 0xfff0
.code16
	jmp	start
.org 0xffff
	.byte	0
