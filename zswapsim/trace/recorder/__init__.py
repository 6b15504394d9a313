# SPDX-License-Identifier: GPL-2.0-only
"""Recording a program: its accesses and its pages' contents, by running it under Valgrind.

Read in this order: frames (what a back end delivers), record (the loop), running (the process),
valgrind and build (what is installed), pagetrace (our own Valgrind tool, pagetrace.c) and lackey
(Valgrind's own); native is the time that a program takes by itself.
"""
